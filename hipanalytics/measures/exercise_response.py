"""Exercises that hurt: the clinic's pain policy applied to the last scored sessions of each exercise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.measures.days import EQUAL_WITHIN, NEVER, Days, Mask
from hipanalytics.measures.weeks import Panel

_OTHER_SCORES: Final = {
    "article": ("pain_during", "pain_after"),
    "nemex": ("pain_during", "pain_after", "pain_next_morning"),
    "silbernagel": ("pain_during", "pain_after"),
}
_NIGHT_SCORES: Final = {"silbernagel": ("pain_next_morning",)}
_RECENT_DAYS: Final = 21


@dataclass(frozen=True)
class PainPolicy:
    """The rule by which an exercise is said to hurt, and its numbers."""

    name: str
    high_pain: float
    moderate_pain: float
    next_morning_points: float


def find_aggravating_exercises(
    cohort: Cohort, panel: Panel, policy: PainPolicy, *, sessions: int, stops: int,
) -> pd.DataFrame:
    """Which exercises hurt which patient?

    Rule: per patient and exercise, the last `sessions` sessions with the scores that the policy takes (`pain` and at
    least one of the others that it looks at); named where the policy says stop in `stops` of them. Only scores on
    rows of that exercise count: a score given once for a whole session speaks of the session. Where an exercise has
    several rows in a session (sides, sets), the start is their mean `pain` and the others are the highest.
    Missing: a part of the policy whose score is missing does not say stop.
    Returns: one row per patient and exercise that hurts: patient (position in courses), exercise, stops, sessions,
    pain (at the start of the latest stop), worst (the highest other score in it).
    """
    rows = _scored_rows(cohort, panel, policy)
    if rows.empty:
        return _named(_judged(rows, policy, sessions), stops, cohort)
    recent = rows["day"] > panel.last_row[rows["patient"]] - _RECENT_DAYS
    judged = _judged(rows[recent], policy, sessions)
    settled = judged.loc[judged["sessions"] == sessions, "exercise_of_patient"]
    older = rows[~_contains(rows["exercise_of_patient"], settled)]
    judged = pd.concat([judged[judged["sessions"] == sessions], _judged(older, policy, sessions)])
    return _named(judged, stops, cohort)


def _scored_rows(cohort: Cohort, panel: Panel, policy: PainPolicy) -> pd.DataFrame:
    """The rows from start to as_of that have an exercise and the scores that the policy takes."""
    logs = cohort.logs
    needed = [name for name in _OTHER_SCORES[policy.name] if name in logs]
    night = [name for name in _NIGHT_SCORES.get(policy.name, ()) if name in logs]
    if not needed:
        return pd.DataFrame(columns=["patient", "exercise", "exercise_of_patient", "day", "stamp", "pain", *needed])
    exercise = logs["exercise"].cat.codes.to_numpy()
    names = logs["patient_id"].cat
    patient = pd.Index(panel.courses["patient_id"]).get_indexer(names.categories)[names.codes.to_numpy()]
    day = cohort.log_days
    used = (exercise >= 0) & (day >= np.append(panel.start, NEVER)[patient])
    used &= day <= np.append(panel.as_of, -NEVER)[patient]
    used &= np.any([logs[name].notna().to_numpy() for name in ["pain", *needed, *night]], axis=0)
    rows = pd.DataFrame({
        "patient": patient[used],
        "exercise": exercise[used],
        "exercise_of_patient": patient[used] * len(logs["exercise"].cat.categories) + exercise[used],
        "day": day[used],
        "stamp": _stamps(logs)[used],
        "pain": logs["pain"].to_numpy()[used],
    })
    return rows.assign(**{name: logs[name].to_numpy()[used] for name in [*needed, *night]})


def _stamps(logs: pd.DataFrame) -> Days:
    """A number per moment, in order; a date alone comes before the times of its day."""
    stamp: Days = logs["performed_at"].to_numpy().astype("datetime64[us]").astype(np.int64)
    return 2 * stamp + logs["has_time"].to_numpy()


def _contains(values: pd.Series, some: pd.Series) -> Mask:
    inside = np.zeros(int(values.max()) + 1, dtype=bool)
    inside[some.to_numpy(dtype=np.int64)] = True
    return inside[values.to_numpy()]


def _judged(rows: pd.DataFrame, policy: PainPolicy, sessions: int) -> pd.DataFrame:
    """Per patient and exercise: how many scored sessions were looked at, and in how many the policy says stop."""
    scores = {name: "max" for name in rows.columns if name.startswith("pain_")}
    by_session = rows.groupby(["exercise_of_patient", "stamp"], sort=True).agg(
        {"patient": "first", "exercise": "first", "pain": "mean", **scores}).reset_index()
    worst = by_session[[name for name in _OTHER_SCORES[policy.name] if name in by_session]].max(axis=1)
    by_session = by_session.assign(worst=worst, stops=_says_stop(by_session, policy))
    scored = by_session[by_session["pain"].notna() & worst.notna()]
    last = scored.groupby("exercise_of_patient").tail(sessions)
    latest_stop = last[last["stops"]].groupby("exercise_of_patient")[["pain", "worst"]].last()
    return last.groupby("exercise_of_patient").agg(
        patient=("patient", "first"), exercise=("exercise", "first"),
        stops=("stops", "sum"), sessions=("stops", "size"),
    ).join(latest_stop).reset_index()


def _says_stop(by_session: pd.DataFrame, policy: PainPolicy) -> pd.Series:
    pain = by_session["pain"]
    missing = pd.Series(np.nan, index=by_session.index)
    strain = [by_session.get(name, missing) for name in ("pain_during", "pain_after")]
    next_morning = by_session.get("pain_next_morning", missing)
    highest = pd.concat(strain, axis=1).max(axis=1)
    above_start = highest > pain + EQUAL_WITHIN
    if policy.name == "article":
        return above_start
    high = above_start & (highest > policy.high_pain + EQUAL_WITHIN)
    if policy.name == "nemex":
        return high | (next_morning >= pain + policy.next_morning_points - EQUAL_WITHIN)
    moderate = pd.concat([
        (score >= policy.moderate_pain - EQUAL_WITHIN) & (score <= policy.high_pain + EQUAL_WITHIN)
        for score in strain], axis=1).any(axis=1)
    return high | (moderate & (next_morning > pain + EQUAL_WITHIN))


def _named(judged: pd.DataFrame, stops: int, cohort: Cohort) -> pd.DataFrame:
    hurting = judged[judged["stops"] >= stops]
    names = cohort.logs["exercise"].cat.categories
    found = hurting.assign(exercise=names.take(hurting["exercise"].to_numpy(dtype=np.int64)))
    return found.sort_values(["patient", "exercise"], ignore_index=True)[
        ["patient", "exercise", "stops", "sessions", "pain", "worst"]]
