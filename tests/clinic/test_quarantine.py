"""Rows that the door refused wait in the quarantine, until someone has put them right."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection

from clinic.files import TODAY, drawn, write_lines
from hipanalytics.clinic.clinic import Clinic
from hipanalytics.clinic.logs import corrections
from hipanalytics.errors import ClinicError

GOOD = "P1 | 2026-03-02 10:00 | bridge | 5"
REFUSED = "P1 | 2026-13-01 10:00 | bridge | 4"
LEFT_OUT = "P1 | 2026-03-01 10:00 | bridge | 10.5"
OTHER_LEFT_OUT = "P1 | 2026-03-01 10:00 | bridge | 11"


def bring(clinic: Clinic, home: Path, name: str, *lines: str) -> int:
    return clinic.import_logs(write_lines(home / f"{name}.csv", "\n".join(lines)), today=TODAY)[0].import_id


def entries(clinic: Clinic) -> list[int]:
    return [int(each) for each in clinic.quarantine()["entry"]]


def put_right(clinic: Clinic, entry: int, **cells: str) -> int:
    done = clinic.correct({entry: cells}, today=TODAY)
    assert done.still_wrong.empty
    return done.receipts[0].import_id


def pains(clinic: Clinic) -> list[str]:
    """Without where it comes from."""
    return [line.split(" (")[0] for line in drawn(clinic)]


def test_what_was_refused_and_what_was_left_out_are_listed_with_reasons(clinic: Clinic, home: Path) -> None:
    number = bring(clinic, home, "week", GOOD, REFUSED, LEFT_OUT)
    table = clinic.quarantine()
    assert table[["import_id", "file", "row", "patient_id", "effect"]].values.tolist() == [
        [number, "week.csv", 3, "P1", "row refused"], [number, "week.csv", 4, "P1", "cell left out"]]
    assert table["problems"][0][0]["column"] == "performed_at"
    assert table["problems"][0][0]["value"] == "2026-13-01 10:00"
    assert table["cells"][1] == {
        "patient_id": "P1", "performed_at": "2026-03-01 10:00", "exercise": "bridge", "pain": "10.5"}
    receipt = clinic.imports()[0]
    assert (receipt.rows_read, receipt.accepted, receipt.rejected, receipt.cells_left_out) == (3, 2, 1, 1)
    refused = clinic.cohort().refused
    assert refused[["patient_id", "rows_refused", "cells_left_out"]].values.tolist() == [["P1", 1, 1]]


def test_a_corrected_row_takes_its_place(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "week", GOOD, REFUSED, LEFT_OUT)
    refused, left_out = entries(clinic)
    done = clinic.correct({refused: {"performed_at": "2026-03-03 10:00"}, left_out: {"pain": "1"}}, today=TODAY)
    assert drawn(clinic) == [
        "P1 03-01 bridge 1 (week.csv 4)", "P1 03-02 bridge 5 (week.csv 2)", "P1 03-03 bridge 4 (week.csv 3)"]
    assert entries(clinic) == []
    assert [(each.corrects, each.rows_new, each.rows_replaced) for each in done.receipts] == [(1, 2, 1)]


def test_what_is_still_wrong_stays_and_nothing_of_it_is_saved(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "week", GOOD, REFUSED, LEFT_OUT)
    refused, left_out = entries(clinic)
    done = clinic.correct({refused: {"performed_at": "never"}, left_out: {"pain": "99"}}, today=TODAY)
    assert (done.receipts, done.still_wrong["row"].tolist()) == ((), [3, 4])
    assert entries(clinic) == [refused, left_out]
    half = clinic.correct({refused: {"performed_at": "2026-03-03"}, left_out: {"pain": "99"}}, today=TODAY)
    assert (len(half.receipts), half.still_wrong["row"].tolist()) == (1, [4])
    assert entries(clinic) == [left_out]


def test_two_rows_of_one_session_corrected_one_after_the_other(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "day", LEFT_OUT, OTHER_LEFT_OUT)
    first, second = entries(clinic)
    put_right(clinic, first, pain="1")
    put_right(clinic, second, pain="2")
    assert drawn(clinic) == ["P1 03-01 bridge 1 (day.csv 2)", "P1 03-01 bridge 2 (day.csv 3)"]


def test_the_first_of_two_corrections_of_one_session_is_undone(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "day", LEFT_OUT, OTHER_LEFT_OUT)
    first, second = entries(clinic)
    correction = put_right(clinic, first, pain="1")
    put_right(clinic, second, pain="2")
    clinic.undo_import(correction, "mistyped")
    assert drawn(clinic) == ["P1 03-01 bridge 2 (day.csv 3)", "P1 03-01 bridge nan (day.csv 2)"]
    assert entries(clinic) == [first]


def test_what_is_right_is_taken_and_what_is_not_stays(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "one", REFUSED)
    bring(clinic, home, "two", LEFT_OUT)
    refused, left_out = entries(clinic)
    both = {refused: {"performed_at": "2026-03-03 10:00"}, left_out: {"pain": "11"}}
    done = clinic.correct(both, today=TODAY)
    assert [each.corrects for each in done.receipts] == [1]
    assert (len(done.still_wrong), entries(clinic)) == (1, [left_out])
    done = clinic.correct({left_out: {"pain": "1"}}, today=TODAY)
    assert [each.corrects for each in done.receipts] == [2]
    assert pains(clinic) == ["P1 03-01 bridge 1", "P1 03-03 bridge 4"]


def test_rows_of_two_files_are_corrected_together_or_not_at_all(
    clinic: Clinic, home: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    bring(clinic, home, "one", REFUSED)
    bring(clinic, home, "two", LEFT_OUT)
    refused, left_out = entries(clinic)
    both = {refused: {"performed_at": "2026-03-03 10:00"}, left_out: {"pain": "1"}}
    inner, goes_well = corrections.replay, iter([True, False])

    def replay(connection: Connection, import_ids: list[int]) -> None:
        if not next(goes_well):
            raise ClinicError("The power failed.")
        inner(connection, import_ids)

    with monkeypatch.context() as patch:
        patch.setattr(corrections, "replay", replay)
        with pytest.raises(ClinicError, match="power failed"):
            clinic.correct(both, today=TODAY)
    assert (len(clinic.imports()), entries(clinic), len(pains(clinic))) == (2, [refused, left_out], 1)
    assert [each.corrects for each in clinic.correct(both, today=TODAY).receipts] == [1, 2]


def test_nothing_to_correct_or_to_set_aside(clinic: Clinic) -> None:
    done = clinic.correct({})
    assert (done.receipts, len(done.still_wrong), clinic.dismiss([], "none")) == ((), 0, [])


def test_a_correction_can_be_undone(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "week", GOOD, REFUSED)
    correction = put_right(clinic, entries(clinic)[0], performed_at="2026-03-03 10:00")
    clinic.undo_import(correction, "wrong day")
    assert pains(clinic) == ["P1 03-02 bridge 5"]
    assert len(entries(clinic)) == 1


def test_an_undone_import_takes_its_corrections_with_it(clinic: Clinic, home: Path) -> None:
    number = bring(clinic, home, "week", GOOD, REFUSED, LEFT_OUT)
    refused, left_out = entries(clinic)
    put_right(clinic, refused, performed_at="2026-03-03 10:00")
    put_right(clinic, left_out, pain="1")
    clinic.undo_import(number, "another clinic's")
    assert (pains(clinic), entries(clinic)) == ([], [])
    assert [each.is_undone for each in clinic.imports()] == [True, True, True]
    bring(clinic, home, "week", GOOD, REFUSED, LEFT_OUT)
    assert len(entries(clinic)) == 2  # as if it came for the first time


def test_a_later_file_with_the_same_faults_is_put_right_at_once(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "week", GOOD, REFUSED, LEFT_OUT)
    refused, left_out = entries(clinic)
    put_right(clinic, refused, performed_at="2026-03-03 10:00")
    put_right(clinic, left_out, pain="1")
    bring(clinic, home, "fortnight", GOOD, REFUSED, LEFT_OUT, "P1|2026-03-08 10:00|bridge|2")
    assert pains(clinic) == ["P1 03-01 bridge 1", "P1 03-02 bridge 5", "P1 03-03 bridge 4", "P1 03-08 bridge 2"]
    assert entries(clinic) == []


def test_a_later_file_with_a_good_row_replaces_a_correction(clinic: Clinic, home: Path) -> None:
    """The patient's app has put it right itself: its value holds, now and after further imports."""
    bring(clinic, home, "week", GOOD, REFUSED)
    put_right(clinic, entries(clinic)[0], performed_at="2026-03-03 10:00")
    bring(clinic, home, "mended", "P1 | 2026-03-03 10:00 | bridge | 9")
    assert pains(clinic) == ["P1 03-02 bridge 5", "P1 03-03 bridge 9"]
    bring(clinic, home, "next", "P1 | 2026-03-09 10:00 | bridge | 2")
    assert pains(clinic) == ["P1 03-02 bridge 5", "P1 03-03 bridge 9", "P1 03-09 bridge 2"]
    assert entries(clinic) == []


