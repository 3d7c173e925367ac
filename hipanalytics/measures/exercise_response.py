"""Exercises that hurt: the clinic's pain policy applied to the last scored sessions of each exercise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.measures.cells import session_stamps
from hipanalytics.measures.days import EQUAL_WITHIN, NEVER, Days, Mask, Numbers, in_blocks
from hipanalytics.measures.weeks import Panel

_OTHER_SCORES: Final = {
    "article": ("pain_during", "pain_after"),
    "nemex": ("pain_during", "pain_after", "pain_next_morning"),
    "silbernagel": ("pain_during", "pain_after"),
}
_NIGHT_SCORES: Final = {"silbernagel": ("pain_next_morning",)}
_WINDOWS_DAYS: Final = (28, 84, 252, NEVER)
"""How far back sessions are looked for, in steps: most exercises have enough of them in the first."""


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
    suspect = _suspects(cohort, panel, policy, stops)
    tables = []
    for window in _WINDOWS_DAYS:
        rows, group = _rows_of(cohort, panel, suspect, window)
        judged = _judged(_sessions(cohort, rows, group, policy), policy, sessions)
        settled = judged[(judged["sessions"] == sessions) | (window == NEVER)]
        suspect[settled["exercise_of_patient"].to_numpy()] = False
        tables.append(settled)
    return _named(pd.concat(tables), stops, cohort)


def _suspects(cohort: Cohort, panel: Panel, policy: PainPolicy, stops: int) -> Mask:
    """Per exercise of a patient: whether it has as many rows as `stops` on which the policy might say stop."""
    suspicion = np.zeros(len(panel.courses) * len(cohort.logs["exercise"].cat.categories) + 1, dtype=np.int64)
    for rows in in_blocks(len(cohort.logs)):
        group = _exercise_of_patient(cohort, panel, rows)
        np.add.at(suspicion, group[_may_say_stop(cohort.logs, rows, policy)], 1)
    suspicion[-1] = 0
    return suspicion >= stops


def _rows_of(cohort: Cohort, panel: Panel, suspect: Mask, window: int) -> tuple[Days, Days]:
    """The log rows of suspect exercises in the last days of each patient's log, and which exercise of whom they are."""
    found, groups = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    since = np.append(panel.last_row - window, NEVER)
    for rows in in_blocks(len(cohort.logs)):
        group = _exercise_of_patient(cohort, panel, rows)
        kept = np.flatnonzero(suspect[group] & (cohort.log_days[rows] > since[panel.row_patient[rows]]))
        found.append(rows.start + kept)
        groups.append(group[kept])
    return np.concatenate(found), np.concatenate(groups)


def _exercise_of_patient(cohort: Cohort, panel: Panel, rows: slice) -> Days:
    """A number per patient and exercise; -1 where a row is not used or has no exercise."""
    exercise = cohort.logs["exercise"].cat
    code, patient = exercise.codes.to_numpy()[rows], panel.row_patient[rows]
    return np.where((code >= 0) & (patient >= 0), patient * np.int64(len(exercise.categories)) + code, -1)


def _looked_at(logs: pd.DataFrame, policy: PainPolicy) -> list[str]:
    wanted = ("pain", *_OTHER_SCORES[policy.name], *_NIGHT_SCORES.get(policy.name, ()))
    return [name for name in wanted if name in logs]


def _may_say_stop(logs: pd.DataFrame, rows: slice, policy: PainPolicy) -> Mask:
    """Whether a row could make the policy say stop, whatever the pain at the start was."""
    lowest = {"article": 0.0, "nemex": policy.high_pain, "silbernagel": policy.moderate_pain}[policy.name]
    may = np.zeros(rows.stop - rows.start, dtype=bool)
    for name in _OTHER_SCORES[policy.name]:
        if name in logs:
            bound = policy.next_morning_points if name == "pain_next_morning" else lowest
            may |= logs[name].to_numpy()[rows] >= bound - EQUAL_WITHIN
    return may


