"""Rows that are right in every cell and still cannot be true: ends before starts, two plans for one day."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from hipanalytics.importers.faults import Fault

VERSION_COLUMNS = ["sessions_per_week", "valid_to", "new_episode"]

_ENDS = {"plans": ("valid_from", "valid_to"), "pauses": ("start", "end")}
_END_FIRST = Fault("lies before its start", "the day of the start, or later", "Correct the start or the end.")
_TWO_PLANS = Fault(
    "is the start of two plans that differ", "one plan from a day on",
    "Keep the plan that holds, and take the other out.")
_TWO_PATIENTS = Fault("is listed twice with different values", "one row per patient", "Keep the row that is right.")


@dataclass(frozen=True)
class Conflict:
    """Rows (by their place in the file) that cannot be true together, and the column that shows it."""

    column: str
    fault: Fault
    places: pd.Index


def conflicts_in(frame: pd.DataFrame, table: str) -> list[Conflict]:
    """Which accepted rows of a table contradict themselves or each other?"""
    found = []
    if table in _ENDS:
        start, end = _ENDS[table]
        wrong = frame[end] < frame[start]
        found.append(Conflict(end, _END_FIRST, frame.index[wrong]))
        frame = frame[~wrong]
    if table == "plans":
        found.append(Conflict(
            "valid_from", _TWO_PLANS, _differing(frame, ["patient_id", "valid_from"], VERSION_COLUMNS)))
    if table == "patients":
        others = [name for name in frame.columns if name != "patient_id"]
        found.append(Conflict("patient_id", _TWO_PATIENTS, _differing(frame, ["patient_id"], others)))
    return [conflict for conflict in found if len(conflict.places)]


def _differing(frame: pd.DataFrame, keys: list[str], values: list[str]) -> pd.Index:
    distinct = frame[[*keys, *values]].drop_duplicates()
    clashing = distinct[distinct.duplicated(keys, keep=False)][keys].drop_duplicates()
    marked = frame[keys].merge(clashing.assign(clashes=True), how="left", on=keys)["clashes"]
    return frame.index[marked.notna().to_numpy()]
