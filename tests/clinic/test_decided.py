"""A cohort whose decisions come back from the clinic is the cohort that came from the files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from hipanalytics.clinic.clinic import Clinic
from hipanalytics.clinic.decisions.files import import_decisions
from hipanalytics.clinic.decisions.records import PatientFacts, PlanVersion, RedFlagAnswer
from hipanalytics.clinic.decisions.saving import add_patient, save, withdraw
from hipanalytics.clinic.decisions.tables import decided_tables
from hipanalytics.clinic.session import Session
from hipanalytics.cohort import Cohort, check_cohort
from hipanalytics.importers import load_cohort
from hipanalytics.tables import TABLES, empty_table

EXAMPLE = Path(__file__).resolve().parents[2] / "data" / "example"
RED_FLAGS = """patient_id,answered_on,question,positive,acknowledged_on
P-0002,2026-01-05,"Night pain, at rest?",yes,2026-01-06
P-0002,2026-01-05,,yes,
P-0001,2026-01-07,Fiebér?,no,
"""
ORDER = ["patient_id", "valid_from", "start", "answered_on", "exercise", "side", "reps", "question"]


@pytest.fixture
def session(clinic: Clinic) -> Session:
    return clinic.session


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values([name for name in ORDER if name in table], ignore_index=True)


def decided(session: Session, *patients: str) -> dict[str, pd.DataFrame]:
    with session.database.reading() as connection:
        return decided_tables(connection, patients or None)


def test_a_new_clinic_has_decided_nothing(session: Session) -> None:
    for name, table in decided(session).items():
        assert_frame_equal(table, empty_table(TABLES[name]), check_index_type=False)


def test_files_and_clinic_give_the_same_cohort(session: Session, tmp_path: Path) -> None:
    answers = tmp_path / "red_flags.csv"
    answers.write_text(RED_FLAGS, encoding="utf-8")
    files = {name: EXAMPLE / f"{name}.csv" for name in ("plans", "pauses", "patients")} | {"red_flags": answers}
    cohort, _ = load_cohort(EXAMPLE / "logs.csv", **files)  # type: ignore[arg-type]
    for name, file in files.items():
        receipt, report = import_decisions(session, file, name)
        assert (receipt.rows_new, receipt.rows_known) == (report.accepted, 0)
    tables = decided(session)
    check_cohort(Cohort(cohort.logs, **tables))
    assert sorted(tables) == ["patients", "pauses", "plans", "prescriptions", "red_flags"]
    for name, table in tables.items():
        assert_frame_equal(ordered(table), ordered(getattr(cohort, name)))
    some = decided(session, "P-0002", "P-0001", "P-9999")
    for name, table in some.items():
        whole = getattr(cohort, name)
        assert_frame_equal(ordered(table), ordered(whole[whole["patient_id"].isin(["P-0001", "P-0002"])]))


def test_what_is_withdrawn_is_in_no_table(session: Session) -> None:
    add_patient(session, "P1", PatientFacts(clinician="Zoë"))
    add_patient(session, "P2")
    plan = PlanVersion(valid_from="2026-03-02", sessions_per_week=3, exercises=[{"exercise": "squat"}])  # type: ignore[arg-type]
    save(session, "P1", plan, base=0)
    save(session, "P1", RedFlagAnswer(answered_on="2026-03-02", positive=True, what_was_done="GP"), base=0)
    before = decided(session)
    assert before["plans"].to_dict("records") == [{
        "patient_id": "P1", "valid_from": pd.Timestamp("2026-03-02"), "sessions_per_week": 3, "valid_to": pd.NaT,
        "new_episode": False}]
    assert before["prescriptions"]["exercise"].tolist() == ["squat"]
    assert before["patients"]["clinician"].fillna("-").tolist() == ["Zoë", "-"]
    assert before["red_flags"].loc[0, "positive"]
    withdraw(session, "P1", "plan", "2026-03-02", base=1)
    after = decided(session)
    assert [len(after[name]) for name in ("plans", "prescriptions", "patients", "red_flags")] == [0, 0, 2, 1]
