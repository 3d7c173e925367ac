"""Excel: dates by their format, the sheet that is meant, and nothing that harms the reader."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hipanalytics.errors import FileError
from hipanalytics.importers import MappingProfile, read_logs
from tests.importers.files import TODAY, found, logs_from

HEADER = ["patient_id", "performed_at", "exercise", "done", "pain"]


def workbook(folder: Path, rows: list[list[Any]], formats: dict[str, str] | None = None) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Diary"
    for row in rows:
        book.active.append(row)
    for cell, shape in (formats or {}).items():
        book.active[cell].number_format = shape
    book.save(folder / "logs.xlsx")
    return folder / "logs.xlsx"


def test_cells_of_every_kind(tmp_path: Path) -> None:
    path = workbook(tmp_path, [
        HEADER, [12.0, dt.date(2026, 3, 1), "squat", True, 3.5], ["P1", dt.datetime(2026, 3, 2, 17, 30), "squat", 0, 4],
        ["P1", "2026-03-03", None, None, "7"]])
    logs, report = read_logs(path, today=TODAY)
    assert list(logs["patient_id"]) == ["12", "P1", "P1"]
    assert logs["performed_at"].astype(str).tolist() == [
        "2026-03-01 00:00:00", "2026-03-02 17:30:00", "2026-03-03 00:00:00"]
    assert logs["has_time"].tolist() == [False, True, False]
    assert logs["done"].tolist()[:2] == [True, False]
    assert logs["pain"].tolist() == [3.5, 4, 7]
    assert report.receipts[0].sheet == "Diary"


@pytest.mark.parametrize(("shape", "has_time"), [
    ("yyyy-mm-dd", False), ("dd/mm/yyyy", False), ("mmm yyyy", False), ("yyyy-mm-dd hh:mm", True),
    ('d "hours" mmm yyyy', False), ("[$-409]d/m/yy h:mm AM/PM", True)])
def test_a_date_has_a_time_where_its_format_shows_one(tmp_path: Path, shape: str, has_time: bool) -> None:
    path = workbook(tmp_path, [HEADER, ["P1", dt.datetime(2026, 3, 1), "a", None, 1],
                               ["P1", dt.datetime(2026, 3, 1, 9, 5), "a", None, 1]], {"B2": shape})
    logs, _ = read_logs(path, today=TODAY)
    assert logs["has_time"].tolist() == [has_time, True]


def test_a_plain_number_is_no_date(tmp_path: Path) -> None:
    _, report = read_logs(workbook(tmp_path, [HEADER, ["P1", 45000, "squat", None, 1]]), today=TODAY)
    assert found(report) == [
        (2, "performed_at", "45000", "looks like the plain number that a spreadsheet keeps for a date", "row refused")]


def test_errors_and_formulas_without_result_are_problems(tmp_path: Path) -> None:
    path = workbook(tmp_path, [
        HEADER, ["P1", "2026-03-01", "#REF!", None, "=1+1"], ["P1", "2026-03-02", "squat", None, "#DIV/0!"]])
    logs, report = read_logs(path, today=TODAY)
    assert logs["pain"].isna().all()
    assert [(row, column, problem) for row, column, _, problem, _ in found(report)] == [
        (2, "pain", "is a formula whose result was never saved"), (2, "exercise", "is the error of a formula"),
        (3, "pain", "is the error of a formula")]


def test_rows_keep_the_numbers_of_the_sheet(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [], ["", ""], HEADER, [], ["P1", "2026-03-01", "a", None, 1], ["P1", "2026-03-01", "a", 1, 1, "lost"]]
    logs, report = read_logs(workbook(tmp_path, rows), today=TODAY)
    assert logs["row"].tolist() == [5]
    assert found(report) == [(6, "", "lost", "has more cells than the header has columns", "row refused")]
    assert report.receipts[0].blank == 1


def test_the_sheet_is_the_first_or_the_one_that_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, [HEADER, ["P1", "2026-03-01", "a", None, 1]])
    book = openpyxl.load_workbook(path)
    for row in [HEADER, ["P2", "2026-03-01", "a", None, 1]]:
        (book["Other"] if "Other" in book.sheetnames else book.create_sheet("Other")).append(row)
    book.save(path)
    first, report = read_logs(path, today=TODAY)
    named, _ = read_logs(path, today=TODAY, mapping=MappingProfile(file={"sheet": "other"}))
    assert (list(first["patient_id"]), list(named["patient_id"])) == (["P1"], ["P2"])
    assert report.receipts[0].assumptions == ("Read the first sheet, Diary; not read: Other.",)
    with pytest.raises(FileError, match="has no sheet Third; it has Diary, Other"):
        read_logs(path, today=TODAY, mapping=MappingProfile(file={"sheet": "Third"}))


def test_a_workbook_with_a_password_or_of_the_old_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="protected with a password, or an old workbook"):
        logs_from(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "logs.xlsx")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "logs.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed, \
            packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
        for _ in range(300):
            part.write(b"\0" * (1 << 20))
    with pytest.raises(FileError, match="would unpack to 300 MB"):
        read_logs(path, today=TODAY)


def test_entities_that_grow_without_end_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, [HEADER, ["P1", "2026-03-01", "a", None, 1]])
    grow = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{grow}]><worksheet>&e9;</worksheet>'
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, bomb if name == "xl/worksheets/sheet1.xml" else content)
    with pytest.raises(FileError, match=r"is damaged|is empty"):
        read_logs(path, today=TODAY)


@pytest.mark.parametrize("content", [b"PK\x03\x04 but no more", b"not a zip at all, but named so"])
def test_a_damaged_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FileError, match="is not a workbook"):
        logs_from(tmp_path, content, "logs.xlsx")


def test_a_zip_of_something_else_and_an_empty_sheet_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as packed:
        packed.writestr("readme.txt", "hello")
    with pytest.raises(FileError, match="cannot be read as a workbook"):
        read_logs(tmp_path / "other.xlsx", today=TODAY)
    with pytest.raises(FileError, match="is empty"):
        read_logs(workbook(tmp_path, []), today=TODAY)


def test_a_hidden_sheet_is_not_taken_for_the_first(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["only for the list of words"]])
    book = openpyxl.load_workbook(path)
    book.active.sheet_state = "hidden"
    shown = book.create_sheet("Shown")
    for row in (HEADER, ["P1", "2026-03-01", "squat", True, 3]):
        shown.append(row)
    book.save(path)
    _, report = read_logs(path, today=TODAY)
    assert (report.receipts[0].sheet, report.accepted) == ("Shown", 1)


def test_a_stray_cell_in_the_last_row_is_told_and_the_rows_stand(tmp_path: Path) -> None:
    path = workbook(tmp_path, [HEADER, ["P1", "2026-03-01", "squat", True, 3]])
    book = openpyxl.load_workbook(path)
    book.active.cell(5_000, 9_000, "stray")
    book.save(path)
    logs, report = read_logs(path, today=TODAY)
    assert len(logs) == 1
    assert report.problems["row"].unique().tolist() == [5_000]


def test_a_number_that_is_no_date_and_a_workbook_with_another_ending(tmp_path: Path) -> None:
    path = workbook(tmp_path, [HEADER, ["P1", 2_958_466, "squat", True, 3]], {"B2": "yyyy-mm-dd"})
    _, report = read_logs(path.rename(tmp_path / "logs.csv"), today=TODAY)
    assert found(report)[0][3] == "is the error of a formula"
