"""What a patient's rows were before: kept, and shown."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hipanalytics.clinic.clinic import Clinic
from hipanalytics.errors import ClinicError

MARCH = dt.date(2026, 3, 31)


def bring(clinic: Clinic, file: Path, *lines: str) -> int:
    file.write_text("patient_id,performed_at,exercise,pain\n" + "\n".join(lines) + "\n")
    return clinic.import_logs(file, today=MARCH)[0].import_id


def told(clinic: Clinic) -> list[tuple[str, float, str, int]]:
    table = clinic.rows_of("P1")
    return list(zip(table["standing"], table["pain"], table["file"], table["row"], strict=True))


def test_replaced_and_undone_rows_are_shown_with_their_files(clinic: Clinic, home: Path) -> None:
    bring(clinic, home / "first.csv", "P1,2026-03-01,bridge,3", "P1,2026-03-02,bridge,4", "P2,2026-03-01,bridge,9")
    second = bring(clinic, home / "second.csv", "P1,2026-03-02,bridge,5")
    assert told(clinic) == [
        ("current", 3, "first.csv", 2), ("replaced", 4, "first.csv", 3), ("current", 5, "second.csv", 2)]
    clinic.undo_import(second, "wrong file")
    assert told(clinic) == [
        ("current", 3, "first.csv", 2), ("current", 4, "first.csv", 3), ("import undone", 5, "second.csv", 2)]
    assert clinic.trail("P1")["action"].tolist()[0] == "opened"


def test_a_patient_who_is_not_here(clinic: Clinic) -> None:
    with pytest.raises(ClinicError, match="no patient P1"):
        clinic.rows_of("P1")
