"""The Polars expressions alone, on data that are already in memory; `--near-blocks` averages pain near both blocks only."""

from __future__ import annotations

import sys
import time

from polars_review import as_enum, core_figures, read_tables
from stopwatch import Stopwatch, folder_and_output


def main() -> None:
    folder, output = folder_and_output()
    logs, plans, pauses = read_tables(folder)
    logs = as_enum(logs, plans).rechunk()
    watch = Stopwatch()
    seconds = []
    for _ in range(3):
        since = time.perf_counter()
        figures = core_figures(logs, plans, pauses, daily="--near-blocks" not in sys.argv)
        seconds.append(time.perf_counter() - since)
    figures.write_parquet(output)
    watch.laps = {"panel and measures": min(seconds)}
    watch.report()


if __name__ == "__main__":
    main()
