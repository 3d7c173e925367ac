"""Things worth knowing of rows that are right: thirds and halves, several scores on a day, late and bulk entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hipanalytics.importers.dates import DAY
from hipanalytics.importers.report import Notice
from hipanalytics.thresholds import Thresholds

SCORES = ("pain", "pain_during", "pain_after", "pain_next_morning", "effort")
_BLOCK = 1 << 16
_SPARE_DAYS = 8
"""How many days without a score a table of patients x days may have for each with one."""


def notices_of(logs: pd.DataFrame, limits: Thresholds) -> tuple[Notice, ...]:
    """What should a clinician know of these logs, although nothing is wrong with them?"""
    return tuple(notice for notice in _all(logs, limits) if notice.count)


def _all(logs: pd.DataFrame, limits: Thresholds) -> Iterator[Notice]:
    yield _notice(logs, "half_points", between_whole(logs),
                  "1 score lies between whole points (a half, a third); it is used as it is.",
                  "{n} scores lie between whole points (halves, thirds); they are used as they are.")
    yield _notice(logs, "several_scores", several_on_a_day(logs),
                  "On 1 day a patient gave several pain scores; it counts with their mean.",
                  "On {n} days a patient gave several pain scores; each day counts with their mean.")
    if "logged_at" in logs and len(logs):
        yield _notice(logs, "late_entry", late_rows(logs, limits.late_entry_days),
                      f"1 row was typed in {limits.late_entry_days} days or more after the session.",
                      f"{{n}} rows were typed in {limits.late_entry_days} days or more after the session.")
        bulk = bulk_entries(logs, limits.bulk_entry_days)
        memory = (f"{limits.bulk_entry_days} or more different days were typed in on one day: "
                  "such scores are from memory.")
        yield _counted("bulk_entry", bulk[bulk > 0], f"Once {memory}", f"On {{n}} occasions {memory}")


def _notice(logs: pd.DataFrame, code: str, patients: NDArray[Any], one: str, many: str) -> Notice:
    """A notice of so many cases: `patients` says whose each of them is, as codes."""
    names = logs["patient_id"].cat.categories
    per_patient = pd.Series(np.bincount(patients, minlength=len(names)), index=names, name="count")
    return _counted(code, per_patient[per_patient > 0], one, many)


def _counted(code: str, per_patient: pd.Series, one: str, many: str) -> Notice:
    count = int(per_patient.sum())
    return Notice(code, count, one if count == 1 else many.format(n=f"{count:,}"), per_patient, many)


def joined_notices(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """What is worth knowing of all batches of a file, from what is of each.

    Rule: counts of one kind are added up. Days and occasions that lie in two batches are counted in both.
    """
    by_kind: dict[str, list[Notice]] = {}
    for notice in notices:
        by_kind.setdefault(notice.many or notice.sentence, []).append(notice)
    return tuple(_summed(some) if some[0].many else some[0] for some in by_kind.values())


def _summed(notices: list[Notice]) -> Notice:
    if len(notices) == 1:
        return notices[0]
    every = pd.concat([found.patients.set_axis(found.patients.index.astype("str")) for found in notices])
    count = sum(found.count for found in notices)
    many = notices[0].many
    return Notice(notices[0].code, count, many.format(n=f"{count:,}"), every.groupby(level=0).sum(), many)


def between_whole(logs: pd.DataFrame) -> NDArray[Any]:
    """Whose each score is that is no whole point."""
    codes = logs["patient_id"].cat.codes.to_numpy()
    found = [np.empty(0, codes.dtype)]
    for scores in (logs[name].to_numpy() for name in SCORES if name in logs):
        found += [codes[rows][scores[rows] > np.floor(scores[rows])] for rows in _blocks(len(scores))]
    return np.concatenate(found)


def several_on_a_day(logs: pd.DataFrame) -> NDArray[Any]:
    """Whose each day is that has pain scores of several times, or different ones.

    Each score is held against another of the same patient and day, so that the rows need no sorting.
    """
    rated = np.flatnonzero(logs["pain"].notna().to_numpy())
    if not len(rated):
        return np.empty(0, np.int32)
    patient_day, days = _patient_days(logs, rated)
    moment = logs["performed_at"].to_numpy().view(np.int64)
    score = logs["pain"].to_numpy()
    another = np.empty(int(patient_day.max()) + 1, np.int64)
    another[patient_day] = rated
    several = np.zeros(len(another), bool)
    for block in _blocks(len(rated)):
        here, there = rated[block], another[patient_day[block]]
        differs = (moment[here] != moment[there]) | (score[here] != score[there])
        several[patient_day[block][differs]] = True
    return days(np.flatnonzero(several))


def _patient_days(logs: pd.DataFrame, rated: NDArray[np.int64]) -> tuple[NDArray[Any], Callable[[Any], Any]]:
    """A number for the patient and day of each row, and whose day such a number is."""
    codes = logs["patient_id"].cat.codes.to_numpy()[rated].astype(np.int64)
    day = logs["performed_at"].to_numpy()[rated].view(np.int64) // DAY
    span = int(day.max() - day.min()) + 1
    number = codes * span + (day - day.min())
    if span * len(logs["patient_id"].cat.categories) <= _SPARE_DAYS * len(logs):
        return number, lambda some: some // span
    dense, numbers = pd.factorize(number)
    return dense, lambda some: numbers[some] // span


def _blocks(rows: int) -> Iterator[slice]:
    for first in range(0, rows, _BLOCK):
        yield slice(first, min(first + _BLOCK, rows))


def late_rows(logs: pd.DataFrame, days: int) -> NDArray[Any]:
    """Whose each row is that was typed in this many days, or more, after it was done."""
    typed = logs["logged_at"].to_numpy().astype("datetime64[D]")
    done = logs["performed_at"].to_numpy().astype("datetime64[D]")
    return logs["patient_id"].cat.codes.to_numpy()[(typed - done) >= np.timedelta64(days, "D")]


def bulk_entries(logs: pd.DataFrame, days: int) -> pd.Series:
    """For each patient, on how many days so many different days, or more, were typed in."""
    known = logs[logs["logged_at"].notna()]
    sittings = pd.DataFrame({
        "patient": known["patient_id"], "typed": known["logged_at"].dt.normalize(),
        "done": known["performed_at"].dt.normalize()}).drop_duplicates()
    per_sitting = sittings.groupby(["patient", "typed"], observed=True, sort=False).size()
    bulk = per_sitting[per_sitting >= days].reset_index()
    return bulk.groupby("patient", observed=True).size().rename("count")
