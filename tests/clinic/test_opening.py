"""Whatever lies where a clinic should be: one sentence that says what to do, and nothing half done."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from sqlalchemy import Connection, insert, select

from clinic.files import TODAY, drawn, write_lines
from clinic.postgres import PASSWORD, Server
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.clinic.database import Database, insert_many, read_many
from hipanalytics.clinic.opening import open_session
from hipanalytics.clinic.places import find_place
from hipanalytics.clinic.schema import log_changes
from hipanalytics.errors import ClinicError

SECRET = "S3cr3t!pw"
LINES = "\n".join(f"P{patient} | 2026-03-{day:02} 10:00 | bridge | {day % 7}"
                  for patient in range(30) for day in range(1, 21))


def sentence_of(step: Callable[[], object]) -> str:
    """What a step that cannot be taken says."""
    with pytest.raises(ClinicError) as caught:
        step()
    said = str(caught.value)
    assert said.endswith(".")
    assert "Traceback" not in said
    assert "sqlalchemy" not in said.lower()
    return said


@pytest.fixture
def made(home: Path) -> Path:
    """A clinic with 600 rows and an open quarantine entry, closed."""
    with open_clinic(home / "clinic", name="Hip clinic") as clinic:
        clinic.import_logs(write_lines(home / "a.csv", LINES + "\nP1 | 2026-03-25 10:00 | bridge | 12"), today=TODAY)
        clinic.cohort()
    return home / "clinic"


# Making one

def test_a_clinic_is_made_on_first_use_for_its_owner_alone(home: Path) -> None:
    with open_clinic(home / "new" / "clinic", name="Hip clinic") as clinic:
        assert (clinic.place, clinic.session.name, clinic.imports()) == (str(home / "new" / "clinic"), "Hip clinic", [])
        assert len(clinic.cohort().logs) == 0
    folder = home / "new" / "clinic"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(each.stat().st_mode & 0o077 == 0 for each in folder.rglob("*"))
    with open_clinic(folder / "clinic.sqlite", create=False) as again:
        assert again.session.name == "Hip clinic"


@pytest.mark.parametrize("name", ["a?b", "50%20", "a#b", "Klinik für Hüften", "a:b@c", "x&y=z", "a'b", "-"])
def test_any_name_of_a_folder_will_do(home: Path, name: str) -> None:
    with open_clinic(home / name) as clinic:
        clinic.import_logs(write_lines(home / "a.csv", "P1|2026-03-01|bridge|5"), today=TODAY)
    assert (home / name / "clinic.sqlite").stat().st_size > 10_000
    with open_clinic(home / name, create=False) as again:
        assert len(drawn(again)) == 1
    assert sorted(each.name for each in home.iterdir()) == sorted({name, "a.csv", "hipanalytics"})


def test_where_there_is_none_and_none_is_to_be_made(home: Path) -> None:
    assert "There is no clinic in" in sentence_of(lambda: open_clinic(home / "clinic", create=False))
    assert not (home / "clinic").exists()


def test_a_folder_with_other_files(home: Path) -> None:
    (home / "holiday.jpg").write_bytes(b"sun")
    assert "holds other files and no clinic" in sentence_of(lambda: open_clinic(home))
    assert [each.name for each in home.iterdir()] == ["holiday.jpg"]


def test_a_file_where_a_folder_should_be(home: Path) -> None:
    path = write_lines(home / "a.csv", LINES)
    for place in (path, path / "below"):
        said = sentence_of(lambda place=place: open_clinic(place))
        assert str(path) in said
    assert path.read_text().count("\n") == 601


@pytest.mark.parametrize("place", ["~nobody-of-this-name/clinic", "a\0b", "x" * 300, "mysql://u@h/d", "://", "http://x"])
def test_a_place_that_cannot_be(home: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.chdir(home)
    sentence_of(lambda: open_clinic(place))
    assert list(home.iterdir()) == []


def test_an_empty_file_is_where_a_clinic_can_be_made(home: Path) -> None:
    (home / "clinic").mkdir()
    (home / "clinic" / "clinic.sqlite").touch()
    assert "There is no clinic" in sentence_of(lambda: open_clinic(home / "clinic", create=False))
    with open_clinic(home / "clinic") as clinic:
        assert clinic.imports() == []


def test_an_emptied_clinic_is_not_taken_for_a_new_one(made: Path) -> None:
    (made / "clinic.sqlite").write_bytes(b"")
    for create in (True, False):
        assert "restore" in sentence_of(lambda create=create: open_clinic(made, create=create))
    assert (made / "clinic.sqlite").stat().st_size == 0


def test_a_clinic_whose_making_was_cut_short_is_made(home: Path) -> None:
    """The file is a database by then, but has no tables yet."""
    (home / "clinic").mkdir()
    with closing(sqlite3.connect(home / "clinic" / "clinic.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert "There is no clinic" in sentence_of(lambda: open_clinic(home / "clinic", create=False))
    with open_clinic(home / "clinic") as clinic:
        assert clinic.imports() == []


# Other files in its place

def test_a_text_file(made: Path) -> None:
    (made / "clinic.sqlite").write_text("Dear colleague,\n" * 1000)
    said = sentence_of(lambda: open_clinic(made))
    assert "is no clinic" in said
    assert "restore" in said


def test_another_program_s_database(home: Path) -> None:
    (home / "clinic").mkdir()
    with closing(sqlite3.connect(home / "clinic" / "clinic.sqlite")) as connection:
        connection.execute("CREATE TABLE tunes (title TEXT)")
    before = (home / "clinic" / "clinic.sqlite").read_bytes()
    assert "another program's" in sentence_of(lambda: open_clinic(home / "clinic"))
    assert (home / "clinic" / "clinic.sqlite").read_bytes() == before


def test_a_newer_version_s_clinic(made: Path) -> None:
    with closing(sqlite3.connect(made / "clinic.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer version" in sentence_of(lambda: open_clinic(made))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9])
def test_a_clinic_cut_short(made: Path, share: float) -> None:
    path = made / "clinic.sqlite"
    os.truncate(path, int(path.stat().st_size * share))
    said = sentence_of(lambda: use_everything(made))
    assert "restore" in said


FLIPS = int(os.environ.get("HIPANALYTICS_FLIPS", "12"))


@pytest.mark.parametrize("seed", range(FLIPS))
def test_bytes_that_changed_by_themselves(made: Path, seed: int) -> None:
    """What is read may still be readable; if it is not, a sentence says so."""
    chance = random.Random(seed)
    path = made / "clinic.sqlite"
    content = bytearray(path.read_bytes())
    start = chance.randrange(100, len(content))
    for place in range(start, min(start + chance.choice([1, 8, 300, 5000]), len(content))):
        content[place] = chance.randrange(256)
    path.write_bytes(content)
    drop_snapshot = chance.random() < 0.7
    if drop_snapshot:
        shutil.rmtree(made / "snapshot")
    with suppress(ClinicError):
        use_everything(made)


def use_everything(folder: Path) -> None:
    """Each step that reads or writes, whether or not the one before it could be taken."""
    told: list[ClinicError] = []
    steps: list[Callable[[Clinic], Any]] = [
        lambda clinic: clinic.cohort(), lambda clinic: clinic.cohort(["P3"]), Clinic.imports, Clinic.quarantine,
        lambda clinic: clinic.undo_import(1, "tried"), Clinic.trail, lambda clinic: clinic.clinicians,
        lambda clinic: clinic.import_logs(
            write_lines(folder.parent / "b.csv", "P1|2026-03-01 10:00|bridge|9\nP9|2026-03-01|squat|11"), today=TODAY),
        lambda clinic: clinic.correct({int(clinic.quarantine()["entry"].iloc[0]): {"pain": "2"}}, today=TODAY)]
    with open_clinic(folder, create=False) as clinic:
        for step in steps:
            try:
                step(clinic)
            except ClinicError as error:
                told.append(error)
            except IndexError:  # nothing in the quarantine
                pass
    if told:
        raise told[0]


# Rights

ORDINARY = """
import sys
from hipanalytics.clinic.clinic import open_clinic
from hipanalytics.errors import HipAnalyticsError
try:
    with open_clinic(sys.argv[1]) as clinic:
        if len(sys.argv) > 2:
            clinic.import_logs(sys.argv[2])
        else:
            clinic.cohort()
