"""What clinicians prescribe in the example cohort: versions of plans with their doses, and pauses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from hipanalytics.catalogue import Exercise, exercises

_FIRST_EXERCISES: Final = 2
_MOST_VERSIONS: Final = 4
_PER_WEEK: Final = (0.1, 0.7, 0.2)
_DAYS_BETWEEN_VERSIONS: Final = (17, 46)
_WITH_LOAD: Final = frozenset({"hip_extension", "hip_abduction"})
_PAUSE_DAYS: Final = (5, 22)
_PAUSE_REASONS: Final = ("holiday", "illness", "family", "work")


@dataclass(frozen=True, kw_only=True)
class Dose:
    """One exercise of a plan; what is not prescribed is None."""

    exercise: str
    side: str | None
    sets: int
    reps: int | None
    hold_s: int | None
    load_kg: float | None


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a plan. Days are counted from the first day of the cohort; last_day None: until the next."""

    first_day: int
    last_day: int | None = None
    sessions_per_week: int
    doses: tuple[Dose, ...]
    new_episode: bool = False

    def is_session_day(self, day: int) -> bool:
        """Does the patient mean to exercise on this day? So many days in each seven, spread evenly."""
        return (day - self.first_day) * self.sessions_per_week % 7 < self.sessions_per_week


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Days on which nothing is due; last_day None: still open."""

    first_day: int
    last_day: int | None
    reason: str

    def holds(self, day: int) -> bool:
        """Does this day lie in the pause?"""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


def write_plan(first_day: int, last_day: int, *, hip_side: str, rng: np.random.Generator) -> tuple[Version, ...]:
    """Which versions does a plan of these days have? It starts with two exercises and is built up now and then."""
    chosen = rng.permutation(np.array(exercises(), dtype=object))
    per_week = int(rng.choice([2, 3, 4], p=_PER_WEEK))
    versions, day = [], first_day
    for number in range(int(rng.integers(1, _MOST_VERSIONS + 1))):
        doses = tuple(_dose(exercise, number, hip_side) for exercise in chosen[:_FIRST_EXERCISES + number])
        versions.append(Version(first_day=day, sessions_per_week=per_week, doses=doses))
        day = int(working_day(day + rng.integers(*_DAYS_BETWEEN_VERSIONS)))
        per_week = int(np.clip(per_week + rng.choice([-1, 0, 1], p=_PER_WEEK), 2, 5))
        if day > last_day:
            break
    return tuple(versions)


def working_day(day: Any) -> Any:
    """The same day, or the Friday before; the first day of the cohort is a Monday."""
    return day - np.maximum(day % 7 - 4, 0)


def _dose(exercise: Exercise, number: int, hip_side: str) -> Dose:
    low, high = exercise.reps or (None, None)
    return Dose(
        exercise=exercise.id, side=hip_side if exercise.sides == "each" else None, sets=1 if number < 2 else 2,
        reps=None if low is None or high is None else min(low + 2 * number, high),
        hold_s=None if exercise.hold_s is None else exercise.hold_s[0],
        load_kg=0.5 if number >= 2 and exercise.id in _WITH_LOAD else None)


def without_doses(version: Version) -> Version:
    """The same version where only the number of sessions was written down."""
    return replace(version, doses=())


def take_pause(earliest: int, latest: int, *, rng: np.random.Generator) -> Pause:
    """When, how long and why does a patient pause between these days?"""
    first = int(rng.integers(earliest, latest))
    return Pause(
        first_day=first, last_day=first + int(rng.integers(*_PAUSE_DAYS)) - 1, reason=str(rng.choice(_PAUSE_REASONS)))
