"""What is written reads back the same, cannot run, and is never half written."""

import datetime as dt
import io
import os

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hipanalytics.errors import FileError
from hipanalytics.exports import csv_text, write_table

DANGEROUS = ["=CMD()", "+1", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "{=1}", "http://example.org", "0023"]


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame({
        "patient_id": pd.Categorical(["P-1", "P-2", None]),
        "day": pd.to_datetime(["2026-03-15", None, "2024-02-29"]),
        "at": pd.to_datetime(["2026-03-15 07:30", None, "2024-02-29 00:00"]),
        "done": pd.array([True, None, False], dtype="boolean"),
        "n": pd.array([3, None, 0], dtype="Int64"),
        "ratio": [1 / 3, np.nan, -0.25],
        "reason": pd.Series(['Pain 5,0, "worse"', None, "two\nlines"], dtype="str"),
    })


def test_csv_by_hand(table) -> None:
    assert csv_text(table) == (
        "patient_id,day,at,done,n,ratio,reason\n"
        'P-1,2026-03-15,2026-03-15 07:30,true,3,0.3333333333333333,"Pain 5,0, ""worse"""\n'
        "P-2,,,,,,\n"
        ',2024-02-29,2024-02-29 00:00,false,0,-0.25,"two\nlines"\n')


@pytest.mark.parametrize("table", [pd.DataFrame({"a": []}), pd.DataFrame({"a": pd.Series(dtype="datetime64[us]")})])
def test_csv_without_rows_is_the_header(table) -> None:
    assert csv_text(table) == "a\n"


def test_csv_of_one_column_keeps_its_empty_rows() -> None:
    assert pd.read_csv(io.StringIO(csv_text(pd.DataFrame({"a": [None, 1.5]}))), skip_blank_lines=True).shape == (2, 1)


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_csv_keeps_every_digit(values) -> None:
    back = [float(line) for line in csv_text(pd.DataFrame({"x": values, "y": 0})).replace(",0\n", "\n").split()[1:]]
    assert back == values


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r")), min_size=1))
@example(["\xa0=", "\x85+1", "\u2003@a", "\x1c-2"])
def test_csv_text_comes_back_but_for_its_apostrophe(values) -> None:
    table = pd.DataFrame({"note": pd.Series(values, dtype="str"), "n": 1})
    back = pd.read_csv(io.StringIO(csv_text(table)), dtype=str, keep_default_na=False)["note"].tolist()
    assert [cell.removeprefix("'") for cell in back] == [cell.removeprefix("'") for cell in values]
    assert not [cell for cell in back if cell.lstrip()[:1] in {"=", "+", "-", "@"} and cell]


def test_csv_cannot_run() -> None:
    table = pd.DataFrame({"=header": DANGEROUS, "change": -1.5, "mixed": ["=1", -2, True, *[None] * 8]})
    lines = csv_text(table).splitlines()
    assert lines[0] == "'=header,change,mixed"
    assert lines[1] == "'=CMD(),-1.5,'=1"
    assert lines[2:4] == ["'+1,-1.5,-2", "'-5,-1.5,true"]


def test_excel_cannot_run(tmp_path) -> None:
    names = ["=header", "link", "mixed"]
    table = pd.DataFrame(dict(zip(names, [DANGEROUS, DANGEROUS, [*DANGEROUS[:-1], 5]], strict=True)))
    write_table(table, tmp_path / "t.xlsx")
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "t.xlsx").active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert [cell.value for cell in cells if cell.data_type == "n"] == [5]
    assert not [cell for cell in cells if cell.hyperlink]
    assert [cell.value for cell in cells[:3]] == names


def test_excel_cells_have_their_own_types(table, tmp_path) -> None:
    write_table(table, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1] == (
        "P-1", dt.datetime(2026, 3, 15), dt.datetime(2026, 3, 15, 7, 30), True, 3, 1 / 3, 'Pain 5,0, "worse"')
    assert rows[2] == ("P-2", None, None, None, None, None, None)
    assert sheet.freeze_panes == "A2"
    assert sheet["B2"].number_format == "yyyy-mm-dd"
    assert sheet["C2"].number_format == "yyyy-mm-dd hh:mm"


def test_parquet_comes_back(table, tmp_path) -> None:
    write_table(table, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), table)


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_file_is_replaced_and_nothing_else_is_left(table, tmp_path, ending) -> None:
    (tmp_path / f"t.{ending}").write_text("old")
    write_table(table, tmp_path / f"t.{ending}")
    assert [file.name for file in tmp_path.iterdir()] == [f"t.{ending}"]
    assert (tmp_path / f"t.{ending}").read_bytes() != b"old"


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_no_folder_is_a_sentence(table, tmp_path, ending) -> None:
    with pytest.raises(FileError, match="is not a folder"):
        write_table(table, tmp_path / "nowhere" / f"t.{ending}")
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="is not a folder"):
        write_table(table, tmp_path / "file" / f"t.{ending}")


@pytest.mark.parametrize("name", ["t.xls", "t.txt", "t"])
def test_another_ending_is_a_sentence(table, tmp_path, name) -> None:
    with pytest.raises(FileError, match=r"must end in \.csv, \.xlsx or \.parquet"):
        write_table(table, tmp_path / name)


@pytest.mark.parametrize("name", ["x" * 300 + ".csv", "a\0b.csv"])
def test_an_impossible_name_is_a_sentence(table, tmp_path, name) -> None:
    with pytest.raises(FileError, match="no file name that this system allows"):
        write_table(table, tmp_path / name)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may write everywhere")
def test_a_folder_without_permission_is_a_sentence(table, tmp_path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FileError, match="Permission denied"):
        write_table(table, tmp_path / "t.csv")


def test_a_folder_in_the_place_of_the_file_is_a_sentence(table, tmp_path) -> None:
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(FileError, match="a folder of that name"):
        write_table(table, tmp_path / "t.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]


def test_a_failure_leaves_the_old_file(tmp_path) -> None:
    (tmp_path / "t.xlsx").write_text("old")
    with pytest.raises(FileError, match="32,768"):
        write_table(pd.DataFrame({"note": ["x" * 32_768]}), tmp_path / "t.xlsx")
    assert (tmp_path / "t.xlsx").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_too_many_rows_for_a_sheet_is_a_sentence(tmp_path) -> None:
    with pytest.raises(FileError, match="1,048,575 rows below its header"):
        write_table(pd.DataFrame({"x": np.zeros(1_048_576)}), tmp_path / "t.xlsx")


def test_mixed_values_as_parquet_is_a_sentence_without_the_values(tmp_path) -> None:
    with pytest.raises(FileError, match="different kinds") as caught:
        write_table(pd.DataFrame({"x": [1, "secret"]}), tmp_path / "t.parquet")
    assert "secret" not in str(caught.value)