except HipAnalyticsError as error:
    print(error, end="")
else:
    print("done", end="")
"""


def as_ordinary_user(*words: str | Path) -> str:
    """What someone is told who opens a clinic with the rights of its files alone: root may write everywhere."""
    powers = "-dac_override,-dac_read_search"
    command = [sys.executable, "-c", ORDINARY, *map(str, words)]
    if os.getuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("root may write everywhere, and there is no setpriv to give that up")
        command = [setpriv, f"--bounding-set={powers}", f"--inh-caps={powers}", *command]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.stdout


def test_a_read_only_clinic(made: Path) -> None:
    before = (made / "clinic.sqlite").read_bytes()
    (made / "clinic.sqlite").chmod(0o400)
    made.chmod(0o500)
    try:
        told = as_ordinary_user(made, write_lines(made.parent / "b.csv", "P9|2026-03-01|squat|1"))
    finally:
        made.chmod(0o700)
        (made / "clinic.sqlite").chmod(0o600)
    assert "ask whoever looks after this computer" in told
    assert (made / "clinic.sqlite").read_bytes() == before


def test_a_folder_that_may_not_be_entered(made: Path) -> None:
    made.chmod(0)
    try:
        told = as_ordinary_user(made)
    finally:
        made.chmod(0o700)
    assert str(made) in told
    assert told.endswith(".")


def test_a_folder_in_which_none_can_be_made(home: Path) -> None:
    (home / "theirs").mkdir(mode=0o500)
    told = as_ordinary_user(home / "theirs" / "clinic")
    assert "cannot be made" in told
    assert list((home / "theirs").iterdir()) == []


# Other machines

@pytest.mark.parametrize(
    ("kind", "options"), [("nfs4", "rw"), ("cifs", "rw"), ("fuse.sshfs", "rw"), ("NTFS", "rw,remote")])
def test_a_network_drive_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch, kind: str, options: str) -> None:
    drives = [SimpleNamespace(mountpoint="/", fstype="ext4", opts="rw"),
              SimpleNamespace(mountpoint=str(home / "share"), fstype=kind, opts=options)]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: drives)
    (home / "share").mkdir()
    assert "PostgreSQL" in sentence_of(lambda: open_clinic(home / "share" / "deep" / "clinic"))
    assert list((home / "share").iterdir()) == []
    with open_clinic(home / "shared-not") as clinic:
        assert clinic.imports() == []


ADDRESSES = [
    "postgresql://weber:{secret}@127.0.0.1:1/clinic", "postgresql://weber:{secret}@no-such-host.invalid/clinic",
    "postgresql://weber:{secret}@127.0.0.1:port/clinic", "postgresql://weber:{secret}@127.0.0.1:99999/clinic",
    "postgresql://127.0.0.1:1/clinic?user=weber&password={secret}", "postgres://weber:{secret}@[::1/clinic",
    "postgresql://weber:{secret}@127.0.0.1:1/clinic?nonsense={secret}", "postgresql+psycopg2://weber:{secret}@h/clinic",
    "postgresql://weber:{secret}@127.0.0.1:1/", "postgresql://weber:{secret}@127.0.0.1:1/a\0b"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_unreachable_server_and_never_the_password(home: Path, address: str) -> None:
    said = sentence_of(lambda: open_clinic(address.format(secret=SECRET)))
    assert SECRET not in said
    with suppress(ClinicError):
        place = find_place(address.format(secret=SECRET))
        for shown in (repr(place), str(place), repr(Database(place)), repr(Database(place).engine)):
            assert SECRET not in shown


@pytest.mark.clinic
def test_a_wrong_password(server: Server, database: str, home: Path) -> None:
    said = sentence_of(lambda: open_clinic(database.replace(PASSWORD, SECRET)))
    assert "refuses the user or the password" in said
    assert SECRET not in said
    assert "refuses the user or the password" in sentence_of(lambda: open_clinic(database.replace(f":{PASSWORD}", "")))


@pytest.mark.clinic
def test_the_password_is_shown_nowhere(database: str, home: Path) -> None:
    with open_clinic(database) as clinic:
        session = clinic.session
        for shown in (clinic, session, session.database, session.database.place, session.database.engine):
            assert PASSWORD not in f"{shown} {shown!r}"
        assert PASSWORD not in clinic.place


@pytest.mark.clinic
def test_a_database_that_is_not_there_or_another_s(server: Server, database: str, home: Path) -> None:
    assert "no such database" in sentence_of(lambda: open_clinic(server.address("nowhere")))
    assert "There is no clinic" in sentence_of(lambda: open_clinic(database, create=False))
    name = database.rpartition("/")[2]
    server.run("CREATE TABLE tunes (title text)", name)
    assert "another program's" in sentence_of(lambda: open_clinic(database))
    assert server.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name) == [(1,)]


@pytest.mark.clinic
def test_a_user_without_rights(server: Server, database: str, home: Path) -> None:
    open_clinic(database).close()
    server.run(f"CREATE ROLE guest{os.getpid()} LOGIN PASSWORD '{PASSWORD}'")
    guest = database.replace("postgres:", f"guest{os.getpid()}:")
    try:
        assert "no right" in sentence_of(lambda: open_clinic(guest))
        assert "no right" in sentence_of(lambda: open_clinic(f"{guest.rpartition('/')[0]}/{server.new_database()}"))
    finally:
        server.run(f"DROP ROLE guest{os.getpid()}")


@pytest.mark.clinic
def test_a_server_that_goes_away(server: Server, database: str, home: Path) -> None:
    """Every connection is ended in the middle of the work; the next step finds its way again."""
    with open_clinic(database) as clinic:
        clinic.import_logs(write_lines(home / "a.csv", "P1|2026-03-01|bridge|5"), today=TODAY)
        name = database.rpartition("/")[2]
        end_all = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"

        def ended_midway(step: Callable[[Connection], None]) -> None:
            with clinic.session.database.writing() as connection:
                server.run(end_all)
                step(connection)

        for step in (lambda connection: connection.execute(insert(log_changes).values(change=99, token="")),
                     lambda connection: insert_many(connection, "log_changes", ["change", "token"], [(99, "")]),
                     lambda connection: list(read_many(connection, select(log_changes), at_once=5))):
            assert "cannot be reached" in sentence_of(lambda step=step: ended_midway(step))
        assert len(drawn(clinic)) == 1
        server.run(end_all)
        clinic.import_logs(write_lines(home / "b.csv", "P2|2026-03-01|bridge|5"), today=TODAY)
        assert len(drawn(clinic)) == 2


@pytest.mark.clinic
@pytest.mark.parametrize("note", ["a\0b", "\ud800"])
def test_text_that_a_server_cannot_hold(database: str, home: Path, note: str) -> None:
    path = home / "odd.csv"
    path.write_bytes(f'patient_id,performed_at,note\nP1,2026-03-01,"{note}"\n'.encode("utf-8", "surrogatepass"))
    with open_clinic(database) as clinic, suppress(ClinicError):
        clinic.import_logs(path, today=TODAY)
    with open_clinic(database) as clinic:
        assert len(clinic.imports()) == len(clinic.cohort().logs)


def test_two_sessions_see_one_clinic(made: Path) -> None:
    with open_clinic(made) as one, open_clinic(made) as other:
        one.import_logs(write_lines(made.parent / "b.csv", "P99|2026-03-01|squat|1"), today=TODAY)
        assert any(line.startswith("P99") for line in drawn(other))


def test_a_session_knows_its_clinic(made: Path) -> None:
    session = open_session(made)
    assert (session.name, session.database.is_sqlite) == ("Hip clinic", True)
    session.database.close()
