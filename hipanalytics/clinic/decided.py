"""What clinicians decided, as the tables that every analysis takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from hipanalytics.clinic.standing import current
from hipanalytics.tables import TABLES

_KIND_OF: Final = {"plans": "plan", "pauses": "pause", "patients": "patient", "red_flags": "red_flag"}
_SORTED_BY: Final = {"plans": "valid_from", "pauses": "start", "patients": "patient_id", "red_flags": "answered_on"}

Rows = list[dict[str, Any]]


def decided_tables(connection: Connection, patient_ids: Sequence[str] | None = None) -> dict[str, pd.DataFrame]:
    """What holds now of plans, prescriptions, pauses, patients and red flags?

    Missing: as in the files; a patient of whom nothing is known but the log is not among the patients.
    Parameters: patient_ids: only these patients.
    Returns: the tables of `hipanalytics.tables` but the logs, by name, each sorted by patient and day.
    """
    rows = {table: _rows(connection, kind, _SORTED_BY[table], patient_ids) for table, kind in _KIND_OF.items()}
    rows["prescriptions"] = [
        {"patient_id": plan["patient_id"], "valid_from": plan["valid_from"], **prescribed}
        for plan in rows["plans"] for prescribed in plan["exercises"]]
    return {table: _table(table, content) for table, content in rows.items()}


def _rows(connection: Connection, kind: str, day: str, patient_ids: Sequence[str] | None) -> Rows:
    found = current(connection, kind, patient_ids)
    contents = json.loads(f"[{','.join(each.content for each in found)}]")
    rows = [{"patient_id": each.patient_id, **content} for each, content in zip(found, contents, strict=True)]
    return sorted(rows, key=lambda row: (row["patient_id"], row[day]))


def _table(name: str, rows: Rows) -> pd.DataFrame:
    columns = TABLES[name].to_schema().columns
    return pd.DataFrame({each: _column([row.get(each) for row in rows], str(column.dtype))
                         for each, column in columns.items()})


def _column(values: list[Any], dtype: str) -> Any:
    if dtype.startswith("datetime64"):
        return np.array([value or "NaT" for value in values], "datetime64[us]")
    return pd.array(values, dtype="str") if dtype.startswith("str") else np.array(values, dtype)
