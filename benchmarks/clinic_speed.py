"""How fast is a clinic beside pandas.read_csv of the same file, and does it stay so?

    python benchmarks/clinic_speed.py                 import, a further import, open and review, 200 weekly imports
    python benchmarks/clinic_speed.py --large         10,000 rows into a clinic of 11 million
    python benchmarks/clinic_speed.py --memory        20 million rows: peak memory of the import
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from fresh_process import run_fresh

HERE = Path(__file__).parent
MILLION = 1_000_000


def seconds(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def best(step: Callable[[], object], repeats: int = 3) -> float:
    return min(seconds(step) for _ in range(repeats))


def write_export(folder: Path, rows: int) -> pa.Table:
    """Session logs of about so many rows, in time order."""
    run_fresh([sys.executable, HERE / "session_export.py", folder, str(rows)])
    return pq.read_table(folder / "logs.parquet")


def write_csv(table: pa.Table, path: Path) -> Path:
    pc.write_csv(table, path, pc.WriteOptions(quoting_style="needed"))
    return path


def further_rows(table: pa.Table, rows: int) -> pa.Table:
    """A week's rows of patients who are in the clinic: the last rows of the export, some days later."""
    last = table.slice(len(table) - rows)
    moved = pa.compute.add(last["performed_at"], pa.scalar(7 * 86_400_000_000, pa.duration("us")))
    return last.set_column(1, "performed_at", moved)


def told(what: str, took: float, beside: str = "", peer: float = 0.0, wanted: str = "") -> None:
    ratio = f"  {took / peer:5.1f} times {beside} ({peer:.2f} s)" if peer else ""
    print(f"{what:58} {took:7.2f} s{ratio}  {'wanted: ' + wanted if wanted else ''}", flush=True)


def measure_import(folder: Path) -> None:
    from hipanalytics import open_clinic, read_logs

    table = write_export(folder / "export", MILLION)
    logs = write_csv(table, folder / "logs.csv")
    week = write_csv(further_rows(table, 10_000), folder / "week.csv")
    peer = best(lambda: pd.read_csv(logs))
    single = best(lambda: pd.read_csv(logs, low_memory=False, dtype=str))
    told(f"pandas.read_csv of {len(table):,} rows, every column as text", single)
    told("read and check alone", best(lambda: read_logs(logs), 2), "pandas.read_csv", peer)
    with open_clinic(folder / "clinic") as clinic:
        took = seconds(lambda: clinic.import_logs(logs))
        told(f"import of {len(table):,} CSV rows", took, "pandas.read_csv", peer, "15 times")
        told("  the same", took, "pandas.read_csv as text", single)
        told("first reading after it", seconds(clinic.cohort))
        told("10,000 rows more", seconds(lambda: clinic.import_logs(week)), wanted="0.5 s")
        told("the reading after that", seconds(clinic.cohort))
        told("a reading without change", best(clinic.cohort))


def measure_review(folder: Path) -> None:
    from hipanalytics import open_clinic

    table = write_export(folder / "export", 500 * 255)
    parts = []
    for place in range(4):  # 500 patients with 1,000 rows each
        moved = pa.compute.add(table["performed_at"], pa.scalar(place * 3_600_000_000, pa.duration("us")))
        parts.append(table.set_column(1, "performed_at", moved))
    logs = pa.concat_tables(parts)
    with open_clinic(folder / "clinic") as clinic:
        clinic.import_logs(write_csv(logs, folder / "logs.csv"))
        clinic.review()

    def open_and_review() -> None:
        with open_clinic(folder / "clinic") as clinic:
            clinic.review()

    told(f"open and review 500 patients, {len(logs):,} rows, warm", best(open_and_review), wanted="1.5 s")


def measure_weekly(folder: Path, weeks: int = 200) -> None:
    """The same rows in one import and in 200: how much slower is the reading?"""
    from hipanalytics import open_clinic

    table = write_export(folder / "export", 200_000)
    with open_clinic(folder / "once") as once:
        once.import_logs(write_csv(table, folder / "all.csv"))
        once.cohort()
        peer = best(once.cohort, 5)
    with open_clinic(folder / "weekly") as weekly:
        step = len(table) // weeks
        for week in range(weeks):
            overlap = max(0, week * step - step // 2)
            weekly.import_logs(write_csv(table.slice(overlap, (week + 1) * step - overlap), folder / f"{week}.csv"))
            if week % 10 == 0:
                weekly.cohort()
        first = seconds(weekly.cohort)
        told("the reading after 200 overlapping imports, first", first)
        told("the reading after 200 overlapping imports", best(weekly.cohort, 5), "of one import", peer)


def measure_large(folder: Path) -> None:
    from hipanalytics import open_clinic

    table = write_export(folder / "export", 11 * MILLION)
    week = write_csv(further_rows(table, 10_000), folder / "week.csv")
    with open_clinic(folder / "clinic") as clinic:
        told(f"import of {len(table):,} rows (Parquet)",
             seconds(lambda: clinic.import_logs(folder / "export" / "logs.parquet")))
        told("first reading after it", seconds(clinic.cohort))
        told("10,000 rows more", seconds(lambda: clinic.import_logs(week)), wanted="3 s")
        told("the reading after that", seconds(clinic.cohort))
        told("review", seconds(clinic.review))


def measure_memory(folder: Path) -> None:
    table = write_export(folder / "export", 10 * MILLION)
    logs = folder / "logs.csv"
    again = table.set_column(1, "performed_at", pa.compute.add(
        table["performed_at"], pa.scalar(4 * 3_600_000_000, pa.duration("us"))))
    write_csv(pa.concat_tables([table, again]), logs)
    rows = 2 * len(table)
    del table, again
    run = run_fresh([Path(sys.executable).with_name("hipanalytics"), "import", logs, "--clinic", folder / "clinic"])
    print(f"import of {rows:,} rows, {logs.stat().st_size / 1e9:.2f} GB of CSV: {run.wall_s:.0f} s, "
          f"peak memory {run.peak_mb:,.0f} MB  wanted: under 2,000 MB")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--large", action="store_true")
    options.add_argument("--memory", action="store_true")
    asked = options.parse_args()
    steps = [measure_large] if asked.large else [measure_memory] if asked.memory else [
        measure_import, measure_review, measure_weekly]
    for step in steps:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["XDG_CONFIG_HOME"] = folder
            step(Path(folder))


if __name__ == "__main__":
    main()
