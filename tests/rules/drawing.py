"""Patients drawn as text, so that a rule and its example can be read side by side.

A patient is two lines with one character per day; a | or a space only helps the eye:

    sessions="x.x.x..|x.-....|?......"    x done, - reported as not done, ? not known whether done, . nothing
    pain="    5.4.5..|6.......|.......X"   a digit is the pain of that day, X is 10, . no rating

Pain on a day with a session is a score of that session; on another day it is a rating. Day 1 is Monday 1 January 2024.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from properties.random_cohorts import PlainCohort

from hipanalytics.cohort import Cohort

Row: TypeAlias = dict[str, Any]
DONE = {"x": True, "-": False, "?": None}


def date_of(day: int) -> dt.date:
    return dt.date(2023, 12, 31) + dt.timedelta(days=day)


def day_of(date: dt.date) -> int:
    return (date - dt.date(2023, 12, 31)).days


@dataclass(frozen=True)
class Plan:
    """A version of the plan: so many sessions a week from one day on (to another)."""

    per_week: int = 3
    from_day: int = 1
    to_day: int | None = None
    new_episode: bool = False


@dataclass(frozen=True)
class Entry:
    """A row of the log that a character cannot say: a time of day, an exercise, other scores."""

    day: int
    at: str = ""
    exercise: str | None = None
    done: bool | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawn:
    """A patient. `pauses` are first and last day; `exact` gives pains that no digit can say, by day."""

    sessions: str = ""
    pain: str = ""
    name: str = "P"
    plans: Sequence[Plan] = (Plan(),)
    pauses: Sequence[tuple[int, int | None]] = ()
    programme_start: int | None = None
    discharged_on: int | None = None
    exact: Mapping[int, float] = field(default_factory=dict)
    entries: Sequence[Entry] = ()
    red_flags: Sequence[Row] = ()

    @property
    def last_day(self) -> int:
        return max(len(_days(self.sessions)), len(_days(self.pain)))


def _days(line: str) -> str:
    weeks = line.replace(" ", "").split("|")
    assert all(len(week) % 7 == 0 for week in weeks[:-1]), f"a week of this drawing does not have seven days: {line}"
    return "".join(weeks)


def _log(patient: Drawn) -> list[Row]:
    sessions = {day: DONE[mark] for day, mark in enumerate(_days(patient.sessions), 1) if mark != "."}
    pains = {day: float(mark.replace("X", "10")) for day, mark in enumerate(_days(patient.pain), 1) if mark != "."}
    pains |= patient.exact
    drawn = [
        {"performed_at": date_of(day), "pain": pains.get(day), "done": sessions.get(day),
         "exercise": "bridging" if day in sessions else None}
        for day in sorted({*sessions, *pains})]
    further = [
        {"performed_at": _moment(entry), "exercise": entry.exercise, "done": entry.done, **entry.scores}
        for entry in patient.entries]
    return [{"patient_id": patient.name, **row} for row in [*drawn, *further]]


def _moment(entry: Entry) -> dt.date:
    day = date_of(entry.day)
    return dt.datetime.combine(day, dt.time.fromisoformat(entry.at)) if entry.at else day


def _date(day: int | None) -> dt.date | None:
    return None if day is None else date_of(day)


def cohort_of(*patients: Drawn) -> Cohort:
    plain = PlainCohort(
        logs=[row for each in patients for row in _log(each)],
        plans=[{"patient_id": each.name, "valid_from": date_of(plan.from_day), "sessions_per_week": plan.per_week,
                "valid_to": _date(plan.to_day), "new_episode": plan.new_episode}
               for each in patients for plan in each.plans],
        pauses=[{"patient_id": each.name, "start": date_of(first), "end": _date(last)}
                for each in patients for first, last in each.pauses],
        patients=[{"patient_id": each.name, "programme_start": _date(each.programme_start),
                   "discharged_on": _date(each.discharged_on)} for each in patients],
        red_flags=[{"patient_id": each.name, **answer} for each in patients for answer in each.red_flags])
    cohort: Cohort = plain.cohort()
    return cohort
