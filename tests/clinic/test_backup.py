"""A backup holds the whole clinic as it was at one moment, and comes back whole: in a folder and on a server."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clinic.files import TODAY, log_rows
from clinic.test_migrations import load_dump
from hipanalytics.clinic.care import backup as backups
from hipanalytics.clinic.care import restoring
from hipanalytics.clinic.care.backup import backup, backup_words, check_backup
from hipanalytics.clinic.care.copying import counts_of, prints_of
from hipanalytics.clinic.care.erasure import erase, list_file
from hipanalytics.clinic.care.names import PersonName, set_name
from hipanalytics.clinic.care.restoring import restore, restored_words
from hipanalytics.clinic.care.soundness import faults
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.clinic.decisions import saving as decisions
from hipanalytics.clinic.decisions.records import PlanVersion
from hipanalytics.clinic.erased import erased_among
from hipanalytics.clinic.keys import key_file
from hipanalytics.errors import ClinicError, FileError, HipAnalyticsError

HEADER = "patient_id,performed_at,exercise,pain,note"
PLAN = PlanVersion(valid_from=dt.date(2026, 3, 2), sessions_per_week=3)


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


def filled(clinic: Clinic, folder: Path) -> Clinic:
    clinic.import_logs(write(folder / "a.csv", "Anna-1,2026-03-01,squat,5,été", "Bert-2,2026-03-01,squat,0.5,",
                             "Bert-2,2026-03-02 10:00,squat,11,"), today=TODAY)
    clinic.import_logs(write(folder / "b.csv", "Anna-1,2026-03-01,squat,6,", "Cleo-3,2026-03-01,,4,"), today=TODAY)
    clinic.undo_import(2, "the wrong file")
    decisions.save(clinic.session, "Anna-1", PLAN, base=0)
    return clinic


@pytest.fixture
def kept(clinic: Clinic, home: Path) -> Clinic:
    return filled(clinic, home)


@pytest.fixture
def in_folder(home: Path) -> Any:
    with open_clinic(home / "clinic", name="Hip clinic", clinician="Dr Weber") as opened:
        yield filled(opened, home)


def content(clinic: Clinic, *, apart_from: tuple[str, ...] = ("trail",)) -> dict[str, str]:
    with clinic.session.database.reading() as connection:
        return {table: seal for table, seal in prints_of(connection).items() if table not in apart_from}


def test_what_comes_back_is_what_was_there(kept: Clinic, home: Path) -> None:
    receipt = backup(kept.session, home / "copy")
    restored = restore(home / "copy.hipclinic", home / "new")
    assert restored.erased_again == 0
    with open_clinic(home / "new", create=False) as again:
        assert content(again) == content(kept)
        assert log_rows(again) == log_rows(kept)
        assert [each.file for each in again.imports()] == ["a.csv", "b.csv"]
        actions = again.trail()["action"].tolist()
        with again.session.database.reading() as connection:
            assert faults(connection) == []
            counts = counts_of(connection)
    assert receipt.manifest.rows == {**counts, "trail": counts["trail"] - 2}  # restored, opened
    assert "restored" in actions
    assert "backed up" not in actions
    assert kept.trail()["action"].iloc[1] == "backed up"


@pytest.mark.clinic
def test_a_folder_becomes_a_server_and_a_folder_again(in_folder: Clinic, home: Path, database: str) -> None:
    backup(in_folder.session, home / "one")
    restore(home / "one.hipclinic", database)
    with open_clinic(database, create=False, clinician="Dr Weber") as server:
        assert content(server) == content(in_folder)
        manifest = backup(server.session, home / "two").manifest
        assert {name: seal for name, seal in manifest.content.items() if name != "trail"} == content(server)
        server.import_logs(write(home / "c.csv", "Dora-4,2026-03-01,squat,1,"), today=TODAY)
        decisions.save(server.session, "Dora-4", PLAN, base=0)
        with server.session.database.reading() as connection:
            assert faults(connection) == []
        with pytest.raises(ClinicError, match="holds a clinic already"):
            restore(home / "two.hipclinic", database)
    restore(home / "two.hipclinic", home / "back")
    with open_clinic(home / "back", create=False) as back:
        assert content(back) == content(in_folder)


@pytest.mark.clinic
def test_a_server_stays_empty_where_what_arrives_is_not_what_was_sent(
    in_folder: Clinic, home: Path, database: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    backup(in_folder.session, home / "one")

    def lossy(source: Any, target: Any) -> None:
        restoring_copy(source, target)
        target.exec_driver_sql("UPDATE log_rows SET pain = 9 WHERE row_id = 1")

    restoring_copy = restoring.copy_clinic
    monkeypatch.setattr(restoring, "copy_clinic", lossy)
    with pytest.raises(ClinicError, match="is not what was sent"):
        restore(home / "one.hipclinic", database)
    monkeypatch.undo()
    with pytest.raises(ClinicError, match="There is no clinic"):
        open_clinic(database, create=False)


def test_numbers_that_were_given_once_are_not_given_again(in_folder: Clinic, home: Path) -> None:
    session = in_folder.session
    decisions.add_patient(session, "Last-9")
    erase(session, "Last-9", "asked")
    backup(session, home / "one")
    restore(home / "one.hipclinic", home / "new")
    numbers = []
    for place in (home / "clinic", home / "new"):
        with open_clinic(place, clinician="Dr Weber") as clinic:
            decision = decisions.add_patient(clinic.session, "Next-10")
            with clinic.session.database.reading() as connection:
                numbers.append((decision.decision_id, connection.exec_driver_sql(
                    "SELECT patient_no FROM patients WHERE patient_id = 'Next-10'").scalar()))
    assert numbers[0] == numbers[1]


def test_a_backup_is_of_one_moment_whoever_writes_meanwhile(in_folder: Clinic, home: Path) -> None:
    script = ("import sys; from hipanalytics.clinic.clinic import open_clinic\n"
              "with open_clinic(sys.argv[1], clinician='Dr Frei') as clinic:\n"
              "    print('go', flush=True)\n"
              "    for path in sys.argv[2:]: clinic.import_logs(path)\n")
    files = [write(home / f"w{n}.csv", f"Anna-1,2025-03-{n + 1:02d},squat,5,", f"Bert-2,2025-03-{n + 1:02d},squat,5,")
             for n in range(12)]
    writer = subprocess.Popen([sys.executable, "-c", script, home / "clinic", *files], stdout=subprocess.PIPE)
    assert writer.stdout
    assert writer.stdout.readline() == b"go\n"
    for n in range(3):
        backup(in_folder.session, home / f"during{n}")
    assert writer.wait(60) == 0
    writer.stdout.close()
    for n in range(3):
        restore(home / f"during{n}.hipclinic", home / f"new{n}")
        with open_clinic(home / f"new{n}") as again, again.session.database.reading() as connection:
            assert faults(connection) == []
            assert counts_of(connection)["log_rows"] == 5 + 2 * (len(again.imports()) - 2)


def test_it_holds_neither_key_nor_names_and_only_its_owner_may_read_it(in_folder: Clinic, home: Path) -> None:
    session = in_folder.session
    set_name(session, "Anna-1", PersonName("Anna Example", "+41 79 000 00 00"))
    receipt = backup(session, home / "one")
    with zipfile.ZipFile(receipt.file) as archive:
        assert archive.namelist() == ["manifest.json", "clinic.sqlite"]
        whole = b"".join(map(archive.read, archive.namelist()))
    assert b"Anna-1" in whole
    assert b"Example" not in whole
    assert session.key() not in whole
    assert session.key().hex().encode() not in whole
    assert receipt.file.stat().st_mode & 0o777 == 0o600
    assert "neither the clinic's secret key nor the name list" in backup_words(receipt)
    assert "3 patients, 5 rows of logs, 2 decisions" in backup_words(receipt)


def test_a_backup_never_takes_the_place_of_another_file(in_folder: Clinic, home: Path) -> None:
    session = in_folder.session
    (home / "backups").mkdir()
    first = backup(session, home / "backups")
    assert first.file.name == f"Hip-clinic-{dt.datetime.now(dt.UTC):%Y-%m-%d}.hipclinic"
    with pytest.raises(FileError, match="is there already"):
        backup(session, home / "backups")
    with pytest.raises(FileError, match="is not a folder"):
        backup(session, home / "nowhere" / "x")
    with pytest.raises(FileError, match="own folder"):
        backup(session, home / "clinic" / "x")
    assert [path.name for path in (home / "backups").iterdir()] == [first.file.name]


def test_a_backup_that_fails_leaves_nothing(in_folder: Clinic, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (home / "backups").mkdir()
    monkeypatch.setattr(backups, "_pack", full)
    with pytest.raises(FileError, match=r"cannot be written.*No space left"):
        backup(in_folder.session, home / "backups" / "x")
    assert list((home / "backups").iterdir()) == []
    assert "backed up" not in in_folder.trail()["action"].tolist()


# Damage

def damaged(whole: bytes, manifest: dict[str, Any], database: bytes) -> dict[str, bytes]:
    """What can be wrong with a file that is given as a backup."""
    def packed(**parts: bytes) -> bytes:
        import io
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                archive.writestr(name.replace("_", "."), data)
        return target.getvalue()

    def stating(**changes: Any) -> bytes:
        return packed(manifest_json=json.dumps({**manifest, **changes}).encode(), clinic_sqlite=database)

    middle = len(whole) // 2
    return {
        "cut": whole[:middle], "empty": b"", "no zip": b"patient_id,performed_at\n", "other zip": packed(a_txt=b"x"),
        "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1:],
        "no database": packed(manifest_json=json.dumps(manifest).encode()),
        "no manifest": packed(clinic_sqlite=database), "rubbish": packed(manifest_json=b"{", clinic_sqlite=database),
        "list": packed(manifest_json=b"[1]", clinic_sqlite=database),
        "other database": packed(manifest_json=json.dumps(manifest).encode(), clinic_sqlite=database[:-1] + b"x"),
        "other rows": stating(rows={**manifest["rows"], "log_rows": 99}), "other clinic": stating(clinic_id="0" * 32),
        "longer": stating(database_bytes=3), "text rows": stating(rows={"clinic": "1"}),
        "newer tables": stating(tables="9999"), "newer format": stating(format=2, new=1)}


def test_what_is_no_whole_backup_is_refused_and_the_place_stays_empty(in_folder: Clinic, home: Path) -> None:
    file = backup(in_folder.session, home / "one").file
    with zipfile.ZipFile(file) as archive:
        manifest, database = json.loads(archive.read("manifest.json")), archive.read("clinic.sqlite")
    (home / "empty").mkdir()
    told: dict[str, str] = {}
    for name, data in damaged(file.read_bytes(), manifest, database).items():
        bad = home / "bad.hipclinic"
        bad.write_bytes(data)
        for place in (home / "new", home / "empty"):
            with pytest.raises(HipAnalyticsError) as caught:
                restore(bad, place)
        told[name] = str(caught.value)
        assert not (home / "new").exists()
        assert list((home / "empty").iterdir()) == []
    assert "newer version" in told.pop("newer tables")
    assert "newer version" in told.pop("newer format")
    for name, sentence in told.items():
        assert "ackup" in sentence, (name, sentence)
        assert "amaged" in sentence, (name, sentence)


def test_only_a_new_place_is_taken(in_folder: Clinic, home: Path) -> None:
    file = backup(in_folder.session, home / "one").file
    before = content(in_folder)
    with pytest.raises(ClinicError, match="is not empty"):
        restore(file, home / "clinic")
    with pytest.raises(ClinicError):
        restore(file, write(home / "a file", ""))
    with pytest.raises(FileError, match=r"two\.hipclinic cannot be read \(No such file"):
        restore(home / "two.hipclinic", home / "new")
    assert content(in_folder) == before
    assert not (home / "new").exists()


def test_an_interrupted_restore_leaves_nothing(
    in_folder: Clinic, home: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = backup(in_folder.session, home / "one").file

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(restoring, "_settle", stop)
    with pytest.raises(KeyboardInterrupt):
        restore(file, home / "new")
    assert not (home / "new").exists()


@pytest.mark.clinic
def test_a_killed_restore_is_completed_by_its_repeat(in_folder: Clinic, home: Path) -> None:
    file = backup(in_folder.session, home / "one").file
    script = ("import sys; from hipanalytics.clinic.care.restoring import restore; print('go', flush=True)\n"
              "restore(*sys.argv[1:])")
    for wait in range(6):
        place = home / f"new{wait}"
        process = subprocess.Popen([sys.executable, "-c", script, file, place], stdout=subprocess.PIPE)
        assert process.stdout
        assert process.stdout.readline() == b"go\n"
        time.sleep(wait * 0.02)
        process.kill()
        process.wait()
        process.stdout.close()
        if not (place / "clinic.sqlite").exists():
            restore(file, place)
        with open_clinic(place, create=False) as again:
            assert content(again) == content(in_folder)
        assert {path.name for path in place.iterdir()} == {"clinic.sqlite"}


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = load_dump("0001", home / "old")
    with closing(sqlite3.connect(old / "clinic.sqlite")) as connection:
        clinic_id, = connection.execute("SELECT clinic_id FROM clinic").fetchone()
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        rows = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in tables.fetchall()}
    del rows["alembic_version"]
    data = (old / "clinic.sqlite").read_bytes()
    manifest = backups.Manifest(clinic_id, "", "2026-03-31T12:00:00.000Z", "0001", "0.1.0", rows, {}, len(data),
                                backups.hashlib.sha256(data).hexdigest())
    backups._pack(home / "old.hipclinic", old / "clinic.sqlite", manifest)
    receipt = restore(home / "old.hipclinic", home / "new", key_is_lost=True)
    assert not receipt.has_key
    with open_clinic(home / "new", create=False, clinician="Dr Frei") as clinic:
        assert len(clinic.cohort().logs) == 30


# Erasures

def test_who_was_erased_since_does_not_come_back(kept: Clinic, home: Path) -> None:
    file = backup(kept.session, home / "one").file
    erase(kept.session, "Anna-1", "asked")
    receipt = restore(file, home / "new")
    assert (receipt.erased_again, receipt.has_list) == (1, True)
    assert "1 of them had been erased since" in restored_words(receipt)
    with open_clinic(home / "new", create=False) as again:
        assert again.cohort().logs["patient_id"].unique().tolist() == ["Bert-2"]
        with again.session.database.reading() as connection:
            assert erased_among(again.session, connection, ["Anna-1", "Bert-2"]) == {"Anna-1"}
    assert not any(b"Anna-1" in path.read_bytes() for path in (home / "new").rglob("*") if path.is_file())


def test_erasures_in_the_backup_are_known_on_another_computer(
    in_folder: Clinic, home: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = in_folder.session
    erase(session, "Anna-1", "asked")
    file, key = backup(session, home / "one").file, key_file(session.clinic_id)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "other computer"))
    with pytest.raises(ClinicError, match="nobody can tell who was erased") as caught:
        restore(file, home / "new")
    assert key.name in str(caught.value)
    assert not (home / "new").exists()
    shutil.copy(key, key_file(session.clinic_id))
    receipt = restore(file, home / "new")
    assert "no list of erasures" in restored_words(receipt)
    assert list_file(session.clinic_id).exists()
    with open_clinic(home / "new") as again, again.session.database.reading() as connection:
        assert erased_among(again.session, connection, ["Anna-1"]) == {"Anna-1"}


def test_without_the_key_a_backup_comes_back_where_no_erasure_can_be_missed(in_folder: Clinic, home: Path) -> None:
    session = in_folder.session
    before = backup(session, home / "before").file
    erase(session, "Anna-1", "asked")
    after = backup(session, home / "after").file
    key_file(session.clinic_id).unlink()
    receipt = restore(after, home / "after")  # the list is here, and says nothing that the backup does not know
    assert "secret key is not on this computer" in restored_words(receipt)
    with pytest.raises(ClinicError, match="--key-is-lost"):
        restore(before, home / "before")
    receipt = restore(before, home / "before", key_is_lost=True)
    assert "has to be erased again" in restored_words(receipt)


def test_the_list_of_another_users_erasures_is_completed_by_a_backup(in_folder: Clinic, home: Path) -> None:
    session = in_folder.session
    erase(session, "Anna-1", "asked")
    listed = list_file(session.clinic_id).read_text()
    list_file(session.clinic_id).unlink()
    backup(session, home / "one")
    assert list_file(session.clinic_id).read_text() == listed


def test_a_list_that_cannot_be_read_stops_the_restore(in_folder: Clinic, home: Path) -> None:
    file = backup(in_folder.session, home / "one").file
    list_file(in_folder.session.clinic_id).write_text("{rubbish\n")
    with pytest.raises(ClinicError, match=r"list of erasures .* cannot be read"):
        restore(file, home / "new")
    assert not (home / "new").exists()


def test_progress_rises_to_its_end(in_folder: Clinic, home: Path) -> None:
    told: list[float] = []
    file = backup(in_folder.session, home / "one", lambda stage, done: told.append(done)).file
    restore(file, home / "new", lambda stage, done: told.append(done))
    first = told.index(1.0) + 1
    assert told[:first] == sorted(told[:first])
    assert told[first:] == sorted(told[first:])
    assert told[-1] == 1.0
    assert check_backup(file).clinic_name == "Hip clinic"
