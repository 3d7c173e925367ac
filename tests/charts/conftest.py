"""One patient whose timeline can be worked out by hand, beside two whose data are thin."""

from __future__ import annotations

import pandas as pd
import pytest

from hipanalytics.cohort import Cohort
from hipanalytics.review import Review, review_cohort
from hipanalytics.tables import Patients, empty_table

# The weeks of P-1, from Monday 5 January 2026. Three sessions a week; from 2 February four.
#   1   5 Jan   7, 6, 8       three done
#   2  12 Jan   6, 5          two done
#   3  19 Jan   (pause)
#   4  26 Jan   nothing logged
#   5   2 Feb   4, -, 5, 4, 3 five done, one without a score
#   6   9 Feb   -             one done, without a score
#   7  16 Feb   3             one done
#   8  23 Feb   2             in progress on the 24th
P_1 = [
    ("2026-01-05", 7), ("2026-01-07", 6), ("2026-01-09", 8), ("2026-01-12", 6), ("2026-01-14", 5),
    ("2026-02-02", 4), ("2026-02-03", None), ("2026-02-05", 5), ("2026-02-06", 4), ("2026-02-08", 3),
    ("2026-02-10", None), ("2026-02-17", 3), ("2026-02-24", 2),
]
NO_SCORES = [("2026-02-03", None), ("2026-02-05", None)]
NO_PLAN = [("2026-02-20", 10)]


def cohort_of(patients: dict[str, list[tuple[str, float | None]]]) -> Cohort:
    rows = [(patient, pd.Timestamp(day), pain) for patient, days in patients.items() for day, pain in days]
    logs = pd.DataFrame(rows, columns=["patient_id", "performed_at", "pain"])
    logs = logs.assign(
        patient_id=logs["patient_id"].astype("category"), pain=logs["pain"].astype(float), has_time=False,
        exercise=pd.Categorical(["hip_flexion"] * len(logs)), done=pd.array([True] * len(logs), dtype="boolean"))
    return Cohort(
        logs=logs, plans=_plans(), prescriptions=_prescriptions(), patients=_patients(),
        pauses=pd.DataFrame({
            "patient_id": ["P-1"], "start": pd.to_datetime(["2026-01-19"]), "end": pd.to_datetime(["2026-01-25"]),
            "reason": ["a <b>cold</b>"]}))


def _plans() -> pd.DataFrame:
    return pd.DataFrame({
        "patient_id": ["P-1", "P-1", "NO-SCORES"],
        "valid_from": pd.to_datetime(["2026-01-05", "2026-02-02", "2026-02-02"]),
        "sessions_per_week": [3, 4, 3], "valid_to": pd.to_datetime([None] * 3), "new_episode": False})


def _prescriptions() -> pd.DataFrame:
    doses = [
        ("2026-01-05", "hip_flexion", "both", 1), ("2026-01-05", "mini_squat", "both", 1),
        ("2026-02-02", "hip_flexion", "both", 2), ("2026-02-02", "hip_abduction", "right", 1)]
    table = pd.DataFrame(doses, columns=["valid_from", "exercise", "side", "sets"])
    return table.assign(
        patient_id="P-1", valid_from=pd.to_datetime(table["valid_from"]), sets=table["sets"].astype(float), reps=10.0,
        hold_s=float("nan"), load_kg=float("nan"))


def _patients() -> pd.DataFrame:
    known = empty_table(Patients).reindex(range(1))
    return known.assign(patient_id=["P-1"], hip_side=["left"])


@pytest.fixture(scope="session")
def review() -> Review:
    return review_cohort(cohort_of({"P-1": P_1, "NO-SCORES": NO_SCORES, "NO-PLAN": NO_PLAN}))
