"""What is true of each patient of the example cohort, before anything is logged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hipanalytics.simulator.courses import true_course
from hipanalytics.simulator.noise import Pain
from hipanalytics.simulator.plans import Pause, Version, take_pause, without_doses, working_day, write_plan

Span = tuple[int, int]
"""First and last day, counted from the first day of the cohort."""

_KINDS: Final = {
    "course": {"responder": 0.38, "slow_responder": 0.12, "non_responder": 0.22, "worsener": 0.1, "mild": 0.1,
               "relapse": 0.08},
    "ending": {"open": 0.66, "drop_out": 0.12, "discharged": 0.16, "plan_ended": 0.06},
    "records": {"complete": 0.92, "plan_only": 0.02, "logs_only": 0.02, "ratings_only": 0.01, "late_plan": 0.01,
                "no_doses": 0.02},
    "flare": {"none": 0.74, "past": 0.2, "now": 0.06},
    "pause": {"none": 0.7, "one": 0.25, "open": 0.05},
    "entry": {"same_day": 0.7, "late": 0.16, "bulk": 0.08, "paper": 0.06},
    "hip_side": {"left": 0.44, "right": 0.48, "both": 0.08},
    "adherence": {"full": 0.58, "part": 0.3, "low": 0.12},
    "missing": {"rarely": 0.88, "often": 0.12},
    "scores": {"pain": 0.55, "exercises": 0.39, "exercises_one_hurts": 0.06},
    "habit": {"sessions": 0.78, "sessions_and_diary": 0.2, "half_points": 0.02},
    "baseline": {"from_start": 0.92, "late": 0.08},
    "replacement": {"none": 0.97, "posterior": 0.01, "anterior": 0.01, "lateral": 0.01},
    "clinician": {"A. Moser": 0.4, "J. Okafor": 0.35, "L. Brandt": 0.25},
}
_ADHERENCE: Final = {"full": (0.85, 1.0), "part": (0.6, 0.8), "low": (0.25, 0.45)}
_SD: Final = (0.95, 1.5)
_LOGGED_SHARE: Final = (0.85, 1.0)
_MISSING_SHARE: Final = {"rarely": (0.0, 0.12), "often": (0.3, 0.5)}
_DROP_OUT_AFTER, _DISCHARGED_AFTER, _PLAN_DAYS = (14, 85), (84, 141), 84
_ENROLMENT_SHARE: Final = 0.98
_RETURNING_SHARE, _EARLIEST_SHARE = 0.017, 0.08
_AWAY: Final = (14, 29)
_FLARE_DAYS, _FLARE_LIFT = (3, 9), (2.5, 4.0)
_LATE_BY: Final = (21, 43)


@dataclass(frozen=True, kw_only=True)
class Participation:
    """When a patient takes part, and how it ends, if it does before the last day of all.

    `ending`: open, drop_out, discharged, plan_ended, or returned (after a discharge).
    """

    ending: str
    spans: tuple[Span, ...]
    dropped_out: int | None = None
    discharged: int | None = None
    returned: int | None = None

    @property
    def start(self) -> int:
        """First day of the (latest) course."""
        return self.spans[-1][0]

    def span(self, day: int) -> Span | None:
        """The course in which this day lies."""
        return next((span for span in self.spans if span[0] <= day <= span[1]), None)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One patient's truth. Days are counted from the first day of the cohort."""

    patient_id: str
    kinds: dict[str, str]
    participation: Participation
    true_pain: Pain
    versions: tuple[Version, ...]
    pauses: tuple[Pause, ...] = ()
    flare: Span | None = None
    flare_lift: float = 0.0
    sd: float
    adherence: float
    logged_share: float
    missing_share: float
    scores_from: int
    hurting_exercise: str | None

    def version(self, day: int) -> Version | None:
        """The version of the plan in force on this day."""
        begun = [version for version in self.versions if version.first_day <= day]
        if not begun or (begun[-1].last_day is not None and day > begun[-1].last_day):
            return None
        return begun[-1]

    def is_paused(self, day: int) -> bool:
        """Does this day lie in a pause?"""
        return any(pause.holds(day) for pause in self.pauses)

    def in_flare(self, day: int) -> bool:
        """Does this day lie in a flare?"""
        return self.flare is not None and self.flare[0] <= day <= self.flare[1]


def write_stories(n_patients: int, *, days: int, seed: int) -> list[Story]:
    """What is true of each of these patients over these days?"""
    traits = _traits(n_patients, days=days, rng=np.random.default_rng([seed, 0]))
    kinds = [{str(name): kind for name, kind in record.items()} for record in traits.to_dict("records")]
    return [
        _story(kind, days=days, rng=np.random.default_rng([seed, number]))
        for number, kind in enumerate(kinds, start=1)]


def _traits(n_patients: int, *, days: int, rng: np.random.Generator) -> pd.DataFrame:
    """Who is of which kind: exact shares, in random order; the first patients enter first."""
    traits = pd.DataFrame({name: _spread(shares, n_patients, rng) for name, shares in _KINDS.items()})
    traits["entered"] = np.sort(working_day(rng.integers(0, int(days * _ENROLMENT_SHARE), n_patients)))
    early = max(1, round(n_patients * _EARLIEST_SHARE))
    returning = rng.choice(early, min(early, round(n_patients * _RETURNING_SHARE)), replace=False)
    traits.loc[returning, ["ending", "records", "flare", "pause"]] = ["returned", "complete", "none", "none"]
    traits.insert(0, "patient_id", [f"P-{number:04d}" for number in range(1, n_patients + 1)])
    return traits


