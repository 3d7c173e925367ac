"""Simulated patients of known truth, to see what an alert finds and what it raises for nothing.

Fixed before any rule was tried on it. Every patient has a true course, a within-person SD of .9 to 1.6, noise that
follows itself by .17 from day to day, three session days a week, and logs 60 to 100% of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hipanalytics.cohort import Cohort
from hipanalytics.simulator.noise import Pain, simulate_pain

FIRST_DAY: Final = dt.date(2026, 1, 5)
WEEK_12: Final = 83
_SESSION_DAYS: Final = np.array([0, 2, 4])
_SD, _LOGGED_SHARE = (0.9, 1.6), (0.6, 1.0)
_FIRST_MINUTE, _LAST_MINUTE = 7 * 60, 20 * 60
_MINUTES_OFF_HABIT: Final = 45
_EXERCISE: Final = "hip_flexion"

Course = Callable[[int, int, np.random.Generator], Pain]
"""From the number of patients, the number of days and chance, to the true pain of each patient on each day."""


def simulate_trial_patients(
    n_patients: int, *, group: str, weeks: int = 26, seed: int, first_day: dt.date = FIRST_DAY
) -> tuple[Cohort, pd.DataFrame]:
    """What would patients of this true course log, if all of them started on the same day?

    Parameters: group, one of `TRIAL_GROUPS`; weeks, 12 or more.
    Returns: the cohort (a row for each logged session, a plan of three sessions a week), and the truth, a row each:
        patient_id, group, true_pain_start, true_pain_week_12, true_change (NRS), within_person_sd, logged_share.
    """
    rng = np.random.default_rng([seed, list(TRIAL_GROUPS).index(group)])
    days = weeks * 7
    true_pain = TRIAL_GROUPS[group](n_patients, days, rng)
    sd, logged_share = rng.uniform(*_SD, n_patients), rng.uniform(*_LOGGED_SHARE, n_patients)
    scores = simulate_pain(true_pain, sd=sd, rng=rng)
    patient, day = np.nonzero(_logged(n_patients, days, logged_share, rng))
    ids = pd.Index([f"{group}-{number:04d}" for number in range(1, n_patients + 1)], dtype="str")
    cohort = Cohort(
        logs=_logs(ids, patient, _performed_at(patient, day, n_patients, first_day, rng), scores[patient, day]),
        plans=_plans(ids, first_day))
    start, week_12 = true_pain[:, 0], true_pain[:, WEEK_12]
    return cohort, pd.DataFrame({
        "patient_id": ids, "group": group, "true_pain_start": start, "true_pain_week_12": week_12,
        "true_change": week_12 - start, "within_person_sd": sd, "logged_share": logged_share,
    })


def _logged(n_patients: int, days: int, share: Pain, rng: np.random.Generator) -> NDArray[np.bool_]:
    first_weekday = rng.integers(0, 7, n_patients)
    due = np.isin((np.arange(days) + first_weekday[:, np.newaxis]) % 7, _SESSION_DAYS)
    return due & (rng.random((n_patients, days)) < share[:, np.newaxis])


def _performed_at(
    patient: NDArray[np.int64], day: NDArray[np.int64], n_patients: int, first_day: dt.date, rng: np.random.Generator
) -> Any:
    habit = rng.integers(_FIRST_MINUTE, _LAST_MINUTE, n_patients)
    minute = habit[patient] + rng.integers(-_MINUTES_OFF_HABIT, _MINUTES_OFF_HABIT + 1, len(patient))
    return np.datetime64(first_day, "us") + day.astype("timedelta64[D]") + minute.astype("timedelta64[m]")


def _logs(ids: pd.Index[Any], patient: NDArray[np.int64], performed_at: Any, pain: Pain) -> pd.DataFrame:
    return pd.DataFrame({
        "patient_id": pd.Categorical.from_codes(patient, categories=ids),
        "performed_at": performed_at,
        "has_time": True,
        "exercise": pd.Categorical.from_codes(np.zeros(len(patient), dtype=int), categories=pd.Index([_EXERCISE])),
        "done": pd.array(np.ones(len(patient), dtype=bool), dtype="boolean"),
        "pain": pain,
    })


def _plans(ids: pd.Index[Any], first_day: dt.date) -> pd.DataFrame:
    return pd.DataFrame({
        "patient_id": ids,
        "valid_from": pd.Timestamp(first_day).as_unit("us"),
        "sessions_per_week": len(_SESSION_DAYS),
        "valid_to": pd.Series(pd.NaT, index=range(len(ids)), dtype="datetime64[us]"),
        "new_episode": False,
    })


# True courses

def _linear(start: Pain, change: Pain, days: int, *, begins: float | Pain, reached: float | Pain) -> Pain:
    """The change begins and is reached, in a straight line, at these weeks; then it stays."""
    first, last = (np.reshape(np.asarray(week, dtype=float) * 7, (-1, 1)) for week in (begins, reached))
    share = np.clip((np.arange(days) - first) / (last - first), 0.0, 1.0)
    true_pain: Pain = start[:, np.newaxis] + change[:, np.newaxis] * share
    return true_pain


def _improver(n: int, days: int, rng: np.random.Generator) -> Pain:
    return _linear(rng.uniform(4, 8, n), -rng.uniform(2, 4, n), days, begins=0, reached=rng.uniform(4, 9, n))


def _improver_from_week_4(n: int, days: int, rng: np.random.Generator) -> Pain:
    return _linear(rng.uniform(4, 8, n), -rng.uniform(2, 4, n), days, begins=4, reached=9)


def _non_improver(n: int, days: int, rng: np.random.Generator) -> Pain:
    return _linear(rng.uniform(4, 8, n), rng.uniform(-0.5, 0.5, n), days, begins=0, reached=12)


def _worsener(n: int, days: int, rng: np.random.Generator) -> Pain:
    return _linear(rng.uniform(3, 7, n), rng.uniform(2, 3, n), days, begins=0, reached=rng.uniform(4, 9, n))


def _worsener_from_week_4(n: int, days: int, rng: np.random.Generator) -> Pain:
    return _linear(rng.uniform(3, 7, n), rng.uniform(2, 3, n), days, begins=4, reached=9)


def _unchanging(pain: float) -> Course:
    return lambda n, days, rng: np.full((n, days), pain)


def _seven_to_five(n: int, days: int, rng: np.random.Generator) -> Pain:
    return _linear(np.full(n, 7.0), np.full(n, -2.0), days, begins=0, reached=12)


def _six_to_three(n: int, days: int, rng: np.random.Generator) -> Pain:
    """Falls by half of what is left every three weeks."""
    return np.tile(3 + 3 * 0.5 ** (np.arange(days) / 21), (n, 1))


TRIAL_GROUPS: Final[dict[str, Course]] = {
    "improver": _improver,
    "non_improver": _non_improver,
    "worsener": _worsener,
    "unchanging_2": _unchanging(2.0),
    "unchanging_5": _unchanging(5.0),
    "improver_from_week_4": _improver_from_week_4,
    "worsener_from_week_4": _worsener_from_week_4,
    "seven_to_five": _seven_to_five,
    "six_to_three": _six_to_three,
}
"""The true courses. Improvers fall by 2-4, worseners rise by 2-3, in a straight line that begins at the start and is
reached at some week between 4 and 9; `_from_week_4`: that begins at week 4 and is reached at week 9. Non-improvers move
by at most .5 and stay above 3.5. Harder shapes: 7 to 5 in a straight line over 12 weeks, and an exponential fall from 6
towards 3."""
