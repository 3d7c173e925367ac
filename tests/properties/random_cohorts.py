"""Cohorts drawn at random, dense in borderline cases, as plain rows and as a `Cohort`."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.tables import Patients, Pauses, Plans, RedFlags, empty_table

Row = dict[str, Any]
FIRST_DAY = dt.date(2024, 1, 15)
EXERCISES = ["bridging", "knee_lift", "mini_squat"]


@dataclass
class PlainCohort:
    logs: list[Row]
    plans: list[Row]
    pauses: list[Row]
    patients: list[Row]
    red_flags: list[Row]

    def cohort(self) -> Cohort:
        return Cohort(
            logs=logs_table(self.logs),
            plans=_table(self.plans, empty_table(Plans)),
            pauses=_table(self.pauses, empty_table(Pauses)),
            patients=_table(self.patients, empty_table(Patients)),
            red_flags=_table(self.red_flags, empty_table(RedFlags)),
        )


def logs_table(rows: list[Row]) -> pd.DataFrame:
    """Checked logs, built from plain rows without the door."""
    stamps = [row["performed_at"] for row in rows]
    scores = ["pain", "pain_during", "pain_after", "pain_next_morning"]
    return pd.DataFrame({
        "patient_id": pd.Categorical(pd.Series([row["patient_id"] for row in rows], dtype="str")),
        "performed_at": pd.Series([pd.Timestamp(stamp) for stamp in stamps], dtype="datetime64[us]"),
        "has_time": pd.Series([isinstance(stamp, dt.datetime) for stamp in stamps], dtype=bool),
        "exercise": pd.Categorical(pd.Series([row.get("exercise") for row in rows], dtype="str")),
        "done": pd.array([row.get("done") for row in rows], dtype="boolean"),
        **{score: pd.Series([row.get(score) for row in rows], dtype=float) for score in scores},
    })


def _table(rows: list[Row], empty: pd.DataFrame) -> pd.DataFrame:
    if not rows:
        return empty
    table = pd.DataFrame({name: [row.get(name) for row in rows] for name in empty})
    return table.astype({name: empty[name].dtype for name in empty})


def random_cohort(seed: int) -> PlainCohort:
    rng = random.Random(seed)
    found = PlainCohort([], [], [], [], [])
    for number in range(rng.choice([1, 3, 6])):
        _add_patient(f"P{number}", rng, found)
    rng.shuffle(found.logs)
    return found


def _add_patient(patient: str, rng: random.Random, found: PlainCohort) -> None:
    begin = FIRST_DAY + dt.timedelta(days=rng.randrange(0, 30))
    length = rng.choice([1, 5, 20, 45, 60, 95, 110, 130])
    _add_logs(patient, begin, length, rng, found.logs)
    _add_plans(patient, begin, length, rng, found.plans)
    for _ in range(rng.choice([0, 0, 1, 2])):
        start = begin + dt.timedelta(days=rng.randrange(-10, length + 10))
        end = start + dt.timedelta(days=rng.randrange(0, 25)) if rng.random() < 0.8 else None
        found.pauses.append({"patient_id": patient, "start": start, "end": end})
    if rng.random() < 0.4:
        found.patients.append({
            "patient_id": patient,
            "programme_start": begin + dt.timedelta(days=rng.randrange(-20, 40)) if rng.random() < 0.6 else None,
            "discharged_on": begin + dt.timedelta(days=rng.randrange(5, length + 30)) if rng.random() < 0.4 else None})
    if rng.random() < 0.1:
        answered = begin + dt.timedelta(days=rng.randrange(0, length + 5))
        acknowledged = answered + dt.timedelta(days=rng.randrange(0, 20)) if rng.random() < 0.5 else None
        found.red_flags.append({"patient_id": patient, "answered_on": answered, "positive": rng.random() < 0.7,
                                "acknowledged_on": acknowledged})


def _add_logs(patient: str, begin: dt.date, length: int, rng: random.Random, logs: list[Row]) -> None:
    level, change = rng.choice([(0.0, 0.0), (2.0, 3.0), (3.5, 0.0), (5.0, 0.0), (4.0, 5.0), (7.0, -3.0), (9.5, -3.0)])
    drift = change / max(length, 1)
    step = rng.choice([1.0, 0.5, 1 / 3])
    density, rated = rng.choice([0.08, 0.3, 0.45, 0.6]), rng.choice([0.3, 0.9])
    with_exercise = rng.choice([0.0, 0.7, 1.0])
    spread = rng.choice([0.0, 1.0, 2.0])
    last_burst = rng.choice([0.0, 0.0, 3.0])
    for offset in range(length):
        if rng.random() > density:
            continue
        for _ in range(rng.choice([1, 1, 1, 2])):
            day = begin + dt.timedelta(days=offset)
            hour = rng.choice([None, None, 0, 9, 18])
            stamp = day if hour is None else dt.datetime(day.year, day.month, day.day, hour)
            burst = last_burst if offset > length - 8 else 0
            for _ in range(rng.choice([1, 1, 2, 3])):
                pain = _score(level + drift * offset + burst + rng.gauss(0, spread), step)
                exercise = rng.choice(EXERCISES) if rng.random() < with_exercise else None
                logs.append({
                    "patient_id": patient, "performed_at": stamp, "exercise": exercise,
                    "done": rng.choice([True, True, True, False, None]) if exercise or rng.random() < 0.1 else None,
                    "pain": pain if rng.random() < rated else None,
                    "pain_during": _score(pain + rng.choice([-1, 0, 1, 2]), step) if rng.random() < 0.6 else None,
                    "pain_after": _score(pain + rng.choice([-1, 0, 1, 2]), step) if rng.random() < 0.4 else None,
                    "pain_next_morning": _score(pain + rng.choice([-1, 0, 2]), step) if rng.random() < 0.3 else None})


def _score(value: float, step: float) -> float:
    return min(10.0, max(0.0, round(value / step) * step))


def _add_plans(patient: str, begin: dt.date, length: int, rng: random.Random, plans: list[Row]) -> None:
    days = sorted(rng.sample(range(-15, length + 20), rng.choice([0, 1, 1, 2, 3])))
    for day in days:
        valid_from = begin + dt.timedelta(days=day)
        plans.append({
            "patient_id": patient, "valid_from": valid_from, "sessions_per_week": rng.choice([1, 2, 3, 3, 5, 7]),
            "valid_to": valid_from + dt.timedelta(days=rng.randrange(0, 60)) if rng.random() < 0.3 else None,
            "new_episode": rng.random() < 0.15})
