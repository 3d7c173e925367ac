"""The week panel: patient x programme week, with what was due, done, logged and felt. All figures share it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.measures.cells import average_daily_pain, find_session_days, place_rows
from hipanalytics.measures.days import NEVER, Days, Mask, Numbers, to_dates, to_days
from hipanalytics.measures.pauses import merge_pauses


@dataclass(frozen=True)
class Panel:
    """Every patient's programme days in one row of cells, whole weeks long, one patient after the other.

    The cell of a patient's day is `first_cell[patient] + (day - start[patient])`; seven cells are a week.
    """

    courses: pd.DataFrame
    """One row per patient, from `find_courses`; its order is the order of everything here."""
    start: Days
    as_of: Days
    first_cell: Days
    """Per patient, and one more: where the next would begin."""
    pauses: pd.DataFrame
    """From `merge_pauses`."""
    due_sevenths: npt.NDArray[np.int64]
    """Per week: sessions due, in sevenths."""
    paused_days: npt.NDArray[np.int64]
    done_days: npt.NDArray[np.int64]
    """Per week: distinct days with a session that was done."""
    logged: Mask
    """Per week: whether there is any session row, done or not."""
    rated_cell: Days
    """The cells of the rated days, in order."""
    pain: Numbers
    """The pain of each rated day: the mean of its sessions."""
    last_row: Days
    """Per patient: the day of the last row from the start to as_of; before the start where there is none."""
    rows_used: Days
    """Per patient: log rows from the start to as_of."""
    rows_before_start: Days
    rows_after_as_of: Days
    row_patient: npt.NDArray[np.int32]
    """Per log row: whose it is; -1 where it lies before the start or after as_of."""

    @cached_property
    def week_patient(self) -> Days:
        """Per week: whose it is (position in courses)."""
        return np.repeat(np.arange(len(self.courses)), np.diff(self.first_cell) // 7)

    @cached_property
    def week_number(self) -> Days:
        """Per week: 0 for the first of the patient."""
        return np.arange(len(self.due_sevenths)) - (self.first_cell // 7)[self.week_patient]

    @cached_property
    def complete(self) -> Mask:
        """Per week: whether its last day lies within the patient's as_of."""
        return (self.start + 6)[self.week_patient] + 7 * self.week_number <= self.as_of[self.week_patient]

    @cached_property
    def counted(self) -> Mask:
        """Per week: complete, and with at least one whole session due. Only these enter a figure of adherence."""
        return self.complete & (self.due_sevenths >= 7)

    @cached_property
    def rated_patient(self) -> Days:
        """Per rated day: whose it is (position in courses)."""
        return np.searchsorted(self.first_cell, self.rated_cell, side="right") - 1

    @cached_property
    def last_cell(self) -> Days:
        """Per patient: the cell of as_of; before the first where the course has not begun."""
        return self.first_cell[:-1] + self.as_of - self.start

    def weeks_table(self) -> pd.DataFrame:
        """What was due, done, logged and felt in each programme week?

        Returns: one row per patient and week (the running week last, not complete): patient_id, week (0 is the
        first), first_day, complete, counted, due_sevenths (7 are one session), done_days (0-7), logged (any session
        row), paused_days (0-7), pain (mean of the rated days, NRS 0-10, missing without one), rated_days (0-7).
        """
        rated = np.bincount(self.rated_cell // 7, minlength=len(self.due_sevenths))
        pain = np.bincount(self.rated_cell // 7, weights=self.pain, minlength=len(self.due_sevenths))
        return pd.DataFrame({
            "patient_id": self._names(self.week_patient),
            "week": self.week_number,
            "first_day": to_dates(self.start[self.week_patient] + 7 * self.week_number),
            "complete": self.complete,
            "counted": self.counted,
            "due_sevenths": self.due_sevenths,
            "done_days": self.done_days,
            "logged": self.logged,
            "paused_days": self.paused_days,
            "pain": np.divide(pain, rated, out=np.full(len(rated), np.nan), where=rated > 0),
            "rated_days": rated,
        })

    def days_table(self) -> pd.DataFrame:
        """Which pain was felt on each rated day?

        Returns: one row per patient and rated day: patient_id, day, pain (NRS 0-10). A day without a rating has none.
        """
        patient = self.rated_patient
        return pd.DataFrame({
            "patient_id": self._names(patient),
            "day": to_dates(self.start[patient] + self.rated_cell - self.first_cell[patient]),
            "pain": self.pain,
        })

    def _names(self, patient: Days) -> pd.Categorical:
        return pd.Categorical.from_codes(patient, categories=pd.Index(self.courses["patient_id"]))


def count_weeks(cohort: Cohort, courses: pd.DataFrame, *, assumed_sessions_per_week: int) -> Panel:
    """What was due, done, logged and felt, week by week from each patient's own start?

    Rule: week w holds the days start+7w to start+7w+6. Each day is due sessions_per_week/7 of the version in force,
    nothing in a pause or without a version; days before the first version count as assumed. Done are distinct days
    with a session row that was done, in a pause too. A day's pain is the mean of its sessions, a session's that of its
    rows.
    Missing: a row without a score rates nothing; a row whose `done` is not known is logged, not done.
    Parameters: courses: from `find_courses`.
    """
    start, as_of = to_days(courses["start"]), to_days(courses["as_of"])
    weeks = np.maximum(as_of - start + 7, 0) // 7
    first_cell = np.concatenate([[0], np.cumsum(7 * weeks)])
    patient_ids = pd.Index(courses["patient_id"])
    merged = merge_pauses(cohort.pauses, patient_ids)
    paused = _paused_cells(merged, start, first_cell)
    due = _due_cells(cohort.plans, patient_ids, start, as_of, first_cell, assumed_sessions_per_week)
    due[paused] = 0
    rows = place_rows(cohort, patient_ids, start, as_of, first_cell)
    done, logged = find_session_days(cohort.logs, rows)
    rated_cell, pain = average_daily_pain(cohort.logs, rows)
    return Panel(
        courses=courses, start=start, as_of=as_of, first_cell=first_cell, pauses=merged,
        due_sevenths=_per_week(due), paused_days=_per_week(paused), done_days=_per_week(done),
        logged=_per_week(logged) > 0, rated_cell=rated_cell, pain=pain, last_row=rows.last_row,
        rows_used=rows.used, rows_before_start=rows.before_start, rows_after_as_of=rows.after_as_of,
        row_patient=rows.patient,
    )


def _per_week(cells: npt.NDArray[np.int8] | Mask) -> npt.NDArray[np.int64]:
    by_week = cells.reshape(-1, 7).view(np.int8)
    total = by_week[:, 0].copy()
    for weekday in range(1, 7):
        total += by_week[:, weekday]
    return total.astype(np.int64)


def _paused_cells(merged: pd.DataFrame, start: Days, first_cell: Days) -> Mask:
    patient = merged["patient"].to_numpy()
    return _fill_stretches(
        patient, merged["first"].to_numpy(), merged["last"].to_numpy(), np.ones(len(merged), dtype=np.int8),
        start, first_cell) > 0


def _due_cells(
    plans: pd.DataFrame, patient_ids: pd.Index, start: Days, as_of: Days, first_cell: Days, assumed: int,
) -> npt.NDArray[np.int8]:
    """Sessions due per cell, in sevenths, before pauses are taken out."""
    versions = pd.DataFrame({
        "patient": patient_ids.get_indexer(pd.Index(plans["patient_id"])),
        "first": to_days(plans["valid_from"]),
        "last": to_days(plans["valid_to"]),
        "rate": plans["sessions_per_week"].to_numpy(dtype=np.int64),
    }).sort_values(["patient", "first"], ignore_index=True)
    versions = versions[versions["patient"] >= 0]
    versions = versions[versions["first"].to_numpy() <= as_of[versions["patient"].to_numpy()]]
    next_first = versions.groupby("patient")["first"].shift(-1, fill_value=NEVER)
    versions["last"] = np.minimum(versions["last"], next_first - 1)
    first_version = np.full(len(start), NEVER, dtype=np.int64)
    np.minimum.at(first_version, versions["patient"].to_numpy(), versions["first"].to_numpy())
    everyone = np.arange(len(start))
    return _fill_stretches(
        np.concatenate([versions["patient"].to_numpy(), everyone]),
        np.concatenate([versions["first"].to_numpy(), start]),
        np.concatenate([versions["last"].to_numpy(), first_version - 1]),
        np.concatenate([versions["rate"].to_numpy(), np.full(len(start), assumed)]).astype(np.int8),
        start, first_cell)


def _fill_stretches(
    patient: Days, first: Days, last: Days, value: npt.NDArray[np.int8], start: Days, first_cell: Days,
) -> npt.NDArray[np.int8]:
    """Cells that hold `value` from day `first` to day `last` of each stretch, 0 elsewhere. Stretches do not overlap."""
    steps = np.zeros(int(first_cell[-1]) + 1, dtype=np.int8)
    begin = first_cell[patient] + np.maximum(first - start[patient], 0)
    end = np.minimum(first_cell[patient] + last + 1 - start[patient], first_cell[patient + 1])
    seen = begin < end
    np.add.at(steps, begin[seen], value[seen])
    np.subtract.at(steps, end[seen], value[seen])
    return np.cumsum(steps[:-1], dtype=np.int8)
