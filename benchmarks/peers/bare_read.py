"""The bare read: the columns of the logs that the review needs, with pyarrow, and nothing else."""

from __future__ import annotations

import pyarrow.parquet as pq
from stopwatch import Stopwatch, folder_and_output, report

COLUMNS = ["patient_id", "performed_at", "exercise", "done", "pain", "pain_during", "pain_after"]


def main() -> None:
    folder, _ = folder_and_output()
    watch = Stopwatch()
    with pq.ParquetFile(folder / "logs.parquet", read_dictionary=["patient_id", "exercise"]) as file:
        file.read(columns=COLUMNS)
    watch.lap("read")
    report(watch.laps)


if __name__ == "__main__":
    main()
