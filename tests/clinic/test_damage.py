"""A clinic whose file was harmed: what can still be read is read, and what cannot is told in a sentence."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from clinic.files import TODAY, sentence_of, write_lines
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.errors import ClinicError


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
