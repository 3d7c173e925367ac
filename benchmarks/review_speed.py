"""How fast is the review beside the bare read, and beside the same core figures written by hand in its peers?

    python benchmarks/review_speed.py                 0.1, 1 and 11 million log rows, in time order and by patient
    python benchmarks/review_speed.py --rows 0.1 1    the small ones
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fresh_process import Run, run_fresh

HERE = Path(__file__).parent
PEERS = HERE / "peers"
PYTHON = Path(sys.executable)
MILLION = 1_000_000

BARE, OURS, POLARS, DUCKDB, PANDAS = "bare read", "hipanalytics review", "Polars", "DuckDB", "pandas groupby"
PANEL_OURS, PANEL_POLARS, PANEL_NEAR = "hipanalytics", "Polars", "Polars, only the pain that the blocks need"
PANEL, CPU = "panel and measures", "cpu"
"""Names in what the peers print."""
STAGE = re.compile(r"(\S.*?) (\d+\.\d\d) s(?:  |$)")


@dataclass(frozen=True)
class Export:
    """One export to review, and where."""

    folder: Path
    million_rows: float
    order: str

    @property
    def title(self) -> str:
        return f"{self.million_rows:.2f} million log rows, {self.order}"


@dataclass(frozen=True)
class Results:
    export: Export
    whole: dict[str, Run]
    """Per contender, as a whole process."""
    in_memory: dict[str, dict[str, float]]
    """Per contender, seconds of its steps on data that are already in memory."""


def write_exports(folder: Path, sizes: list[float], orders: list[str]) -> Iterator[Export]:
    for size in sizes:
        for order in orders:
            place = folder / f"{size:g}-{order.replace(' ', '-')}"
            place.mkdir()
            sorted_so = ["--by-patient"] if order == "by patient" else []
            said = run_fresh([PYTHON, HERE / "session_export.py", place, str(round(size * MILLION)), *sorted_so]).said
            yield Export(place, int(said) / MILLION, order)


def commands(export: Export) -> dict[str, list[str | Path]]:
    """Each contender as a whole process, from Parquet to Parquet."""
    def peer(script: str) -> list[str | Path]:
        return [PYTHON, PEERS / script, export.folder, table_of(export, script)]

    folder = export.folder
    ours: list[str | Path] = [
        PYTHON.with_name("hipanalytics"), "review", folder / "logs.parquet", "--plans", folder / "plans.parquet",
        "--pauses", folder / "pauses.parquet", "--output", table_of(export, "ours"), "--timings"]
    return {BARE: peer("bare_read.py"), OURS: ours, POLARS: peer("polars_review.py"),
            DUCKDB: peer("duckdb_review.py"), PANDAS: peer("pandas_review.py")}


def table_of(export: Export, contender: str) -> Path:
    return export.folder / f"table-{contender.removesuffix('.py')}.parquet"


def measure(export: Export, repeats: int) -> Results:
    """The best of several runs of each, in turn, so that a busy moment of the machine is shared; figures compared."""
    whole: dict[str, Run] = {}
    for _ in range(repeats):
        for name, command in commands(export).items():
            run = run_fresh(command)
            whole[name] = min(whole.get(name, run), run, key=lambda each: each.wall_s)
    for script in ("polars_review", "duckdb_review", "pandas_review"):
        check_same(table_of(export, "ours"), table_of(export, script))
    return Results(export, whole, measure_in_memory(export))


def measure_in_memory(export: Export) -> dict[str, dict[str, float]]:
    ours, polars, near = (table_of(export, name) for name in ("panel_ours", "panel_polars", "panel_near"))
    steps = {
        PANEL_OURS: run_fresh([PYTHON, PEERS / "panel_ours.py", export.folder, ours]),
        PANEL_POLARS: run_fresh([PYTHON, PEERS / "panel_polars.py", export.folder, polars]),
        PANEL_NEAR: run_fresh([PYTHON, PEERS / "panel_polars.py", export.folder, near, "--near-blocks"]),
    }
    check_same(ours, polars)
    check_same(ours, near)
    return {name: peer_stages(run) for name, run in steps.items()}


def check_same(ours: Path, theirs: Path) -> None:
    """Equal figures within 1e-9, or the benchmark ends here. A process of its own keeps this one small."""
    run_fresh([PYTHON, PEERS / "same_figures.py", ours, theirs])


def peer_stages(run: Run) -> dict[str, float]:
    return {str(name): float(seconds) for name, seconds in json.loads(run.said.splitlines()[-1]).items()}


def our_stages(run: Run) -> dict[str, float]:
    """From the line that `--timings` prints."""
    line = next(line for line in run.said.splitlines() if STAGE.match(line) and "measures" in line)
    return {name: float(seconds) for name, seconds in STAGE.findall(line)}


def print_results(results: Results) -> None:
    print(f"\n{results.export.title}: whole processes")
    print(f"  {'':<22}{'wall s':>8}{'cpu s':>8}{'peak MB':>9}{'x bare':>8}   stages, s")
    bare = results.whole[BARE]
    for name, run in results.whole.items():
        stages = our_stages(run) if name == OURS else peer_stages(run)
        print(f"  {name:<22}{run.wall_s:>8.2f}{run.cpu_s:>8.2f}{run.peak_mb:>9.0f}{run.wall_s / bare.wall_s:>8.1f}   "
              + ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in stages.items()))
    print(f"  {'panel and core measures alone, in memory':<45}{'wall s':>8}{'cpu s':>8}   best of three")
    for name, steps in results.in_memory.items():
        inner = ", ".join(f"{step} {seconds:.2f}" for step, seconds in steps.items() if step not in (PANEL, CPU))
        print(f"  {name:<45}{steps[PANEL]:>8.2f}{steps[CPU]:>8.2f}   {inner}".rstrip())


def print_targets(all_results: list[Results]) -> None:
    print("\nTargets, at the largest size")
    largest = max(each.export.million_rows for each in all_results)
    for results in all_results:
        if results.export.million_rows == largest:
            print_target(f"panel and measures at most half of Polars, {results.export.order}",
                         results.in_memory[PANEL_OURS][PANEL] / results.in_memory[PANEL_POLARS][PANEL], 0.5)
            print_target(f"whole command no slower than Polars, {results.export.order}",
                         results.whole[OURS].wall_s / results.whole[POLARS].wall_s, 1.0)
    for order in dict.fromkeys(each.export.order for each in all_results):
        print_growth([each for each in all_results if each.export.order == order])


def print_growth(by_size: list[Results]) -> None:
    """Linear: a further row costs about the same at every size (within a half; start-up cancels out).

    Time is that of all cores, which other work on the machine disturbs least.
    """
    if len(by_size) < 3:
        print(f"  growth, {by_size[0].export.order}: needs three sizes")
        return
    for what, field in (("cpu time", "cpu_s"), ("memory", "peak_mb")):
        rows = [each.export.million_rows for each in by_size]
        cost = [float(getattr(each.whole[OURS], field)) for each in by_size]
        early, late = ((cost[at + 1] - cost[at]) / (rows[at + 1] - rows[at]) for at in (0, len(rows) - 2))
        words = (f"{what} linear in the rows, {by_size[0].export.order}: {late:.2f} per further million at the "
                 f"largest size, {early:.2f} at the smallest")
        if min(early, late) > 0:
            print_target(words, late / early, 1.5)
        else:
            print(f"  unclear: too noisy or too small to tell  {words}")


def print_target(words: str, ratio: float, limit: float) -> None:
    print(f"  {'met   ' if ratio <= limit else 'MISSED'}  {ratio:.2f} (target {limit:g})  {words}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=float, nargs="+", default=[0.1, 1, 11], help="millions of log rows")
    options.add_argument("--order", nargs="+", default=["in time order", "by patient"],
                         choices=["in time order", "by patient"], help="how the rows of the export are sorted")
    options.add_argument("--repeats", type=int, default=3, help="runs of each whole process; the best counts")
    asked = options.parse_args()
    all_results = []
    with tempfile.TemporaryDirectory() as folder:
        for export in write_exports(Path(folder), sorted(asked.rows), asked.order):
            all_results.append(measure(export, asked.repeats))
            print_results(all_results[-1])
    print_targets(all_results)


if __name__ == "__main__":
    main()