def test_a_correction_of_an_earlier_file_leaves_a_later_file_s_session_as_it_is(clinic: Clinic, home: Path) -> None:
    """Corrected rows stand as if they had stood in their file: what came later holds."""
    bring(clinic, home, "week", GOOD, REFUSED)
    bring(clinic, home, "mended", "P1 | 2026-03-03 10:00 | bridge | 9")
    put_right(clinic, entries(clinic)[0], performed_at="2026-03-03 10:00")
    assert pains(clinic) == ["P1 03-02 bridge 5", "P1 03-03 bridge 9"]
    assert entries(clinic) == []
    clinic.undo_import(2, "wrong")
    assert pains(clinic) == ["P1 03-02 bridge 5", "P1 03-03 bridge 4"]


def test_the_key_of_a_row_that_stands_may_change(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "week", LEFT_OUT)
    correction = put_right(clinic, entries(clinic)[0], performed_at="2026-03-05 10:00", pain="1")
    assert pains(clinic) == ["P1 03-05 bridge 1"]
    clinic.undo_import(correction, "it was right")
    assert drawn(clinic) == ["P1 03-01 bridge nan (week.csv 2)"]


def test_a_row_that_loses_its_exercise_gives_way_to_an_earlier_file_s(clinic: Clinic, home: Path) -> None:
    """It was a rating, not a session: what an earlier file says of the session holds again."""
    bring(clinic, home, "first", "P1 | 2026-03-01 10:00 | bridge | 3")
    bring(clinic, home, "second", LEFT_OUT)
    correction = put_right(clinic, entries(clinic)[0], exercise="", pain="1")
    assert drawn(clinic) == ["P1 03-01 bridge 3 (first.csv 2)", "P1 03-01 nan 1 (second.csv 2)"]
    clinic.undo_import(correction, "it was a session")
    assert drawn(clinic) == ["P1 03-01 bridge nan (second.csv 2)"]


