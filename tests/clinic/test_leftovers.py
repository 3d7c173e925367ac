"""What a killed backup leaves behind is patient data: it goes with the next one."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

from hipanalytics.clinic.care.leftovers import sweep, working_prefix

STEM = ".working-"


def folder_of(place: Path, computer: str, process: int) -> Path:
    folder = place / f"{STEM}{computer}-{process}-abc"
    folder.mkdir()
    (folder / "clinic.sqlite").write_text("P1")
    return folder


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_belongs_to_a_process_that_is_gone_goes_at_once(tmp_path: Path) -> None:
    here = f"{uuid.getnode():x}"
    killed, other = folder_of(tmp_path, here, dead_process()), tmp_path / "notes.txt"
    other.write_text("mine")
    (tmp_path / "a.part").write_text("half")
    sweep(tmp_path, STEM, "*.part")
    assert not killed.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_who_is_at_work_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / f"{working_prefix(STEM)}abc"
    mine.mkdir()
    elsewhere = folder_of(tmp_path, "abcdef", os.getpid())
    (tmp_path / "a.part").write_text("half")
    sweep(tmp_path, STEM, "*.part")
    assert mine.exists()
    assert elsewhere.exists()
    assert (tmp_path / "a.part").exists()


def test_what_another_computer_left_goes_after_a_day(tmp_path: Path) -> None:
    elsewhere = folder_of(tmp_path, "abcdef", 1)
    os.utime(elsewhere, (0, 0))
    sweep(tmp_path, STEM)
    assert not elsewhere.exists()
