"""What the patients of the example cohort write down: rows of the session log, from their stories."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from hipanalytics.simulator.noise import Pain, simulate_pain
from hipanalytics.simulator.plans import Dose, Version
from hipanalytics.simulator.stories import Story

Row = dict[str, Any]

_EARLIEST_HABIT, _LATEST_HABIT, _OFF_HABIT = 7 * 60, 18 * 60, 40
_AN_HOUR_LATER, _EVENING, _EVENING_MINUTES = 60, 20 * 60, 90
_IN_PAUSE, _IN_FLARE, _ON_ANOTHER_DAY, _SECOND_SESSION = 0.08, 0.6, 0.02, 0.03
_REPORTED_NOT_DONE, _STOPPED_EARLY, _RATED_DAYS, _NOTED = 0.12, 0.06, 0.35, 0.02
_STOPS: Final = ("fatigue", "time", "pain", "equipment", "other")
_FILLED_IN: Final = {"pain_during": 0.85, "pain_after": 0.8, "pain_next_morning": 0.7}
_EFFORT_FILLED_IN: Final = 0.6
_HURTS_BY: Final = {"pain_during": 3, "pain_after": 2, "pain_next_morning": 2}
_LATE_SHARE, _LATE_DAYS, _DAYS_BETWEEN_SITTINGS = 0.3, (1, 6), (10, 25)
_A_LITTLE_OFF, _TYPED_WITHIN = (0.14, 0.82, 0.04), 30
_NOTES: Final = (
    "Stiff in the morning, better after a warm shower", "Long walk yesterday", "Gardening; felt it in the evening",
    'Done on the carpet, "no mat"', "Slept badly", "Knee felt odd, hip was fine")


class Diary:
    """What one patient did and wrote down.

    Attributes:
        done_days: the days on which a session was done, logged or not.
        rows: the rows logged, in the order in which things were done. Those that would be typed in after the last day
            do not exist yet.
    """

    def __init__(self, story: Story, *, first_day: dt.date, days: int, rng: np.random.Generator) -> None:
        self.done_days: list[int] = []
        self._story, self._days, self._rng = story, days, rng
        self._first_day = dt.datetime.combine(first_day, dt.time())
        self._scores = _scores(story, rng)
        self._habit = int(rng.integers(_EARLIEST_HABIT, _LATEST_HABIT))
        writes = story.kinds["records"] != "plan_only"
        taking_part = [day for day in range(days) if writes and story.participation.span(day)]
        written = [row for day in taking_part for row in self._day(day)]
        self._type_in(written)
        end = self._first_day + dt.timedelta(days=days)
        self.rows = [row for row in written if row["logged_at"] < end]

    def _day(self, day: int) -> Iterator[Row]:
        habit, records = self._story.kinds["habit"], self._story.kinds["records"]
        if records != "ratings_only":
            yield from self._sessions(day)
        if (habit == "sessions_and_diary" or records == "ratings_only") and self._happens(_RATED_DAYS):
            yield self._row(day, _EVENING + int(self._rng.integers(_EVENING_MINUTES)), pain=self._pain(day))

    def _sessions(self, day: int) -> Iterator[Row]:
        version = self._story.version(day)
        if version is None:
            return
        minute = self._habit + int(self._rng.integers(-_OFF_HABIT, _OFF_HABIT + 1))
        meant = version.is_session_day(day)
        if self._happens(self._readiness(day) * (1 if meant else _ON_ANOTHER_DAY)):
            self.done_days.append(day)
            if self._happens(self._story.logged_share):
                yield from self._session(day, minute, version)
                if self._happens(_SECOND_SESSION) and not self._on_paper:
                    yield from self._session(day, minute + _AN_HOUR_LATER, version)
        elif meant and not self._story.is_paused(day) and self._happens(_REPORTED_NOT_DONE):
            yield from self._not_done(day, minute, version)

    def _readiness(self, day: int) -> float:
        """Chance that a session is done on a day on which one was meant to be."""
        flare = _IN_FLARE if self._story.in_flare(day) else 1.0
        return self._story.adherence * flare * (_IN_PAUSE if self._story.is_paused(day) else 1.0)

    def _session(self, day: int, minute: int, version: Version) -> Iterator[Row]:
        pain, stop = self._pain(day), None
        doses: tuple[Dose | None, ...] = version.doses or (None,)
        if self._happens(_STOPPED_EARLY):
            doses, stop = doses[:int(self._rng.integers(1, len(doses) + 1))], str(self._rng.choice(_STOPS))
        for dose in doses:
            yield self._row(
                day, minute, done=True, pain=pain, **_as_done(dose), **self._felt(dose, day),
                stop_reason=stop if dose is doses[-1] else None,
                note=str(self._rng.choice(_NOTES)) if self._happens(_NOTED) else None)

    def _not_done(self, day: int, minute: int, version: Version) -> Iterator[Row]:
        pain, stop = self._pain(day), "pain" if self._story.in_flare(day) else str(self._rng.choice(_STOPS))
        for dose in version.doses or (None,):
            yield self._row(
                day, minute, done=False, pain=pain, stop_reason=stop, exercise=dose.exercise if dose else None,
                side=dose.side if dose else None)

    def _pain(self, day: int) -> float | None:
        if day < self._story.scores_from or self._happens(self._story.missing_share):
            return None
        return float(self._scores[day])

    def _felt(self, dose: Dose | None, day: int) -> Row:
        """What the exercise itself felt like, from those who score it: much as before, unless it is one that hurts."""
        if dose is None or self._story.kinds["scores"] == "pain":
            return {}
        hurts = dose.exercise == self._story.hurting_exercise
        felt: Row = {
            name: float(np.clip(self._scores[day] + self._a_little_off() + (_HURTS_BY[name] if hurts else 0), 0, 10))
            for name, share in _FILLED_IN.items() if self._happens(share)}
        if self._happens(_EFFORT_FILLED_IN):
            felt["effort"] = float(np.clip(np.round(self._rng.normal(3.5, 1.2)), 0, 10))
        return felt

    def _a_little_off(self) -> int:
        return int(self._rng.choice([-1, 0, 1], p=_A_LITTLE_OFF))

    def _happens(self, chance: float) -> bool:
        return bool(self._rng.random() < chance)

    @property
    def _on_paper(self) -> bool:
        return self._story.kinds["entry"] == "paper"

    def _row(self, day: int, minute: int, **cells: Any) -> Row:
        at = self._first_day + dt.timedelta(days=day, minutes=0 if self._on_paper else minute)
        known = {"patient_id": self._story.patient_id, "performed_at": at, "has_time": not self._on_paper, "day": day}
        return known | cells

    def _type_in(self, rows: list[Row]) -> None:
        """Says of each row when it was typed in: at once, some days late, or many days in one sitting."""
        sittings = self._sittings()
        for _, session in itertools.groupby(rows, key=lambda row: row["performed_at"]):
            same = list(session)
            logged_at = self._logged_at(same[0]["day"], same[0]["performed_at"], sittings)
            for row in same:
                row["logged_at"] = logged_at

    def _logged_at(self, day: int, performed_at: dt.datetime, sittings: list[int]) -> dt.datetime:
        entry, last = self._story.kinds["entry"], self._last_day_of_span(day)
        evening = _EVENING + int(self._rng.integers(_EVENING_MINUTES))
        if entry in ("bulk", "paper"):
            sitting = min(next(sitting for sitting in sittings if sitting >= day), last)
            return max(performed_at, self._first_day + dt.timedelta(days=sitting, minutes=evening))
        if entry == "late" and self._happens(_LATE_SHARE):
            late = min(day + int(self._rng.integers(*_LATE_DAYS)), last)
            return max(performed_at, self._first_day + dt.timedelta(days=late, minutes=evening))
        return performed_at + dt.timedelta(minutes=int(self._rng.integers(1, _TYPED_WITHIN)))

    def _last_day_of_span(self, day: int) -> int:
        """Someone who has stopped types nothing in afterwards; on the last day of all, the diary is still open."""
        span = self._story.participation.span(day)
        last = span[1] if span else day
        return last if last < self._days - 1 else self._days + _DAYS_BETWEEN_SITTINGS[1]

    def _sittings(self) -> list[int]:
        steps = self._rng.integers(*_DAYS_BETWEEN_SITTINGS, size=self._days // _DAYS_BETWEEN_SITTINGS[0] + 2)
        return [self._story.participation.spans[0][0] + int(day) for day in np.cumsum(steps)]


def _scores(story: Story, rng: np.random.Generator) -> Pain:
    """What the patient would score on each day, were it asked; missing before the first day."""
    felt = story.true_pain.copy()
    if story.flare:
        felt[story.flare[0]:story.flare[1] + 1] += story.flare_lift
    step = 0.5 if story.kinds["habit"] == "half_points" else 1.0
    return simulate_pain(felt, sd=story.sd, step=step, rng=rng)


def _as_done(dose: Dose | None) -> Row:
    if dose is None:
        return {}
    return {"exercise": dose.exercise, "side": dose.side, "sets": dose.sets, "reps": dose.reps, "hold_s": dose.hold_s,
            "load_kg": dose.load_kg}
