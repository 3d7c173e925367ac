"""The clinic's secret key: with another one, every patient would be there twice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.clinic.keys import key_file
from hipanalytics.errors import ClinicError
from hipanalytics.importers import MappingProfile
from hipanalytics.pseudonyms import pseudonym_for

MARCH = dt.date(2026, 3, 31)
PROFILE = MappingProfile(pseudonymise=True)


def bring(clinic: Clinic, file: Path, identifier: str) -> None:
    file.write_text(f"patient_id,performed_at,exercise,pain\n{identifier},2026-03-01,bridge,3\n", encoding="utf-8")
    clinic.import_logs(file, mapping=PROFILE, today=MARCH)


def test_one_person_is_one_patient_however_the_number_is_written(clinic: Clinic, home: Path) -> None:
    bring(clinic, home / "a.csv", "756.9217.0769.85")
    bring(clinic, home / "b.csv", "7569217076985")
    patients = clinic.cohort().logs["patient_id"].unique().tolist()
    assert patients == [pseudonym_for("756.9217.0769.85", clinic.session.key())]


@pytest.mark.parametrize(("content", "sentence"), [
    ("00" * 32, "is not this clinic's: with it, every patient would be there twice"),
    ("no key", "cannot be read"), (None, "is not on this computer")])
def test_without_its_own_key_nothing_comes_in(clinic: Clinic, home: Path, content: str | None, sentence: str) -> None:
    bring(clinic, home / "a.csv", "Anna Muster")
    file = key_file(clinic.session.clinic_id)
    own = file.read_text(encoding="ascii")
    file.write_text(content, encoding="ascii") if content else file.unlink()
    with pytest.raises(ClinicError, match=sentence):
        bring(clinic, home / "b.csv", "ANNA MUSTER")
    assert len(clinic.imports()) == 1
    file.write_text(own, encoding="ascii")
    bring(clinic, home / "b.csv", "anna  muster")
    assert clinic.cohort().logs["patient_id"].nunique() == 1


def test_the_clinic_holds_neither_key_nor_identifier(home: Path) -> None:
    with open_clinic(home / "clinic") as clinic:
        bring(clinic, home / "a.csv", "Anna Muster")
        clinic.cohort()
        key = clinic.session.key()
    files = [file for file in (home / "clinic").rglob("*") if file.is_file()]
    assert {"clinic.sqlite", "snapshot.json"} <= {file.name for file in files}
    secrets = (key, key.hex().encode(), b"Anna Muster", b"anna muster")
    assert not [file.name for file in files for secret in secrets if secret in file.read_bytes()]
