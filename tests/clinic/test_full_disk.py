"""A full disk: a sentence says so, nothing is half done, and once there is room the step can be repeated."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from clinic.files import TODAY, log_rows, write_lines
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.clinic.logs import staging
from hipanalytics.errors import ClinicError

pytestmark = pytest.mark.clinic
FEW = "\n".join(f"P{patient} | 2026-03-{day:02} 10:00 | bridge | 3" for patient in range(20) for day in range(1, 11))
MANY = "\n".join(f"P{patient} | 2026-03-{day:02} 10:00 | {exercise} | {day % 10}" for patient in range(800)
                 for day in range(1, 21) for exercise in ("bridge", "squat"))


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """A disk of 6 MB."""
    folder = home / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs", str(folder)]
    if os.getuid() != 0 or shutil.which("mount") is None or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("only root can make a small disk, and not on every machine")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Take all room on it but for so many bytes."""
    path = disk / "ballast"
    room = shutil.disk_usage(disk).free - leave
    path.write_bytes(b"x" * max(room, 0))
    return path


def refusal(clinic: Clinic, path: Path) -> str:
    with pytest.raises(ClinicError) as caught:
        clinic.import_logs(path, today=TODAY)
    return str(caught.value)


@pytest.mark.parametrize("leave", [0, 20_000, 100_000, 1_000_000, 2_000_000])
def test_the_clinic_s_disk_is_full(small_disk: Path, home: Path, leave: int) -> None:
    with open_clinic(small_disk / "clinic") as clinic:
        clinic.import_logs(write_lines(home / "few.csv", FEW), today=TODAY)
        before = log_rows(clinic)
        ballast = fill(small_disk, leave)
        assert "disk is full" in refusal(clinic, write_lines(home / "many.csv", MANY))
        ballast.unlink()
        assert [each.file for each in clinic.imports()] == ["few.csv"]
        assert log_rows(clinic) == before
        with closing(clinic.session.database.engine.raw_connection()) as connection:
            assert connection.cursor().execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        few = write_lines(home / "more.csv", FEW.replace("bridge", "squat"))
        assert clinic.import_logs(few, today=TODAY)[0].rows_new == 200
        assert len(log_rows(clinic)) == 400



def test_reading_goes_on_where_no_snapshot_can_be_written(small_disk: Path, home: Path) -> None:
    with open_clinic(small_disk / "clinic") as clinic:
        clinic.import_logs(write_lines(home / "few.csv", FEW), today=TODAY)
        ballast = fill(small_disk, leave=100_000)
        clinic.import_logs(write_lines(home / "one.csv", "P1|2026-03-30|bridge|5"), today=TODAY)
        shutil.rmtree(small_disk / "clinic" / "snapshot", ignore_errors=True)
        with ballast.open("ab") as rest:
            rest.truncate(ballast.stat().st_size + shutil.disk_usage(small_disk).free - 12_000)
        assert len(log_rows(clinic)) == 201


def test_no_clinic_can_be_made_on_a_full_disk(small_disk: Path) -> None:
    for leave in (0, 8_000, 60_000):
        ballast = fill(small_disk, leave)
        with pytest.raises(ClinicError, match=r"disk is full|No space left|cannot be made"):
            open_clinic(small_disk / "clinic")
        ballast.unlink()
    with open_clinic(small_disk / "clinic") as clinic:
        assert clinic.imports() == []


@pytest.mark.parametrize("leave", [0, 50_000])
def test_the_disk_for_temporary_files_is_full(
    small_disk: Path, home: Path, monkeypatch: pytest.MonkeyPatch, leave: int,
) -> None:
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(small_disk))
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    monkeypatch.setattr(staging, "_IN_MEMORY", 10_000)
    with open_clinic(home / "clinic") as clinic:
        clinic.import_logs(write_lines(home / "few.csv", FEW), today=TODAY)
        fill(small_disk, leave)
        assert "disk" in refusal(clinic, write_lines(home / "many.csv", MANY))
        assert len(clinic.imports()) == 1
        assert [each.name for each in small_disk.iterdir()] == ["ballast"]
        (small_disk / "ballast").unlink()
        assert clinic.import_logs(home / "many.csv", today=TODAY)[0].accepted == 32_000