def test_an_entry_is_corrected_once(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "week", REFUSED)
    entry = entries(clinic)[0]
    put_right(clinic, entry, performed_at="2026-03-03 10:00")
    for wanted in (entry, 99):
        with pytest.raises(ClinicError, match=f"no open entry {wanted}"):
            clinic.correct({wanted: {"performed_at": "2026-03-04"}}, today=TODAY)
    assert pains(clinic) == ["P1 03-03 bridge 4"]


def test_rows_set_aside_for_good_are_no_longer_listed(clinic: Clinic, home: Path) -> None:
    number = bring(clinic, home, "week", GOOD, REFUSED)
    with pytest.raises(ClinicError, match="Say why"):
        clinic.dismiss(entries(clinic), "")
    receipt = clinic.dismiss(entries(clinic), "no such day")[0]
    assert (receipt.corrects, receipt.rows_read, entries(clinic)) == (number, 0, [])
    bring(clinic, home, "again", GOOD, REFUSED, "P1|2026-03-08 10:00|bridge|2")
    assert entries(clinic) == []
    clinic.undo_import(receipt.import_id, "there is one")
    assert len(entries(clinic)) == 1


def test_the_same_fault_in_two_files_is_listed_once(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "week", GOOD, REFUSED)
    second = bring(clinic, home, "fortnight", GOOD, REFUSED, "P1|2026-03-08 10:00|bridge|2")
    assert clinic.quarantine()["import_id"].tolist() == [second]
    clinic.undo_import(second, "tried")
    assert clinic.quarantine()["import_id"].tolist() == [1]


def test_a_replaced_row_is_no_longer_asked_about(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "week", LEFT_OUT)
    bring(clinic, home, "mended", "P1 | 2026-03-01 10:00 | bridge | 1")
    assert (pains(clinic), entries(clinic)) == (["P1 03-01 bridge 1"], [])
