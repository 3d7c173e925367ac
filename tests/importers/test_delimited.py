"""Text tables: any separator, encoding and line end, told where it was detected."""

from __future__ import annotations

from pathlib import Path

import pytest

from hipanalytics.errors import FileError
from hipanalytics.importers import MappingProfile
from hipanalytics.importers.text_file import find_delimiter
from tests.importers.files import found, logs_from

ROWS = ["patient_id;performed_at;note;pain", "P1;2026-03-01;Knie größer, müde;3,5", "P2;2026-03-02;a;4"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end_gives_the_same_table(tmp_path: Path, encoding: str, end: str) -> None:
    logs, report = logs_from(tmp_path, end.join(ROWS).encode(encoding))
    assert logs["note"].tolist() == ["Knie größer, müde", "a"]
    assert logs["pain"].tolist() == [3.5, 4]
    assert logs["row"].tolist() == [2, 3]
    assert report.receipts[0].decimal == ","
    assert report.receipts[0].delimiter == ";"


def test_bytes_that_windows_1252_does_not_know_are_read_as_latin_1(tmp_path: Path) -> None:
    _, report = logs_from(tmp_path, b"patient_id,performed_at,note\nP1,2026-03-01,\x81\xe9\n")
    assert report.receipts[0].encoding == "latin-1"


def test_a_named_encoding_is_used_and_refused_where_it_does_not_fit(tmp_path: Path) -> None:
    content = "patient_id,performed_at,note\nP1,2026-03-01,ñandú\n"
    named = MappingProfile(file={"encoding": "mac-roman"})
    logs, _ = logs_from(tmp_path, content.encode("mac-roman"), mapping=named)
    assert logs["note"].tolist() == ["ñandú"]
    with pytest.raises(FileError, match="cannot be read as utf-8"):
        logs_from(tmp_path, content.encode("latin-1"), mapping=MappingProfile(file={"encoding": "utf-8"}))


@pytest.mark.parametrize(("text", "delimiter"), [
    ("a,b,c\n1,2,3\n", ","), ("a;b;c\n1,5;2,5;3\n", ";"), ("a\tb\n1\t2,5\n", "\t"), ("a|b\nx,y|z\n", "|"),
    ('a,b\n"x;y;z;w",1\n', ","), ("a\n1\n", ","), ("patient_id;note\nP1;one, two, three\nP2;four\n", ";")])
def test_the_separator_is_found(text: str, delimiter: str) -> None:
    assert find_delimiter(text) == delimiter


def test_excels_own_line_about_the_separator_is_no_row(tmp_path: Path) -> None:
    logs, _ = logs_from(tmp_path, "sep=|\r\npatient_id|performed_at\r\nP1|2026-03-01\r\n")
    assert logs["row"].tolist() == [2]


def test_a_declared_separator_is_not_guessed_at(tmp_path: Path) -> None:
    logs, report = logs_from(
        tmp_path, "patient_id~performed_at\nP1~2026-03-01\n", mapping=MappingProfile(file={"delimiter": "~"}))
    assert len(logs) == 1
    assert report.receipts[0].assumptions == ()


def test_a_wrong_separator_is_told_by_the_missing_column(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no column patient_id"):
        logs_from(tmp_path, "patient_id,performed_at\nP1,2026-03-01\n", mapping=MappingProfile(file={"delimiter": ";"}))


def test_commas_among_points_are_refused(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, "patient_id;performed_at;pain\nP1;2026-03-01;3,5\nP1;2026-03-02;3.5\n")
    assert logs["pain"].fillna(-9).tolist() == [-9, 3.5]
    assert found(report)[0][3] == "has a decimal comma where the file uses a decimal point"


def test_points_are_refused_where_the_profile_names_the_comma(tmp_path: Path) -> None:
    _, report = logs_from(tmp_path, "patient_id;performed_at;pain\nP1;2026-03-01;3.5\nP1;2026-03-01;3\n",
                          mapping=MappingProfile(file={"decimal": ","}))
    assert [problem for *_, problem, _ in found(report)] == ["has a decimal point where the file uses a decimal comma"]


@pytest.mark.parametrize("far", ["", ",,,,extra,and,more\n"])
def test_short_rows_are_filled_and_long_rows_refused(tmp_path: Path, far: str) -> None:
    logs, report = logs_from(
        tmp_path, "patient_id,performed_at,exercise,pain\nP1,2026-03-01\nP1,2026-03-02,squat,3,\n"
                  "P1,2026-03-03,squat,3,lost\n" + far)
    assert logs["performed_at"].dt.day.tolist() == [1, 2]
    assert found(report)[0] == (4, "", "lost", "has more cells than the header has columns", "row refused")
    assert report.rejected == (2 if far else 1)


def test_trailing_empty_columns_of_the_header_are_passed_over(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, "patient_id,performed_at,pain,,\nP1,2026-03-01,3,,x\n")
    assert logs["pain"].tolist() == [3]
    assert found(report) == []


def test_nul_bytes_are_left_out_and_told(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, b"patient_id,performed_at,note\nP1,2026-03-01,a\x00b\n")
    assert logs["note"].tolist() == ["ab"]
    assert "NUL" in report.receipts[0].assumptions[0]


def test_ids_of_digits_keep_their_zeros(tmp_path: Path) -> None:
    logs, _ = logs_from(tmp_path, "patient_id,performed_at\n007,2026-03-01\n7,2026-03-01\n")
    assert list(logs["patient_id"]) == ["007", "7"]


def test_a_cell_too_long_for_a_row_of_odd_length_refuses_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="more than 100,000 characters"):
        logs_from(tmp_path, 'patient_id,performed_at\n1,2,3,4,5\n"' + "x\n" * 100_000 + '",b\n')


def test_rows_that_an_open_quotation_mark_swallowed_are_told_and_not_lost_in_a_note(tmp_path: Path) -> None:
    header = "patient_id,performed_at,exercise,pain,note"
    rows = ['P1,2026-03-01,squat,5,"knee', "P2,2026-03-01,squat,5,", 'P3,2026-03-01,squat,5,"ok"', "P4,2026-03-01,,5,"]
    logs, report = logs_from(tmp_path, "\n".join([header, *rows]))
    assert logs["patient_id"].tolist() == ["P4"]
    assert [(row, column, problem) for row, column, _, problem, _ in found(report)] == [
        (2, "note", "holds further rows inside one cell")]


def test_a_note_in_several_lines_is_one_cell(tmp_path: Path) -> None:
    logs, report = logs_from(
        tmp_path, 'patient_id,performed_at,exercise,pain,note\nP1,2026-03-01,squat,5,"sore, stiff\nbetter, later"\n')
    assert logs["note"].tolist() == ["sore, stiff\nbetter, later"]
    assert report.rejected == 0


def test_a_declared_separator_may_be_any_sign_but_a_quotation_mark(tmp_path: Path) -> None:
    profile = MappingProfile.model_validate({"file": {"delimiter": "¦"}})
    logs, _ = logs_from(tmp_path, "patient_id¦performed_at¦pain\nP1¦2026-03-01¦3\n", mapping=profile)
    assert logs["pain"].tolist() == [3]
    with pytest.raises(ValueError, match="pattern"):
        MappingProfile.model_validate({"file": {"delimiter": '"'}})
