"""Whatever lies where a clinic should be: one sentence that says what to do, and nothing half done."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from clinic.files import TODAY, drawn, sentence_of, write_lines
from hipanalytics.clinic.clinic import open_clinic
from hipanalytics.clinic.opening import open_session

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
    path = write_lines(home / "a.csv", "P1|2026-03-01|bridge|5")
    content = path.read_bytes()
    for place in (path, path / "below"):
        said = sentence_of(lambda place=place: open_clinic(place))
        assert str(path) in said
    assert path.read_bytes() == content


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


def test_two_sessions_see_one_clinic(made: Path) -> None:
    with open_clinic(made) as one, open_clinic(made) as other:
        one.import_logs(write_lines(made.parent / "b.csv", "P99|2026-03-01|squat|1"), today=TODAY)
        assert any(line.startswith("P99") for line in drawn(other))


def test_a_session_knows_its_clinic(made: Path) -> None:
    session = open_session(made)
    assert (session.name, session.database.is_sqlite) == ("Hip clinic", True)
    session.database.close()
