"""The Polars expressions alone, on data that are already in memory.

With `--near-blocks`, daily pain is averaged only where the blocks and the trend need it.
"""

from __future__ import annotations

import sys

from polars_review import as_enum, core_figures, read_tables
from stopwatch import best_of_three, folder_and_output, report


def main() -> None:
    folder, output = folder_and_output()
    logs, plans, pauses = read_tables(folder)
    logs = as_enum(logs, plans).rechunk()
    daily = "--near-blocks" not in sys.argv
    figures, laps = best_of_three(lambda: (core_figures(logs, plans, pauses, daily=daily), {}))
    figures.write_parquet(output)
    report(laps)


if __name__ == "__main__":
    main()
