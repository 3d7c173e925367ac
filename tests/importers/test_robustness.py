"""No file of any kind gives a traceback, and no row is unaccounted for."""

from __future__ import annotations

import datetime as dt
import io
import os
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hipanalytics.errors import HipAnalyticsError
from hipanalytics.importers import DoorReport, door_text, read_logs, read_plans, rejects_table
from hipanalytics.importers.delimited import fast_records, ragged_records
from hipanalytics.tables import Plans, Prescriptions, SessionLogs

TODAY = dt.date(2026, 11, 22)
HEADER = ("patient_id", "performed_at", "exercise", "done", "pain", "side", "logged_at", "note", "sets")
CELLS = st.one_of(
    st.sampled_from([
        "", " ", "P1", "P2", "<b>P1</b>", "=CMD()", "'=1+1", "2026-03-01", "2026-03-01 17:30", "2026-03-01T10:00Z",
        "25/12/2025", "03/04/2026", "2026-02-30", "0023-01-01", "2062-01-01", "1/2/26", "45000", "12 Mar 2026",
        "2026-03-01 25:00", "3.5", "3,5", "10.5", "-1", "-0", "7/10", "seven", "inf", "1e400", "NaN", "true", "Ja",
        "LEFT", "middle", "#N/A", "squat", "a;b", 'say "ah"', "two\nlines", "\u202eabc", "\ufeff", "x" * 90, "٣"]),
    st.text(max_size=12), st.floats().map(str), st.datetimes().map(str), st.dates().map(str))
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=len(HEADER) + 3), max_size=12)
EXAMPLES = int(os.environ.get("HIPANALYTICS_EXAMPLES", "25"))
QUICK = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read_bytes(content: bytes, name: str) -> DoorReport | None:
    """The report on a file of these bytes; None where the whole file is refused with a sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            logs, report = read_logs(path, today=TODAY)
        except HipAnalyticsError:
            return None
    SessionLogs.to_schema().validate(logs, lazy=True)
    assert len(logs) == report.accepted
    assert report.rows_read == report.accepted + report.duplicates + report.rejected + report.filtered_out
    assert len(rejects_table(report)) == len(report.problems)
    refused = report.problems[report.problems["effect"] == "row refused"]
    assert refused["row"].nunique() == report.rejected
    assert logs["performed_at"].dropna().between("2000-01-01", "2026-11-22 23:59:59.999999").all()
    assert door_text(report).startswith(name)
    return report


def csv_text(rows: list[list[str]], delimiter: str, end: str, *, quote: bool) -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if quote else text
    return end.join(delimiter.join(cell(text) for text in row) for row in rows)


@QUICK
@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.xlsx", "a.parquet", "a.tsv", "a"]))
def test_any_bytes_give_a_report_or_a_sentence(content: bytes, name: str) -> None:
    read_bytes(content, name)


@QUICK
@given(TABLES, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(),
       st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
def test_any_table_with_a_right_header_is_counted(
    rows: list[list[str]], delimiter: str, end: str, quote: bool, encoding: str,
) -> None:
    text = csv_text([list(HEADER), *rows], delimiter, end, quote=quote)
    content = text.encode(encoding, "replace")
    report = read_bytes(content, "a.csv")
    if report is not None and quote:
        assert report.rows_read + report.receipts[0].blank in (len(rows), len(rows) + text.endswith(end) - 1)


@QUICK
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
                         min_size=1, max_size=4), min_size=1, max_size=8),
       st.sampled_from(",;"), st.sampled_from(["\n", "\r\n", "\r"]))
def test_both_ways_of_reading_text_agree(rows: list[list[str]], delimiter: str, end: str) -> None:
    text = csv_text(rows, delimiter, end, quote=True)
    width = max(len(row) for row in rows)
    whole, *parts = [
        pd.concat([part.astype(object) for part in records([text], delimiter, width, file="a.csv", rows=rows)])
        for records in (fast_records, ragged_records) for rows in (None, 1, 3)]
    for part in parts:
        pd.testing.assert_frame_equal(whole, part)


@QUICK
@given(TABLES)
def test_any_workbook_is_counted(rows: list[list[str]]) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in [list(HEADER), *rows]:
        book.active.append([_storable(cell) for cell in row])
    target = io.BytesIO()
    book.save(target)
    report = read_bytes(target.getvalue(), "a.xlsx")
    assert report is not None
    assert report.rows_read + report.receipts[0].blank <= len(rows)


def _storable(cell: str) -> str:
    return "".join(letter for letter in cell if letter.isprintable())


@QUICK
@given(TABLES)
def test_any_text_parquet_is_counted(rows: list[list[str]]) -> None:
    width = len(HEADER)
    cells = [[*row[:width], *[None] * (width - len(row))] for row in rows]
    target = io.BytesIO()
    pd.DataFrame(cells, columns=list(HEADER), dtype="object").astype("str").to_parquet(target)
    report = read_bytes(target.getvalue(), "a.parquet")
    assert report is not None
    assert report.rows_read == len(rows)


@QUICK
@given(st.lists(st.lists(CELLS, min_size=3, max_size=6), max_size=8))
def test_any_plans_file_is_counted(rows: list[list[str]]) -> None:
    header = ["patient_id", "valid_from", "sessions_per_week", "valid_to", "exercise", "sets"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plans.csv"
        path.write_bytes(csv_text([header, *rows], ",", "\n", quote=True).encode("utf-8", "replace"))
        try:
            plans, prescriptions, report = read_plans(path, today=TODAY)
        except HipAnalyticsError:
            return
    Plans.to_schema().validate(plans, lazy=True)
    Prescriptions.to_schema().validate(prescriptions, lazy=True)
    assert report.rows_read == report.accepted + report.duplicates + report.rejected
    assert len(plans) <= report.accepted
