"""An undone import leaves the clinic as if it had never been made, and all others had."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import pytest

from clinic.files import TODAY, drawn, log_rows, sourced_rows, write_lines
from clinic.plain_clinic import PlainClinic
from hipanalytics.clinic.clinic import Clinic
from hipanalytics.errors import ClinicError

# Three exports of one diary, a week apart. What each says of the sessions of 1, 2, 3 and 4 March:
#
#            1 March   2 March   3 March   4 March
#   A        5         6
#   B                  6         4
#   C        5         7         4         3
FILES = {
    "A": "P1 | 2026-03-01 | bridge | 5 \n P1 | 2026-03-02 | bridge | 6",
    "B": "P1 | 2026-03-02 | bridge | 6 \n P1 | 2026-03-03 | bridge | 4",
    "C": """P1 | 2026-03-01 | bridge | 5
            P1 | 2026-03-02 | bridge | 7
            P1 | 2026-03-03 | bridge | 4
            P1 | 2026-03-04 | bridge | 3""",
}


def import_file(clinic: Clinic, home: Path, letter: str) -> int:
    path = write_lines(home / f"{letter}.csv", FILES[letter])
    return clinic.import_logs(path, today=TODAY)[0].import_id


def pains(clinic: Clinic) -> dict[int, float]:
    """Day of March -> pain."""
    logs = clinic.cohort().logs
    return {when.day: pain for when, pain in zip(logs["performed_at"], logs["pain"], strict=True)}


def test_a_file_between_two_others_is_undone(clinic: Clinic, home: Path) -> None:
    import_file(clinic, home, "A")
    second = import_file(clinic, home, "B")
    third = import_file(clinic, home, "C")
    assert pains(clinic) == {1: 5, 2: 7, 3: 4, 4: 3}
    clinic.undo_import(second, "wrong export")
    assert pains(clinic) == {1: 5, 2: 7, 3: 4, 4: 3}
    assert "P1 03-03 bridge 4 (C.csv 4)" in drawn(clinic)  # no longer from B
    clinic.undo_import(third, "wrong export")
    assert drawn(clinic) == ["P1 03-01 bridge 5 (A.csv 2)", "P1 03-02 bridge 6 (A.csv 3)"]


def test_the_last_file_is_undone_and_the_one_before_holds_again(clinic: Clinic, home: Path) -> None:
    for letter in "CAB":
        last = import_file(clinic, home, letter)
    assert pains(clinic) == {1: 5, 2: 6, 3: 4, 4: 3}
    clinic.undo_import(last, "wrong export")
    assert pains(clinic) == {1: 5, 2: 6, 3: 4, 4: 3}  # 2 March is as A says
    clinic.undo_import(2, "wrong export")
    assert pains(clinic) == {1: 5, 2: 7, 3: 4, 4: 3}


def test_an_import_that_was_undone_can_be_made_again(clinic: Clinic, home: Path) -> None:
    clinic.undo_import(import_file(clinic, home, "A"), "wrong clinic")
    assert len(clinic.cohort().logs) == 0
    again = clinic.import_logs(home / "A.csv", today=TODAY)[0]
    assert (again.import_id, again.already_imported, again.rows_new, again.rows_known) == (2, False, 2, 0)
    assert pains(clinic) == {1: 5, 2: 6}
    assert [each.is_undone for each in clinic.imports()] == [True, False]


def test_rows_of_an_undone_file_that_come_with_another_are_found_there(clinic: Clinic, home: Path) -> None:
    clinic.undo_import(import_file(clinic, home, "A"), "wrong clinic")
    later = clinic.import_logs(
        write_lines(home / "new.csv", "P2|2026-03-01|bridge|5\n" + FILES["A"]), today=TODAY)[0]
    assert (later.rows_new, later.rows_known) == (3, 0)
    assert {(file, row) for file, row, _ in sourced_rows(clinic)} == {("new.csv", 2), ("new.csv", 3), ("new.csv", 4)}


@pytest.mark.clinic
@pytest.mark.parametrize("order", list(itertools.permutations("ABC")), ids="".join)
def test_every_order_of_imports_and_undos(clinic: Clinic, home: Path, order: tuple[str, ...]) -> None:
    """All three in this order, then undone one by one in every order: each time as the plain clinic says."""
    for undone in itertools.permutations(range(3)):
        numbers = [import_file(clinic, home, letter) for letter in order]
        assert log_rows(clinic) == plain_log(clinic)
        for place in undone:
            clinic.undo_import(numbers[place], "tried")
            assert log_rows(clinic) == plain_log(clinic)
    assert (len(clinic.imports()), len(clinic.cohort().logs)) == (18, 0)


def plain_log(clinic: Clinic) -> list[tuple[object, ...]]:
    """The log as the clinic's own receipts say it should be."""
    plain = PlainClinic()
    for receipt in clinic.imports():
        plain.add(receipt.file, [plain_row(line) for line in FILES[receipt.file[0]].splitlines()])
        if receipt.is_undone:
            plain.undo(receipt.import_id)
    return plain.rows()


def plain_row(line: str) -> dict[str, object]:
    patient, day, exercise, pain = (word.strip() for word in line.split("|"))
    return {"patient_id": patient, "performed_at": dt.date.fromisoformat(day), "exercise": exercise,
            "pain": float(pain)}


def test_what_cannot_be_undone_says_why(clinic: Clinic, home: Path) -> None:
    number = import_file(clinic, home, "A")
    with pytest.raises(ClinicError, match="Say why"):
        clinic.undo_import(number, "  ")
    with pytest.raises(ClinicError, match="no import 7"):
        clinic.undo_import(7, "tried")
    clinic.undo_import(number, "tried")
    with pytest.raises(ClinicError, match=r"undone already, on \d{4}-\d\d-\d\d by Dr Weber"):
        clinic.undo_import(number, "tried")
    assert len(clinic.cohort().logs) == 0


def test_the_receipt_is_kept_and_says_who_undid_it(clinic: Clinic, home: Path) -> None:
    number = import_file(clinic, home, "A")
    clinic.sign_as("Dr Amara")
    receipt = clinic.undo_import(number, "sent by mistake")
    assert (receipt.author, receipt.undone_by, receipt.rows_new) == ("Dr Weber", "Dr Amara", 2)
    assert clinic.imports() == [receipt]
