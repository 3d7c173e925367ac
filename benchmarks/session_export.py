"""Writes what a clinic's database would export: session logs, plans and pauses as Parquet, of any size."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_PATIENT = 255
LAST_DAY = int(np.datetime64("2025-06-30").astype(np.int64))
EXERCISES = [
    "knee-lift", "external-hip-rotation", "double-hip-rotation", "hip-and-lower-back-stretch", "hip-flexion",
    "hip-extension", "hip-abduction", "heel-to-buttock", "mini-squat", "short-arc-quadriceps", "quadriceps-exercise",
    "bridging", "chair-stand", "abdominal-exercise",
]
MICROSECONDS = 1_000_000
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Caseload:
    """Patients with rolling starts, on average a year before the last day."""

    ids: pa.Array
    start: Whole
    weeks: Whole
    weeks_logged: Whole
    share_logged: npt.NDArray[np.float64]
    first_rated_week: Whole


def draw_caseload(patients: int, rng: np.random.Generator) -> Caseload:
    start = LAST_DAY - rng.integers(39 * 7, 65 * 7, patients)
    weeks = (LAST_DAY - start) // 7 + 1
    stays = rng.random(patients) > 0.08
    share = np.where(rng.random(patients) < 0.01, 0.0, rng.uniform(0.6, 1.0, patients))
    late = np.where(rng.random(patients) < 0.03, rng.integers(4, 12, patients), 0)
    ids = pa.array([f"p{number:06d}" for number in rng.permutation(patients)])
    return Caseload(ids, start, weeks, np.where(stays, weeks, rng.integers(4, weeks)), share, late)


def draw_logs(caseload: Caseload, rng: np.random.Generator, *, by_patient: bool) -> pa.Table:
    """Three sessions a week of which 60-100% are logged, about two exercises each, some scores missing."""
    patient, day = _session_days(caseload, rng)
    moment = day * 86_400 + rng.integers(7 * 3600, 17 * 3600, len(day))
    again = np.flatnonzero(rng.random(len(day)) < 0.03)
    patient = np.concatenate([patient, patient[again]])
    moment = np.concatenate([moment, moment[again] + rng.integers(3600, 4 * 3600, len(again))])
    order = np.lexsort((moment, patient)) if by_patient else np.argsort(moment, kind="stable")
    patient, moment = patient[order], moment[order]
    return _exercise_rows(caseload, patient, moment, rng)


def _session_days(caseload: Caseload, rng: np.random.Generator) -> tuple[Whole, Whole]:
    patient = np.repeat(np.arange(len(caseload.start)), 3 * caseload.weeks_logged)
    first = np.repeat(np.cumsum(3 * caseload.weeks_logged) - 3 * caseload.weeks_logged, 3 * caseload.weeks_logged)
    week, slot = np.divmod(np.arange(len(patient)) - first, 3)
    day = caseload.start[patient] + 7 * week + 2 * slot + rng.integers(0, 2, len(patient))
    kept = (rng.random(len(patient)) < caseload.share_logged[patient]) & (day <= LAST_DAY)
    return patient[kept], day[kept]


def _exercise_rows(caseload: Caseload, patient: Whole, moment: Whole, rng: np.random.Generator) -> pa.Table:
    day, sessions = moment // 86_400, len(patient)
    week = (day - caseload.start[patient]) // 7
    at_start, fall = rng.uniform(3, 7, len(caseload.start)), rng.uniform(-1, 4, len(caseload.start))
    level = at_start[patient] - fall[patient] * week / 52
    pain = np.clip(np.rint(level + rng.normal(0, 1.2, sessions)), 0, 10)
    unrated = (rng.random(sessions) < 0.12) | (week < caseload.first_rated_week[patient])
    number = rng.choice([1, 2, 3], sessions, p=[0.2, 0.5, 0.3])
    row = np.repeat(np.arange(sessions), number)
    first_exercise = rng.integers(0, len(EXERCISES), sessions)
    exercise = (first_exercise[row] + np.arange(len(row))) % len(EXERCISES)
    scored = np.clip(pain[row] + (rng.random(len(row)) < 0.05), 0, 10)
    return pa.table({
        "patient_id": pa.DictionaryArray.from_arrays(patient[row].astype(np.int32), caseload.ids).cast(pa.string()),
        "performed_at": pa.array(moment[row] * MICROSECONDS).cast(pa.timestamp("us")),
        "exercise": pa.DictionaryArray.from_arrays(exercise.astype(np.int32), pa.array(EXERCISES)).cast(pa.string()),
        "done": pa.array(rng.random(len(row)) < 0.97, mask=rng.random(len(row)) < 0.02),
        "pain": pa.array(scored, mask=unrated[row]),
        "pain_during": _later_score(scored, 0.3, rng),
        "pain_after": _later_score(scored, 0.4, rng),
    })


def _later_score(scored: npt.NDArray[np.float64], missing: float, rng: np.random.Generator) -> pa.Array:
    later = np.clip(scored + rng.choice([-1, 0, 1, 2], len(scored), p=[0.15, 0.6, 0.2, 0.05]), 0, 10)
    return pa.array(later, mask=rng.random(len(scored)) < missing)


def draw_plans(caseload: Caseload, rng: np.random.Generator) -> pa.Table:
    """One version for each patient, and a second one on any day of the course for half of them."""
    changed = np.flatnonzero(rng.random(len(caseload.start)) < 0.5)
    patient = np.concatenate([np.arange(len(caseload.start)), changed])
    later = caseload.start[changed] + rng.integers(1, 7 * caseload.weeks[changed])
    return pa.table({
        "patient_id": caseload.ids.take(pa.array(patient)),
        "valid_from": _dates(np.concatenate([caseload.start, later])),
        "sessions_per_week": np.concatenate([np.full(len(caseload.start), 3), rng.integers(1, 6, len(changed))]),
    })


def draw_pauses(caseload: Caseload, rng: np.random.Generator) -> pa.Table:
    """A quarter of the patients have a pause, some two that may overlap; one in twenty is still open."""
    patients = len(caseload.start)
    patient = np.concatenate([np.flatnonzero(rng.random(patients) < 0.2), np.flatnonzero(rng.random(patients) < 0.1)])
    first = caseload.start[patient] + rng.integers(0, 7 * caseload.weeks[patient])
    still_open = rng.random(len(patient)) < 0.05
    return pa.table({
        "patient_id": caseload.ids.take(pa.array(patient)),
        "start": _dates(first),
        "end": _dates(first + rng.integers(2, 28, len(patient)), missing=still_open),
    })


def _dates(day: Whole, missing: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(day.astype(np.int32), mask=missing).cast(pa.date32())


def write_export(folder: Path, rows: int, *, by_patient: bool) -> int:
    """Write logs.parquet, plans.parquet and pauses.parquet; the same numbers for the same size."""
    rng = np.random.default_rng(20_250_630)
    caseload = draw_caseload(max(rows // ROWS_PER_PATIENT, 1), rng)
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(draw_plans(caseload, rng), folder / "plans.parquet")
    pq.write_table(draw_pauses(caseload, rng), folder / "pauses.parquet")
    logs = draw_logs(caseload, rng, by_patient=by_patient)
    pq.write_table(logs, folder / "logs.parquet")
    return int(logs.num_rows)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("rows", type=int)
    options.add_argument("--by-patient", action="store_true", help="sorted by patient; otherwise in time order")
    asked = options.parse_args()
    print(write_export(asked.folder, asked.rows, by_patient=asked.by_patient))


if __name__ == "__main__":
    main()
