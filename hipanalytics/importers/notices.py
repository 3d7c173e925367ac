"""Things worth knowing of rows that are right: thirds and halves, several scores on a day, late and bulk entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hipanalytics.importers.dates import DAY
from hipanalytics.importers.report import Notice
from hipanalytics.thresholds import Thresholds

SCORES = ("pain", "pain_during", "pain_after", "pain_next_morning", "effort")
_BLOCK = 1 << 16


def notices_of(logs: pd.DataFrame, limits: Thresholds) -> tuple[Notice, ...]:
    """What should a clinician know of these logs, although nothing is wrong with them?"""
    return tuple(notice for notice in _all(logs, limits) if notice.count)


def _all(logs: pd.DataFrame, limits: Thresholds) -> Iterator[Notice]:
    between = between_whole(logs)
    yield _notice(logs, between, "half_points",
                  "1 score lies between whole points (a half, a third); it is used as it is.",
                  "{n} scores lie between whole points (halves, thirds); they are used as they are.")
    several = several_on_a_day(logs)
    yield _notice(logs, several, "several_scores",
                  "On 1 day a patient gave several pain scores; it counts with their mean.",
                  "On {n} days a patient gave several pain scores; each day counts with their mean.")
    if "logged_at" in logs and len(logs):
        late = late_rows(logs, limits.late_entry_days)
        yield _notice(logs, late, "late_entry",
                      f"1 row was typed in {limits.late_entry_days} days or more after the session.",
                      f"{{n}} rows were typed in {limits.late_entry_days} days or more after the session.")
        bulk = bulk_entries(logs, limits.bulk_entry_days)
        yield Notice("bulk_entry", int(bulk.sum()), f"{_times(int(bulk.sum()))} {limits.bulk_entry_days} or more "
                     "different days were typed in on one day: such scores are from memory.", bulk[bulk > 0])


def _times(count: int) -> str:
    return "Once" if count == 1 else f"On {count:,} occasions"


def _notice(logs: pd.DataFrame, counts: NDArray[Any], code: str, one: str, many: str) -> Notice:
    """Counts per row, summed per patient."""
    total = int(counts.sum())
    if not total:
        return Notice(code, 0, "")
    where = np.flatnonzero(counts)
    patients = logs["patient_id"].cat
    sums = np.bincount(patients.codes.to_numpy()[where], counts[where], minlength=len(patients.categories))
    per_patient = pd.Series(sums.astype("int64"), index=patients.categories, name="count")
    return Notice(code, total, one if total == 1 else many.format(n=f"{total:,}"), per_patient[per_patient > 0])


def between_whole(logs: pd.DataFrame) -> NDArray[np.int8]:
    """For each row, how many of its scores are no whole points."""
    counts = np.zeros(len(logs), np.int8)
    for name in SCORES:
        if name in logs:
            scores = logs[name].to_numpy()
            for start in range(0, len(scores), _BLOCK):
                block = scores[start:start + _BLOCK]
                counts[start:start + _BLOCK] += block > np.floor(block)
    return counts


def several_on_a_day(logs: pd.DataFrame) -> NDArray[np.int8]:
    """1 at a row of each patient's day that has pain scores of several sessions, or that differ."""
    marks = np.zeros(len(logs), np.int8)
    rated = np.flatnonzero(logs["pain"].notna().to_numpy())
    if len(rated) < 2:
        return marks
    scores = _Scores(
        logs["patient_id"].cat.codes.to_numpy(), logs["performed_at"].to_numpy().view(np.int64),
        logs["pain"].to_numpy(), (logs["exercise"].isna() & logs["done"].isna()).to_numpy())
    if not all(scores.in_order(rows) for rows in _overlapping(rated)):
        rated = rated[np.lexsort((scores.moment[rated], scores.patient[rated]))]
    again = np.concatenate([rows[1:][scores.again(rows)] for rows in _overlapping(rated)])
    patient, day = scores.patient[again], scores.moment[again] // DAY
    another_day = (patient[1:] != patient[:-1]) | (day[1:] != day[:-1])
    marks[again[np.concatenate((np.ones(min(len(again), 1), bool), another_day))]] = 1
    return marks


@dataclass(frozen=True)
class _Scores:
    """What tells the scores of a day apart; looked at block by block, which the processor's cache holds."""

    patient: NDArray[Any]
    moment: NDArray[np.int64]
    pain: NDArray[np.float64]
    is_rating: NDArray[np.bool_]

    def in_order(self, rows: NDArray[np.int64]) -> bool:
        """Whether these rows are sorted by patient and time."""
        patient, moment = self.patient[rows], self.moment[rows]
        return bool(((patient[1:] > patient[:-1])
                     | ((patient[1:] == patient[:-1]) & (moment[1:] >= moment[:-1]))).all())

    def again(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """For each row but the first, whether it is one more score of the day of the row before."""
        patient, moment, pain, rating = self.patient[rows], self.moment[rows], self.pain[rows], self.is_rating[rows]
        day = moment // DAY
        another = (moment[1:] != moment[:-1]) | (pain[1:] != pain[:-1]) | (rating[1:] & rating[:-1])
        return (patient[1:] == patient[:-1]) & (day[1:] == day[:-1]) & another


def _overlapping(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The rows in blocks; each begins with the last row of the one before."""
    for start in range(0, len(rows) - 1, _BLOCK):
        yield rows[start:start + _BLOCK + 1]


def late_rows(logs: pd.DataFrame, days: int) -> NDArray[np.int8]:
    """1 at each row typed in this many days, or more, after it was done."""
    typed = logs["logged_at"].to_numpy().astype("datetime64[D]")
    done = logs["performed_at"].to_numpy().astype("datetime64[D]")
    return ((typed - done) >= np.timedelta64(days, "D")).astype(np.int8)


def bulk_entries(logs: pd.DataFrame, days: int) -> pd.Series:
    """For each patient, on how many days so many different days, or more, were typed in."""
    known = logs[logs["logged_at"].notna()]
    sittings = pd.DataFrame({
        "patient": known["patient_id"], "typed": known["logged_at"].dt.normalize(),
        "done": known["performed_at"].dt.normalize()}).drop_duplicates()
    per_sitting = sittings.groupby(["patient", "typed"], observed=True, sort=False).size()
    bulk = per_sitting[per_sitting >= days].reset_index()
    return bulk.groupby("patient", observed=True).size().rename("count")