def _spread(shares: dict[str, float], n: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """Labels in these shares, in random order: at least one of each where n allows."""
    edges = np.ceil(np.cumsum(list(shares.values())) * n - 1e-9).astype(int)
    return rng.permutation(np.repeat(list(shares), np.diff(np.minimum(edges, n), prepend=0)))


def _story(kinds: dict[str, Any], *, days: int, rng: np.random.Generator) -> Story:
    participation = _participation(kinds, days=days, rng=rng)
    spans, start = participation.spans, participation.start
    versions = _versions(kinds, spans, rng=rng)
    story = Story(
        patient_id=kinds["patient_id"], kinds=kinds, participation=participation, versions=versions,
        true_pain=_true_pain(kinds["course"], spans, days=days, rng=rng), sd=rng.uniform(*_SD),
        adherence=rng.uniform(*_ADHERENCE[kinds["adherence"]]), logged_share=rng.uniform(*_LOGGED_SHARE),
        missing_share=rng.uniform(*_MISSING_SHARE[kinds["missing"]]),
        hurting_exercise=_hurting_exercise(kinds, versions, start),
        scores_from=start + (int(rng.integers(*_LATE_BY)) if kinds["baseline"] == "late" else 0))
    return _with_flare(_with_pause(story, days=days, rng=rng), days=days, rng=rng)


def _participation(kinds: dict[str, Any], *, days: int, rng: np.random.Generator) -> Participation:
    entered, ending, last = kinds["entered"], kinds["ending"], days - 1
    drop_out, discharge, away = (int(rng.integers(*range_)) for range_ in (_DROP_OUT_AFTER, _DISCHARGED_AFTER, _AWAY))
    if ending == "returned":
        discharged = min(entered + _DISCHARGED_AFTER[0], last - 2 * away)
        back = int(working_day(discharged + away))
        return Participation(
            ending=ending, spans=((entered, discharged), (back, last)), discharged=discharged, returned=back)
    if ending == "drop_out" and (end := entered + drop_out) < last:
        return Participation(ending=ending, spans=((entered, end),), dropped_out=end)
    if ending == "discharged" and (end := entered + discharge) < last:
        return Participation(ending=ending, spans=((entered, end),), discharged=end)
    if ending == "plan_ended" and (end := entered + _PLAN_DAYS - 1) < last:
        return Participation(ending=ending, spans=((entered, end),))
    return Participation(ending="open", spans=((entered, last),))


def _true_pain(course: str, spans: tuple[Span, ...], *, days: int, rng: np.random.Generator) -> Pain:
    """Missing before the first day; a returning patient's course runs anew from the day of the return."""
    pain = np.full(days, np.nan)
    for first, _ in spans:
        pain[first:] = true_course(course, days - first, rng=rng)
    return pain


def _versions(kinds: dict[str, Any], spans: tuple[Span, ...], *, rng: np.random.Generator) -> tuple[Version, ...]:
    side = kinds["hip_side"]
    plans = [write_plan(first, last, hip_side=side, rng=rng) for first, last in spans]
    plans[1:] = [(replace(plan[0], new_episode=True), *plan[1:]) for plan in plans[1:]]
    versions = [version for plan in plans for version in plan]
    if kinds["records"] == "no_doses":
        versions = [without_doses(version) for version in versions]
    if kinds["ending"] == "plan_ended":
        versions[-1] = replace(versions[-1], last_day=spans[-1][0] + _PLAN_DAYS - 1)
    return tuple(versions)


def _with_pause(story: Story, *, days: int, rng: np.random.Generator) -> Story:
    first, last = story.participation.spans[-1]
    if story.kinds["pause"] == "none" or last - first < 42:
        return story
    if story.kinds["pause"] == "one" or last < days - 1:
        return replace(story, pauses=(take_pause(first + 14, last - 14, rng=rng),))
    return replace(story, pauses=(replace(take_pause(days - 14, days - 3, rng=rng), last_day=None),))


def _with_flare(story: Story, *, days: int, rng: np.random.Generator) -> Story:
    """A few days of much more pain, on top of the true course: once in the past, or on the last days."""
    first, last = story.participation.spans[-1]
    length, lift = int(rng.integers(*_FLARE_DAYS)), rng.uniform(*_FLARE_LIFT)
    if story.kinds["flare"] == "none" or last - first < 35:
        return story
    begins = int(rng.integers(first + 21, last - 10))
    if story.kinds["flare"] == "now" and last == days - 1:
        begins, length = last - 8, 9
    return replace(story, flare=(begins, begins + length - 1), flare_lift=lift)


def _hurting_exercise(kinds: dict[str, Any], versions: tuple[Version, ...], start: int) -> str | None:
    """One that stays in the plan from the first day of the course on."""
    doses = next(version.doses for version in versions if version.first_day == start)
    return doses[0].exercise if doses and kinds["scores"] == "exercises_one_hurts" else None
