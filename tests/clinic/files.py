"""Files as patients' apps would export them, from plain rows; and a clinic's log as plain rows again."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clinic.plain_clinic import COLUMNS, Row
from hipanalytics.clinic.clinic import Clinic
from hipanalytics.errors import ClinicError

TODAY = dt.date(2026, 3, 31)


def write_rows(path: Path, rows: list[Row], names: Iterable[str] = ()) -> Path:
    """A CSV file of these rows; `names`: columns that it has even where they are empty throughout."""
    wanted = ["patient_id", "performed_at", *names, *(name for row in rows for name in row)]
    columns = list(dict.fromkeys(wanted))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_text(row.get(name)) for name in columns] for row in rows)
    return path


def write_lines(path: Path, lines: str) -> Path:
    """A CSV file of `patient_id,performed_at,exercise,pain` as drawn, a row on each line."""
    rows = [",".join(word.strip() for word in line.split("|")) for line in lines.strip().splitlines()]
    path.write_text("\n".join(["patient_id,performed_at,exercise,pain", *rows, ""]), encoding="utf-8")
    return path


def log_rows(clinic: Clinic, patients: list[str] | None = None) -> list[tuple[Any, ...]]:
    """What stands in the clinic, sorted, as `PlainClinic.rows` says it."""
    return sorted((said for _, _, said in sourced_rows(clinic, patients)), key=repr)


def sourced_rows(clinic: Clinic, patients: list[str] | None = None) -> list[tuple[str, int, tuple[Any, ...]]]:
    """File, row number and content of all that stands."""
    return rows_of_table(clinic.cohort(patients).logs)


def rows_of_table(logs: pd.DataFrame) -> list[tuple[str, int, tuple[Any, ...]]]:
    columns = [[_plain(value) for value in logs[name]] if name in logs else [None] * len(logs) for name in COLUMNS]
    return [(file, int(row), said) for file, row, said in zip(
        logs["file"].astype(str), logs["row"], zip(*columns, strict=True), strict=True)]


def drawn(clinic: Clinic) -> list[str]:
    """The current log, readable: patient, moment, exercise, pain, and where it is to be found."""
    logs = clinic.cohort().logs
    return sorted(
        f"{row.patient_id} {row.performed_at:%m-%d} {row.exercise} {row.pain:g} ({row.file} {row.row})"
        for row in logs.itertuples())


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if isinstance(value, np.generic) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)


def sentence_of(step: Callable[[], object]) -> str:
    """What a step that cannot be taken says."""
    with pytest.raises(ClinicError) as caught:
        step()
    said = str(caught.value)
    assert said.endswith(".")
    assert "Traceback" not in said
    assert "sqlalchemy" not in said.lower()
    return said
