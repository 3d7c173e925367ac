"""Where a patient stands: the mark and word of each flag, and plain sentences on pain and on what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hipanalytics.charts.theme import FLAG_LOOKS, STANDING_LOOKS, FlagLook
from hipanalytics.review import Review
from hipanalytics.thresholds import Thresholds

Row = Mapping[str, Any] | pd.Series
"""One row of the review table."""


def limits_of(review: Review, patient_id: str) -> Thresholds:
    """Which thresholds hold for this patient: the own ones, else the clinic's."""
    return review.thresholds.patients.get(patient_id, review.thresholds.clinic)


def looks_of(row: Row) -> list[FlagLook]:
    """Which marks and words stand beside this patient, the most urgent first?

    Missing: without a flag, the words that say where the patient stands.
    """
    if isinstance(row["flags"], str) and row["flags"]:
        return [FLAG_LOOKS[flag] for flag in row["flags"].split(";")]
    standing = str(row["standing"])
    return [STANDING_LOOKS.get(standing, FlagLook("·", standing, "quiet"))]


def is_late(row: Row) -> bool:
    """Does the baseline begin later than the programme, for want of scores at its start?"""
    return bool(row["pain_baseline_from"] > row["programme_start"])


def change_sentence(row: Row, needed: int) -> str:
    """How did pain change, in one sentence?

    Missing: where the change is not known, the sentence says why.
    """
    if pd.isna(row["pain_change"]):
        return f"Change in pain is not known: {_why_unknown(row, needed)}."
    return (
        f"Pain {_moved(row['pain_change'])}: mean {row['pain_baseline']:.1f} over {counted(row['pain_baseline_n'])} "
        f"{'in a late first block' if is_late(row) else 'at first'}, "
        f"{row['pain_latest']:.1f} over {counted(row['pain_latest_n'])} lately.")


def missing_sentence(weeks: pd.DataFrame) -> str:
    """How many weeks have no pain score? They are gaps, never 0."""
    complete = weeks[weeks["complete"]]
    missing = int(complete["pain"].isna().sum())
    if complete.empty:
        return "The first week is in progress."
    if not missing:
        return "Every complete week has a pain score."
    has = "has" if missing == 1 else "have"
    return f"{missing} of {len(complete)} complete weeks {has} no pain score: left out, not counted as 0."


def counted(rated_days: int) -> str:
    """A number of rated days with its noun."""
    return f"{rated_days:.0f} rated day" + ("" if rated_days == 1 else "s")


def _moved(change: float) -> str:
    size = f"{abs(change):.1f}"
    if size == "0.0":
        return "did not change"
    return f"{'fell' if change < 0 else 'rose'} by {size}"


def _why_unknown(row: Row, needed: int) -> str:
    latest, first = row["pain_latest_n"], row["pain_baseline_n"]
    if pd.isna(row["pain_baseline"]):
        return f"{first:.0f} of {needed} rated days in the first block"
    if pd.isna(row["pain_latest"]):
        return f"{latest:.0f} of {needed} rated days in the latest block"
    return "the first and the latest block still share days"
