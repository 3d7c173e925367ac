"""Adherence to the plan: what was done of what was due, over counted weeks."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hipanalytics.measures.days import EQUAL_WITHIN, Mask, Numbers
from hipanalytics.measures.weeks import Panel

LABELS: Final = ("too_early", "unrecorded", "low", "part", "full")


def measure_adherence(
    panel: Panel, *, recent_weeks: int, label_weeks: int, full: float, part: float, recorded: float,
) -> pd.DataFrame:
    """Who is doing the plan?

    Rule: over counted weeks (complete, at least one whole session due). Capped: sum of min(done, due) / sum of due.
    Logged: the same over the weeks with any session row. Raw: sum of done / sum of due. Weeks on plan: share with
    done >= due. Coverage: share with any session row. `_4w` looks at the last `recent_weeks` counted weeks. The label
    is too_early below `label_weeks` counted weeks; else unrecorded where the recent coverage is below `recorded`; else
    full, part or low by the recent capped adherence.
    Missing: what was not logged counts as not done in the capped figure (the lower bound) and is left out of the
    logged one (the upper bound). Without a counted week every figure is missing.
    Returns: one row per patient: weeks_complete, weeks_counted, done_4w (days), due_4w (sessions), adherence_4w,
    adherence_4w_logged, adherence_all, adherence_all_raw, weeks_on_plan, log_coverage_4w (fractions),
    adherence_label.
    Source: no standard definition exists (Bailey 2018, BJSM 54:326, for the 80%).
    """
    counted, recent = panel.counted, _is_recent(panel, recent_weeks)
    done, due = 7 * panel.done_days, panel.due_sevenths
    capped = np.minimum(done, due)
    weeks = _sum(panel, counted, 1)
    done_recent, due_recent = _sum(panel, recent, done), _sum(panel, recent, due)
    capped_recent = _fraction(_sum(panel, recent, capped), due_recent)
    coverage = _fraction(_sum(panel, recent & panel.logged, 1), np.minimum(weeks, recent_weeks))
    logged = recent & panel.logged
    return pd.DataFrame({
        "weeks_complete": _sum(panel, panel.complete, 1).astype(np.int64),
        "weeks_counted": weeks.astype(np.int64),
        "done_4w": np.where(weeks > 0, done_recent / 7, np.nan),
        "due_4w": np.where(weeks > 0, due_recent / 7, np.nan),
        "adherence_4w": capped_recent,
        "adherence_4w_logged": _fraction(_sum(panel, logged, capped), _sum(panel, logged, due)),
        "adherence_all": _fraction(_sum(panel, counted, capped), _sum(panel, counted, due)),
        "adherence_all_raw": _fraction(_sum(panel, counted, done), _sum(panel, counted, due)),
        "weeks_on_plan": _fraction(_sum(panel, counted & (done >= due), 1), weeks),
        "log_coverage_4w": coverage,
        "adherence_label": np.select(
            [weeks < label_weeks, coverage < recorded - EQUAL_WITHIN, capped_recent >= full - EQUAL_WITHIN,
             capped_recent >= part - EQUAL_WITHIN],
            ["too_early", "unrecorded", "full", "part"], "low"),
    })


def _is_recent(panel: Panel, recent_weeks: int) -> Mask:
    """Whether a week is among the patient's last `recent_weeks` counted ones."""
    counted_so_far = np.cumsum(panel.counted)
    ends = panel.first_cell[1:] // 7
    at_end = np.concatenate([[0], counted_so_far])[ends]
    return panel.counted & (at_end[panel.week_patient] - counted_so_far < recent_weeks)


def _sum(panel: Panel, weeks: Mask, values: npt.NDArray[np.int64] | int) -> Numbers:
    """Sum per patient over some weeks; whole numbers, so exact."""
    return np.bincount(panel.week_patient, weights=weeks * values, minlength=len(panel.courses)).astype(np.float64)


def _fraction(part: Numbers, whole: Numbers) -> Numbers:
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
