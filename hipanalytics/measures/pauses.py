"""Days on which nothing is due."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hipanalytics.measures.days import NEVER, Days, Mask, to_days


def merge_pauses(pauses: pd.DataFrame, patient_ids: pd.Index) -> pd.DataFrame:
    """Which stretches of days was each patient excused?

    Rule: pauses that overlap or touch are one; both ends belong to the pause.
    Missing: a pause without an end is still open.
    Parameters: pauses: patient_id, start, end. patient_ids: the patients of interest, in order.
    Returns: patient (position in patient_ids), first, last (day numbers), sorted, without overlap.
    """
    stretches = pd.DataFrame({
        "patient": patient_ids.get_indexer(pd.Index(pauses["patient_id"])),
        "first": to_days(pauses["start"]),
        "last": to_days(pauses["end"]),
    })
    stretches = stretches[stretches["patient"] >= 0].sort_values(["patient", "first"], ignore_index=True)
    by_patient = stretches.groupby("patient")
    ends_so_far = by_patient["last"].cummax()
    previous_end = ends_so_far.groupby(stretches["patient"]).shift(fill_value=-NEVER)
    stretch = (stretches["first"] > previous_end + 1).cumsum()
    return stretches.groupby(stretch, as_index=False).agg({"patient": "first", "first": "min", "last": "max"})


def count_paused_days(merged: pd.DataFrame, first: Days, last: Days) -> Days:
    """How many of a patient's days from `first` to `last` (both included) lie in a pause?

    Parameters: merged: from `merge_pauses`. first, last: a day number per patient; last < first means no days.
    Returns: days per patient, 0 or more.
    """
    patient = merged["patient"].to_numpy()
    shared = np.minimum(merged["last"].to_numpy(), last[patient]) - np.maximum(merged["first"], first[patient]) + 1
    counted = np.zeros(len(first), dtype=np.int64)
    np.add.at(counted, patient, np.maximum(shared.to_numpy(), 0))
    return counted


def is_paused(merged: pd.DataFrame, day: Days) -> Mask:
    """Does each patient's `day` lie in a pause?"""
    return count_paused_days(merged, day, day) > 0
