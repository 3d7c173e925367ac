"""What clinicians decided, as the tables that every analysis takes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.json
from sqlalchemy import Connection

from hipanalytics.clinic.decisions.programme_starts import ASSUMED_START, first_logged_days
from hipanalytics.clinic.decisions.standing import Decision, current
from hipanalytics.tables import TABLES

_KIND_OF: Final = {"plans": "plan", "pauses": "pause", "patients": "patient", "red_flags": "red_flag"}
_KEYS: Final = ("patient_id", "valid_from")
_ARROW: Final = {"int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_(), "datetime64[ns]": pa.timestamp("us")}


def decided_tables(connection: Connection, patient_ids: Sequence[str] | None = None) -> dict[str, pd.DataFrame]:
    """What holds now of plans, prescriptions, pauses, patients and red flags?

    Missing: as in the files; a patient of whom nothing is known but the log is not among the patients.
    Parameters: patient_ids: only these patients.
    Returns: the tables of `hipanalytics.tables` but the logs, by name, each sorted by patient; plans by day, too.
    """
    tables = {}
    for name, kind in _KIND_OF.items():
        found = sorted(current(connection, kind, patient_ids), key=lambda each: (each.patient_id, each.item))
        content = _content(name, found)
        tables[name] = _frame(name, content)
        if name == "patients":
            tables[name] = _with_assumed_starts(connection, tables[name], found)
        if name == "plans":
            tables["prescriptions"] = _frame("prescriptions", _prescribed(content))
    return tables


def _with_assumed_starts(connection: Connection, patients: pd.DataFrame, found: Sequence[Decision]) -> pd.DataFrame:
    """Where the programme start was assumed, it is the first logged day, whatever has been imported or undone since."""
    assumed = [each.patient_id for each in found if each.reason == ASSUMED_START]
    if not assumed:
        return patients
    days = first_logged_days(connection, assumed)
    starts = patients["patient_id"].map({each: days.get(each) for each in assumed}).astype("datetime64[us]")
    return patients.assign(programme_start=patients["programme_start"].where(
        ~patients["patient_id"].isin(assumed), starts))


def _content(name: str, found: Sequence[Decision]) -> pa.Table:
    """What these decisions say, in columns. Their JSON is read all at once: a hundred thousand are common."""
    fields = _fields(name)
    if name == "plans":
        fields["exercises"] = pa.list_(pa.struct(
            [(each, kind) for each, kind in _fields("prescriptions").items() if each not in _KEYS]))
    schema = pa.schema(list(fields.items()))
    if not found:
        return schema.empty_table()
    lines = "\n".join(each.content for each in found).encode()
    content = pyarrow.json.read_json(
        io.BytesIO(lines), read_options=pyarrow.json.ReadOptions(block_size=len(lines) + 1),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"))
    ids = pa.array([each.patient_id for each in found], pa.string())
    return content.set_column(content.schema.get_field_index("patient_id"), "patient_id", ids)


def _prescribed(plans: pa.Table) -> pa.Table:
    """The exercises of the plans, one row for each."""
    exercises = plans["exercises"].combine_chunks()
    plan_of = exercises.value_parent_indices()
    flat = exercises.flatten()
    doses = {each: flat.field(each) for each in _fields("prescriptions") if each not in _KEYS}
    return pa.table({**{key: plans[key].take(plan_of) for key in _KEYS}, **doses})


def _frame(name: str, content: pa.Table) -> pd.DataFrame:
    return pd.DataFrame({each: _column(content[each]) for each in _fields(name)})


def _column(column: pa.ChunkedArray) -> Any:
    if pa.types.is_string(column.type):
        return pd.array(column.to_numpy(), dtype="str")
    return np.asarray(column)


def _fields(name: str) -> dict[str, Any]:
    columns = TABLES[name].to_schema().columns
    return {each: _ARROW.get(str(column.dtype), pa.string()) for each, column in columns.items()}
