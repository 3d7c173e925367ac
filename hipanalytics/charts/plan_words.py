"""What changed from one version of a plan to the next, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import pandas as pd

from hipanalytics.catalogue import exercises

_DOSE = ["sets", "reps", "hold_s", "load_kg"]


@dataclass(frozen=True)
class PlanVersion:
    """One version of a patient's plan, from its first day to its last (both included)."""

    number: int
    """1 for the first of the course."""
    first_day: dt.date
    last_day: dt.date | None
    """None while it is in force until further notice."""
    sessions_per_week: int
    doses: dict[str, tuple[object, ...]]
    """Exercise in words (with its side) -> its dose."""


@dataclass(frozen=True)
class PlanChange:
    """A day on which the plan changed, and how."""

    day: dt.date
    name: str
    """Which plan: "plan 2"."""
    words: str
    """What is new, in full: "4 a week, + hip abduction, new dose of mini squat, new dose of bridging"."""
    brief: str
    """The same where there is little room: "4 a week, + hip abduction, 2 new doses"."""


def plan_versions(
    plans: pd.DataFrame, prescriptions: pd.DataFrame, *, start: dt.date, as_of: dt.date,
) -> list[PlanVersion]:
    """Which plans did the patient have in this course, up to this day?

    Rule: a version lasts until the next or its own last day. Versions after `as_of` do not exist yet; those that were
    over before the programme start belong to an earlier course.
    """
    begun = plans[plans["valid_from"] <= pd.Timestamp(as_of)].sort_values("valid_from").drop_duplicates("valid_from")
    ends = _last_days(begun)
    rows = [
        (first.date(), end, int(sessions))
        for first, end, sessions in zip(begun["valid_from"], ends, begun["sessions_per_week"], strict=True)
        if end is None or end >= start
    ]
    doses = _doses(prescriptions)
    return [
        PlanVersion(number, first, end, sessions, doses.get(first, {}))
        for number, (first, end, sessions) in enumerate(rows, start=1)
    ]


def plan_changes(versions: list[PlanVersion], *, start: dt.date, as_of: dt.date) -> list[PlanChange]:
    """On which days did the plan change, and how?

    Rule: a version that begins with the programme is no change. A plan that ends with none after it is one.
    """
    changes = [
        PlanChange(first.first_day, f"plan {first.number}", *[f"{first.sessions_per_week} a week"] * 2)
        for first in versions[:1] if first.first_day > start
    ]
    changes += [
        PlanChange(version.first_day, f"plan {version.number}", _words(before, version, brief=False),
                   _words(before, version, brief=True))
        for before, version in pairwise(versions)
    ]
    return sorted([*changes, *_endings(versions, as_of)], key=lambda change: change.day)


def exercise_name(exercise: str) -> str:
    """The exercise as it is called: by its name in the catalogue, or the clinic's own."""
    name = _catalogue_names().get(exercise, exercise.replace("_", " "))
    return name[:1].lower() + name[1:]


@cache
def _catalogue_names() -> dict[str, str]:
    return {known.id: known.name for known in exercises()}


def _last_days(plans: pd.DataFrame) -> list[dt.date | None]:
    day_before_next = plans["valid_from"].shift(-1) - pd.Timedelta(days=1)
    own = plans["valid_to"]
    last = own.where(own.notna() & ~(day_before_next < own), day_before_next)
    return [None if pd.isna(day) else day.date() for day in last]


def _doses(prescriptions: pd.DataFrame) -> dict[dt.date, dict[str, tuple[object, ...]]]:
    """First day of a version -> exercise in words -> its dose; a missing number is None."""
    doses: dict[dt.date, dict[str, tuple[object, ...]]] = {}
    columns = (prescriptions[name].tolist() for name in ("valid_from", "exercise", "side", *_DOSE))
    for first_day, exercise, side, *dose in zip(*columns, strict=True):
        known = tuple(None if number != number else number for number in dose)
        doses.setdefault(first_day.date(), {})[_with_side(exercise, side)] = known
    return doses


def _with_side(exercise: str, side: object) -> str:
    return exercise_name(exercise) + (f" ({side})" if side in ("left", "right") else "")


def _words(before: PlanVersion, after: PlanVersion, *, brief: bool) -> str:
    return ", ".join(_differences(before, after, brief=brief)) or "the same again"


def _differences(before: PlanVersion, after: PlanVersion, *, brief: bool) -> Iterator[str]:
    if before.sessions_per_week != after.sessions_per_week:
        yield f"{after.sessions_per_week} a week"
    if not (before.doses and after.doses):
        return
    both = [name for name in after.doses if name in before.doses]
    changed = [name for name in both if after.doses[name] != before.doses[name]]
    yield from _listed("+", [name for name in after.doses if name not in both], brief=brief)
    yield from _listed("–", [name for name in before.doses if name not in both], brief=brief)
    if brief and len(changed) > 1:
        yield f"{len(changed)} new doses"
    else:
        yield from (f"new dose of {name}" for name in changed)


def _listed(mark: str, names: list[str], *, brief: bool) -> list[str]:
    if brief and len(names) > 1:
        return [f"{mark} {len(names)} exercises"]
    return [f"{mark} {name}" for name in names]


def _endings(versions: list[PlanVersion], as_of: dt.date) -> Iterator[PlanChange]:
    begun = {version.first_day for version in versions}
    for version in versions:
        day_after = version.last_day + dt.timedelta(days=1) if version.last_day else None
        if day_after and day_after <= as_of and day_after not in begun:
            yield PlanChange(day_after, f"plan {version.number}", "ended", "ended")
