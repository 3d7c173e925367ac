"""The doctor finds what is wrong with a clinic, changes nothing, and never fails itself."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clinic.files import TODAY, write_lines
from clinic.test_migrations import load_dump
from hipanalytics.clinic.care.backup import backup
from hipanalytics.clinic.care.doctor import doctor, doctor_words
from hipanalytics.clinic.care.erasure import erase, list_file
from hipanalytics.clinic.care.names import PersonName, set_name
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.clinic.keys import key_file
from hipanalytics.errors import ClinicError

Told = dict[str, tuple[bool | None, str]]


@pytest.fixture
def filled(home: Path) -> Iterator[Clinic]:
    with open_clinic(home / "clinic", clinician="Dr Weber") as opened:
        opened.import_logs(write_lines(home / "a.csv", "P-1|2026-03-01|squat|5\nP-2|2026-03-01|squat|5"), today=TODAY)
        opened.import_logs(write_lines(home / "b.csv", "P-1|2026-03-01|squat|6\nP-3|2026-03-01|squat|5"), today=TODAY)
        opened.undo_import(2, "try")
        opened.import_logs(write_lines(home / "c.csv", "P-1|2026-03-01|squat|7"), today=TODAY)
        yield opened


def told(place: Path | str) -> Told:
    return {each.title: (each.ok, each.sentence) for each in doctor(place)}


def wrong(place: Path | str) -> list[str]:
    return [each.title for each in doctor(place) if each.ok is False]


def spoil(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / "clinic" / "clinic.sqlite")) as connection, connection:
        assert connection.execute(statement).rowcount != 0


def test_a_clinic_in_good_order_needs_nothing(filled: Clinic, home: Path) -> None:
    backup(filled.session, home / "one")
    filled.cohort()
    assert wrong(home / "clinic") == []
    found = told(home / "clinic")
    assert found["Tables"][1] == "Version 0002, the newest."
    assert found["Content"][1] == "3 patients, 5 rows of logs, 0 decisions."
    assert found["Last import"][1].startswith("c.csv, on ")
    assert "changes since: 0" in found["Last backup"][1]
    assert "up to date" in found["Snapshot"][1]
    assert str(key_file(filled.session.clinic_id)) in found["Key"][1]
    assert doctor_words(doctor(home / "clinic")).endswith("Nothing needs to be done.")


def test_it_says_what_has_come_since(filled: Clinic, home: Path) -> None:
    assert wrong(home / "clinic") == ["Last backup"]
    filled.cohort()
    erase(filled.session, "P-1", "asked")
    set_name(filled.session, "P-2", PersonName("Bob"))
    found = told(home / "clinic")
    assert found["Erasures"][0] is True
    assert found["Erasures"][1].startswith("Patients erased: 1; ")
    assert found["Receipts"][0] is True
    assert "There is none" in found["Snapshot"][1]
    assert "in no backup" in found["Name list"][1]
    list_file(filled.session.clinic_id).unlink()
    assert "Erasures" in wrong(home / "clinic")


@pytest.mark.parametrize(("statement", "sentence"), [
    ("UPDATE imports SET rows_read = 9 WHERE import_id = 1", "counts of import 1 do not add up"),
    ("UPDATE imports SET rows_new = 9 WHERE import_id = 3", "counts of import 3 do not add up"),
    ("DELETE FROM log_rows WHERE row_id = 2", "Rows of import 1 are missing"),
    ("UPDATE log_rows SET current = 1 WHERE row_id = 1", "patient with the number 1 are not those"),
    ("UPDATE log_rows SET current = 0 WHERE row_id = 2", "patient with the number 2 are not those"),
    ("UPDATE log_rows SET current = 1 WHERE row_id = 4", "patient with the number 3 are not those"),
    ("UPDATE clinic SET next_row_id = 3", "the next import would fail")])
def test_what_does_not_fit_together_is_found(filled: Clinic, home: Path, statement: str, sentence: str) -> None:
    spoil(home, statement)
    ok, said = told(home / "clinic")["Receipts"]
    assert ok is False
    assert sentence in said
    assert "backup" in said


def test_a_row_of_nobody_is_damage(filled: Clinic, home: Path) -> None:
    spoil(home, "UPDATE log_rows SET patient_no = 77 WHERE row_id = 2")
    assert told(home / "clinic")["Database"][0] is False


@pytest.mark.parametrize(("path", "mode"), [("clinic", 0o755), ("clinic", 0o750)])
def test_rights_of_others_are_found(filled: Clinic, home: Path, path: str, mode: int) -> None:
    (home / path).chmod(mode)
    ok, said = told(home / "clinic")["Rights"]
    assert ok is False
    assert f"chmod -R go-rwx {home / 'clinic'}" in said


def test_a_group_may_read_where_that_was_chosen(home: Path) -> None:
    with open_clinic(home / "clinic", group_may_use=True):
        assert told(home / "clinic")["Rights"] == (True, "Only you and your group may read the clinic's folder.")


def test_a_key_that_others_may_read_another_key_and_none_are_found(filled: Clinic, home: Path) -> None:
    key = key_file(filled.session.clinic_id)
    key.chmod(0o644)
    assert f"chmod go-rwx {key}" in told(home / "clinic")["Key"][1]
    key.write_text("00" * 32)
    assert "is not this clinic's" in told(home / "clinic")["Key"][1]
    key.unlink()
    ok, said = told(home / "clinic")["Key"]
    assert ok is False
    assert "not on this computer" in said


def test_files_that_do_not_belong_are_named(filled: Clinic, home: Path) -> None:
    (home / "clinic" / ".restoring-x").mkdir()
    (home / "clinic" / "x.hipclinic").touch()
    ok, said = told(home / "clinic")["Other files"]
    assert ok is False
    assert ".restoring-x, x.hipclinic" in said
    assert "Keep backups elsewhere" in said


def test_a_snapshot_that_is_behind_or_rubbish_is_told(filled: Clinic, home: Path) -> None:
    filled.cohort()
    filled.import_logs(write_lines(home / "d.csv", "P-1|2026-03-02|squat|7"), today=TODAY)
    assert "behind" in told(home / "clinic")["Snapshot"][1]
    (home / "clinic" / "snapshot" / "snapshot.json").write_bytes(b"\xff")
    assert told(home / "clinic")["Snapshot"][0] is False


def test_damage_of_every_kind_is_a_finding(filled: Clinic, home: Path) -> None:
    filled.close()
    whole = (home / "clinic" / "clinic.sqlite").read_bytes()
    size, hole = len(whole), b"\xff" * 9000
    for name, data in {"empty": b"", "one byte": b"S", "rubbish": bytes(range(256)) * 40, "cut": whole[:size // 2],
                       "head": b"\0" * 100 + whole[100:], "end": whole[:-9000] + hole,
                       "middle": whole[:size // 3] + hole + whole[size // 3 + 9000:]}.items():
        folder = home / name
        folder.mkdir(mode=0o700)
        (folder / "clinic.sqlite").write_bytes(data)
        assert set(wrong(folder)) & {"Database", "Tables"}, name
        assert (folder / "clinic.sqlite").read_bytes() == data, name
        assert [path.name for path in folder.iterdir()] == ["clinic.sqlite"], name


def test_another_programs_database_missing_tables_and_newer_ones_are_found(filled: Clinic, home: Path) -> None:
    for name, statements in {
        "another program's": "CREATE TABLE x (a)",
        "import_undos is missing": "DROP TABLE import_undos",
        "made by a newer version": "UPDATE alembic_version SET version_num = '9999'",
    }.items():
        folder = home / name
        shutil.copytree(home / "clinic", folder) if "CREATE" not in statements else folder.mkdir()
        with closing(sqlite3.connect(folder / "clinic.sqlite")) as connection, connection:
            connection.execute(statements)
        ok, said = told(folder)["Tables"]
        assert ok is False
        assert name in said


def test_an_earlier_version_is_left_as_it_is(home: Path) -> None:
    folder = load_dump("0001", home / "old")
    before = (folder / "clinic.sqlite").read_bytes()
    assert told(folder)["Tables"] == (None, "Version 0001; brought up to 0002 when the clinic is next opened.")
    assert (folder / "clinic.sqlite").read_bytes() == before


def test_where_there_is_no_clinic_nothing_is_made(home: Path) -> None:
    (home / "empty").mkdir()
    (home / "file").touch()
    assert wrong(home / "nowhere") == ["Place"]
    assert wrong(home / "empty") == ["Place"]
    assert wrong(home / "file") == ["Place"]
    assert list((home / "empty").iterdir()) == []
    with pytest.raises(ClinicError, match="is not understood"):
        doctor("mysql://x")


def test_a_server_that_cannot_be_reached_is_a_finding_without_the_password(home: Path) -> None:
    words = doctor_words(doctor("postgresql://me:Geh31m@127.0.0.1:1/clinic"))
    assert "cannot be reached" in words
    assert words.endswith("To do: 1.")
    assert "Geh31m" not in words


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_finding(filled: Clinic, home: Path) -> None:
    (home / "clinic" / "clinic.sqlite").chmod(0)
    assert "Database" in wrong(home / "clinic")


@pytest.mark.clinic
def test_a_server_is_looked_at_too(database: str, home: Path) -> None:
    assert wrong(database) == ["Tables"]
    with open_clinic(database, clinician="Dr Weber") as clinic:
        clinic.import_logs(write_lines(home / "a.csv", "P-1|2026-03-01|squat|5"), today=TODAY)
        assert wrong(database) == ["Last backup"]
        found = told(database)
    assert found["Database"][1].startswith("PostgreSQL ")
    assert found["Connection"][1].startswith("Not encrypted.")
    assert found["Content"][1] == "1 patients, 1 rows of logs, 0 decisions."
