"""Faults that users and readers found, each with the rule that it broke."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hipanalytics.clinic.care.erasure import erase
from hipanalytics.clinic.care.names import find_pseudonym
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.clinic.decisions.records import PlanVersion
from hipanalytics.errors import BusyError, ClinicError
from hipanalytics.importers import MappingProfile

HEADER = "patient_id,performed_at,exercise,pain\n"
MARCH = dt.date(2026, 3, 31)
PLAN = PlanVersion(valid_from=dt.date(2026, 3, 16), sessions_per_week=3)
AHV = "756.9217.0769.85"


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def starts(clinic: Clinic) -> list[str]:
    return clinic.cohort().patients["programme_start"].dt.strftime("%Y-%m-%d").tolist()


def test_an_assumed_start_follows_the_log_that_stands(clinic: Clinic, home: Path) -> None:
    wrong = clinic.import_logs(write(home / "wrong.csv", "P1,2025-01-05,bridge,3"), today=MARCH)[0].import_id
    clinic.import_logs(write(home / "right.csv", "P1,2026-03-02,bridge,3"), today=MARCH)
    clinic.save("P1", PLAN, base=0)
    assert starts(clinic) == ["2025-01-05"]
    clinic.undo_import(wrong, "somebody else's")
    assert starts(clinic) == ["2026-03-02"]


def test_no_correction_leads_to_an_erased_patient(clinic: Clinic, home: Path) -> None:
    clinic.import_logs(write(home / "a.csv", "HP0001,2026-03-01,bridge,3", "HP 0001,2026-03-02,bridge,3"), today=MARCH)
    erase(clinic.session, "HP0001", "asked")
    entry = int(clinic.quarantine()["entry"][0])
    with pytest.raises(ClinicError, match="erased"):
        clinic.correct({entry: {"patient_id": "HP0001"}}, today=MARCH)
    assert clinic.cohort().logs.empty


def test_an_identifier_typed_into_a_correction_becomes_its_pseudonym(clinic: Clinic, home: Path) -> None:
    profile = MappingProfile(pseudonymise=True)
    clinic.import_logs(
        write(home / "a.csv", f"{AHV},2026-03-01,bridge,3", f"{AHV},2026-13-01,bridge,4"), mapping=profile, today=MARCH)
    entry = int(clinic.quarantine()["entry"][0])
    clinic.correct({entry: {"patient_id": AHV.replace(".", ""), "performed_at": "2026-03-03"}}, today=MARCH)
    assert clinic.cohort().logs["patient_id"].unique().tolist() == [find_pseudonym(clinic.session, AHV)]
    with pytest.raises(ClinicError, match="nobody"):
        find_pseudonym(clinic.session, "756.1234.5678.97")


def test_a_repeated_correction_that_was_undone_is_not_made_again_by_another_file(clinic: Clinic, home: Path) -> None:
    clinic.import_logs(write(home / "a.csv", "P1,2026-03-01,bridge,30"), today=MARCH)
    clinic.correct({int(clinic.quarantine()["entry"][0]): {"pain": "3"}}, today=MARCH)
    repeated = clinic.import_logs(write(home / "b.csv", "P1,2026-03-01,bridge,30", "P1,2026-03-02,bridge,1"),
                                  today=MARCH)[1]
    clinic.undo_import(repeated.import_id, "it was 30 on a scale of 100")
    assert len(clinic.import_logs(write(home / "c.csv", "P2,2026-03-05,bridge,1"), today=MARCH)) == 1
    assert clinic.cohort(["P1"]).logs["pain"].isna().sum() == 1


def test_who_reads_does_not_wait_for_who_writes(home: Path) -> None:
    with open_clinic(home / "clinic") as writer, open_clinic(home / "clinic") as reader:
        writer.import_logs(write(home / "a.csv", "P1,2026-03-01,bridge,3"), today=MARCH)
        with writer.session.database.writing():
            assert len(reader.cohort().logs) == 1
            with pytest.raises(BusyError, match="Someone else"), reader.session.database.writing(wait_s=0):
                pass
        assert len(reader.trail()) == 1
        reader.close()
        assert writer.trail()["action"].tolist() == ["opened", "imported"]


def test_a_plan_loses_no_exercise_by_a_typing_error(clinic: Clinic, home: Path) -> None:
    header = "patient_id,valid_from,sessions_per_week,exercise\n"
    good = ("P1,2026-03-01,3,bridging", "P1,2026-03-01,3,squat", "P2,2026-03-01,2,bridging")
    clinic.import_decisions(write(home / "a.csv", *good, header=header), "plans", today=MARCH)
    broken = write(home / "b.csv", good[0], "P1,2026-03-01,9,squat", "P2,2026-03-08,3,bridging", header=header)
    receipt, _ = clinic.import_decisions(broken, "plans", today=MARCH)
    assert (receipt.rows_read, receipt.accepted, receipt.rejected) == (3, 1, 2)
    assert any("No plan of P1 was taken" in remark for remark in receipt.remarks)
    cohort = clinic.cohort()
    assert cohort.prescriptions.query("patient_id == 'P1'")["exercise"].tolist() == ["bridging", "squat"]
    assert len(cohort.plans.query("patient_id == 'P2'")) == 2


def test_a_clinician_is_on_the_list_once_however_written(clinic: Clinic) -> None:
    for name in ("Anna Weber", "anna  weber", "ANNA WEBER "):
        clinic.add_clinician(name)
    assert clinic.clinicians == ["Anna Weber"]
    clinic.remove_clinician("anna weber")
    assert clinic.clinicians == []


def test_a_patient_of_undone_imports_alone_can_be_added(clinic: Clinic, home: Path) -> None:
    number = clinic.import_logs(write(home / "a.csv", "P1,2026-03-01,bridge,3"), today=MARCH)[0].import_id
    with pytest.raises(ClinicError, match="imported rows of this patient"):
        clinic.add_patient("P1")
    clinic.undo_import(number, "wrong file")
    clinic.add_patient("P1")
    assert clinic.cohort().patients["patient_id"].tolist() == ["P1"]


def test_a_source_s_own_words_are_understood_in_a_correction(clinic: Clinic, home: Path) -> None:
    profile = MappingProfile(words={"done": {"ja": "true", "nein": "false"}})
    file = write(home / "a.csv", "P1,2026-03-01,bridge,jein", header="patient_id,performed_at,exercise,done\n")
    clinic.import_logs(file, mapping=profile, today=MARCH)
    entry = int(clinic.quarantine()["entry"][0])
    assert clinic.correct({entry: {"done": "nein"}}, today=MARCH).still_wrong.empty
    assert clinic.cohort().logs["done"].tolist() == [False]