def _sessions(cohort: Cohort, rows: Days, group: Days, policy: PainPolicy) -> dict[str, Numbers]:
    """Some rows by patient, exercise and session, in order: the mean `pain`, the highest of each other score."""
    logs = cohort.logs
    stamp = session_stamps(logs, rows)
    order = np.lexsort((stamp, group))
    group, stamp, rows = group[order], stamp[order], rows[order]
    begins = np.flatnonzero(np.append(True, (np.diff(group) != 0) | (np.diff(stamp) != 0))[: len(rows)])
    looked_at = {name: logs[name].to_numpy()[rows] for name in _looked_at(logs, policy)}
    pain = looked_at.pop("pain")
    rated = _sum_from(begins, (~np.isnan(pain)).astype(float))
    return {
        "exercise_of_patient": group[begins],
        "pain": np.divide(_sum_from(begins, np.nan_to_num(pain)), rated, out=np.full(len(rated), np.nan),
                          where=rated > 0),
        **{name: np.fmax.reduceat(score, begins) if len(begins) else score for name, score in looked_at.items()},
    }


def _sum_from(begins: Days, values: Numbers) -> Numbers:
    return np.add.reduceat(values, begins) if len(begins) else values


def _judged(by_session: dict[str, Numbers], policy: PainPolicy, sessions: int) -> pd.DataFrame:
    """Per patient and exercise: how many scored sessions were looked at, and in how many the policy says stop."""
    missing = np.full(len(by_session["pain"]), np.nan)
    worst = missing
    for name in _OTHER_SCORES[policy.name]:
        worst = np.fmax(worst, by_session.get(name, missing))
    scored = ~np.isnan(by_session["pain"]) & ~np.isnan(worst)
    table = pd.DataFrame({
        "exercise_of_patient": by_session["exercise_of_patient"], "pain": by_session["pain"], "worst": worst,
        "stops": _says_stop(by_session, policy),
    })[scored]
    last = table[_is_among_last(table["exercise_of_patient"].to_numpy(), sessions)]
    group = last["exercise_of_patient"].to_numpy()
    each, position = np.unique(group, return_inverse=True)
    latest_stop = last[last["stops"]].drop_duplicates("exercise_of_patient", keep="last").set_index(
        "exercise_of_patient")[["pain", "worst"]].reindex(each)
    return pd.DataFrame({
        "exercise_of_patient": each,
        "stops": np.bincount(position, weights=last["stops"], minlength=len(each)).astype(np.int64),
        "sessions": np.bincount(position, minlength=len(each)),
        "pain": latest_stop["pain"].to_numpy(), "worst": latest_stop["worst"].to_numpy(),
    })


def _is_among_last(group: Days, count: int) -> Mask:
    """Whether each element, in order of `group`, is among the last `count` of its group."""
    return np.append(group[count:] != group[:-count], np.ones(min(count, len(group)), dtype=bool))


def _says_stop(by_session: dict[str, Numbers], policy: PainPolicy) -> Mask:
    pain = by_session["pain"]
    missing = np.full(len(pain), np.nan)
    strain = [by_session.get(name, missing) for name in ("pain_during", "pain_after")]
    next_morning = by_session.get("pain_next_morning", missing)
    highest = np.fmax(*strain)
    above_start = highest > pain + EQUAL_WITHIN
    if policy.name == "article":
        return above_start
    high = above_start & (highest > policy.high_pain + EQUAL_WITHIN)
    if policy.name == "nemex":
        return high | (next_morning >= pain + policy.next_morning_points - EQUAL_WITHIN)
    moderate = np.any([
        (score >= policy.moderate_pain - EQUAL_WITHIN) & (score <= policy.high_pain + EQUAL_WITHIN)
        for score in strain], axis=0)
    return high | (moderate & (next_morning > pain + EQUAL_WITHIN))


def _named(judged: pd.DataFrame, stops: int, cohort: Cohort) -> pd.DataFrame:
    names = cohort.logs["exercise"].cat.categories
    hurting = judged[judged["stops"] >= stops]
    patient, exercise = np.divmod(hurting["exercise_of_patient"].to_numpy(dtype=np.int64), max(len(names), 1))
    found = hurting.assign(patient=patient, exercise=names.take(exercise) if len(names) else [])
    return found.sort_values(["patient", "exercise"], ignore_index=True)[
        ["patient", "exercise", "stops", "sessions", "pain", "worst"]]
