"""Small files for the tests of the door."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from hipanalytics.importers import DoorReport, read_logs

TODAY = dt.date(2026, 11, 22)
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def logs_from(
    folder: Path, content: str | bytes, name: str = "logs.csv", **how: object,
) -> tuple[pd.DataFrame, DoorReport]:
    """What the door makes of a file with this content, read on 22 November 2026."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_logs(path, today=TODAY, **how)  # type: ignore[arg-type]


def found(report: DoorReport) -> list[tuple[int, str, str, str, str]]:
    """Every problem: row, column, value, problem, effect."""
    columns = ["row", "column", "value", "problem", "effect"]
    return list(report.problems[columns].itertuples(index=False, name=None))
