"""A file read in batches says what the whole file says, however small the batches are."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipanalytics.errors import FileError, HipAnalyticsError
from hipanalytics.importers import Batch, MappingProfile, check_again, read_log_batches, read_logs
from hipanalytics.importers.notices import joined_notices
from hipanalytics.importers.report import PROBLEM_COLUMNS, Receipt
from importers.files import TODAY
from importers.test_robustness import CELLS, EXAMPLES, QUICK, csv_text

HEADER = ("patient_id", "performed_at", "exercise", "done", "pain", "side", "logged_at", "note", "sets", "kind")
COUNTS = ("rows_read", "accepted", "duplicates", "rejected", "filtered_out", "blank", "cells_left_out")
FEW = settings(QUICK, max_examples=EXAMPLES // 3)
KEEP: Any = {"keep": list(HEADER)}  # identifiers are looked for in a sample, of each batch for itself
PROFILES = (
    MappingProfile(**KEEP),
    MappingProfile(fill_down=("patient_id", "performed_at"), **KEEP),
    MappingProfile(fill_down=("kind", "side"), filter={"kind": ["a", "P1"], "side": ["left"]}, **KEEP),
    MappingProfile(words={"done": {"Ja": "true"}}, scales={"pain": {"from": [0, 100]}}, date_formats=("%d/%m/%Y",),
                   **KEEP),
    MappingProfile(zone="Europe/Berlin", constants={"patient_id": "P9"}, file={"missing": ["seven", "P2"]}, **KEEP),
    MappingProfile(
        date={"performed_at": {"year": "sets", "month": "pain", "day": "sets", "time": "logged_at"}}, **KEEP),
)


def batches_of(path: Path, mapping: MappingProfile | None = None, **how: Any) -> list[Batch]:
    return list(read_log_batches(path, mapping=mapping, today=TODAY, **{"whole_up_to": 0, **how}))


def as_one(batches: list[Batch]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, int], Receipt]:
    """Accepted rows, problems and cells of all batches, their counts added up, and one receipt without its counts."""
    frames = [pd.concat([getattr(batch, name).astype(object) for batch in batches], ignore_index=True)
              for name in ("frame", "problems", "cells")]
    counts = {name: sum(getattr(batch.receipt, name) for batch in batches) for name in COUNTS}
    kept = {name: value for name, value in vars(batches[0].receipt).items() if name not in (*COUNTS, "data_up_to")}
    assert all(kept.items() <= vars(batch.receipt).items() for batch in batches)
    return frames[0], frames[1], frames[2], counts, Receipt(**kept)


def outcome(path: Path, mapping: MappingProfile, **how: Any) -> Any:
    try:
        return as_one(batches_of(path, mapping, **how))
    except HipAnalyticsError as error:
        return str(error)


def assert_batches_equal_the_whole(path: Path, mapping: MappingProfile, rows: int) -> None:
    whole = outcome(path, mapping, whole_up_to=1 << 30)
    parts = outcome(path, mapping, rows_per_batch=rows)
    if isinstance(whole, str) or isinstance(parts, str):
        assert type(parts) is type(whole)  # of two faults, the whole and the parts may meet another one first
        return
    for one, other in zip(whole[:3], parts[:3], strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert whole[3:] == parts[3:]
    logs, report = read_logs(path, mapping=mapping, today=TODAY)
    pd.testing.assert_frame_equal(report.problems.astype(object), parts[1])
    standing = parts[0][parts[0]["row"].isin(logs["row"])].drop(columns="left_out").reset_index(drop=True)
    pd.testing.assert_frame_equal(logs.drop(columns="file").astype(object), standing)
    assert len(logs) == parts[3]["accepted"] - report.duplicates


def written(content: bytes, ending: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"logs.{ending}"
        path.write_bytes(content)
        yield path


GOOD = st.tuples(*(st.sampled_from(words) for words in (
    ["P1", "P2", ""], ["2026-03-01", "2026-03-01 00:00", "", "25/12/2025", "2026-03-01 09:30"], ["squat", ""],
    ["Ja", "true", ""], ["3,5", "3.5", "4", "40", "11", "3"], ["left", "LEFT", "", "x"],
    ["2026-03-02 00:00", "2026-03-02 10:00", "9:30", ""], ["", "a\r\nb", 'say "ah"', "1,2"], ["3", "2.5", ""],
    ["a", "b", ""]))).map(list)
BLANK = st.just([""] * len(HEADER))
TABLES = st.lists(st.one_of(GOOD, GOOD, GOOD, BLANK, st.lists(CELLS, max_size=len(HEADER) + 2)), max_size=10)


@FEW
@given(TABLES, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(),
       st.sampled_from(PROFILES), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
       st.sampled_from([1, 3, 5]), st.sampled_from(["", "\n", "sep=;\n", "\0", "\n\n\n\n\n"]))
def test_a_text_file_in_batches_is_the_whole_file(
    rows: list[list[str]], delimiter: str, end: str, quote: bool, profile: MappingProfile, encoding: str, size: int,
    before: str,
) -> None:
    text = before + csv_text([list(HEADER), *rows], delimiter, end, quote=quote)
    for path in written(text.encode(encoding, "replace"), "csv"):
        assert_batches_equal_the_whole(path, profile, size)


@FEW
@given(st.lists(GOOD, max_size=10), st.sampled_from(PROFILES), st.sampled_from([1, 3, 5]), st.integers(1, 6),
       st.booleans())
def test_a_parquet_file_in_batches_is_the_whole_file(
    rows: list[list[str]], profile: MappingProfile, size: int, group: int, typed: bool,
) -> None:
    table = pd.DataFrame(rows, columns=list(HEADER), dtype="str").replace("", None)
    if typed:
        table["performed_at"] = pd.to_datetime(table["performed_at"], errors="coerce", format="%Y-%m-%d %H:%M")
        table["pain"] = pd.to_numeric(table["pain"], errors="coerce")
    content = io.BytesIO()
    table.to_parquet(content, index=False, row_group_size=group)
    for path in written(content.getvalue(), "parquet"):
        assert_batches_equal_the_whole(path, profile, size)


@FEW
@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from(["csv", "parquet", "xlsx"]))
def test_any_bytes_in_batches_are_the_whole_file(before: bytes, after: bytes, ending: str) -> None:
    for path in written(before + b"patient_id,performed_at\nP1,2026-03-01\n" * 3 + after, ending):
        assert_batches_equal_the_whole(path, PROFILES[0], 2)


def written_logs(folder: Path, text: str, name: str = "logs.csv") -> Path:
    path = folder / name
    path.write_text(text, newline="")
    return path


def test_a_batch_holds_what_was_accepted_and_every_refused_row_whole(tmp_path: Path) -> None:
    path = written_logs(tmp_path, "patient_id,performed_at,pain,done,note\n"
                        "P1,2026-03-01 09:30,3,true,fine\n"
                        "P1,2026-03-02,11,true,\n"
                        ",,,,\n"
                        "P1,2026-02-30,4,,sore\n"
                        "?,2026-03-04,5,false,\n")
    first, second, third = batches_of(path, rows_per_batch=2)  # the first record of a file is its header
    accepted = [(str(row.patient_id), row.row, row.left_out) for batch in (first, second, third)
                for row in batch.frame.itertuples()]
    assert accepted == [("P1", 2, ""), ("P1", 3, "pain: 11; ")]
    assert "file" not in first.frame
    assert first.frame["has_time"].tolist() == [True]
    cells = [row for batch in (first, second, third) for row in batch.cells.itertuples(index=False, name=None)]
    assert [(row, patient, json.loads(text)) for row, patient, text in cells] == [
        (3, "P1", {"patient_id": "P1", "performed_at": "2026-03-02", "pain": "11", "done": "true"}),
        (5, "P1", {"patient_id": "P1", "performed_at": "2026-02-30", "pain": "4", "done": "", "note": "sore"}),
        (6, "", {"patient_id": "?", "performed_at": "2026-03-04", "pain": "5", "done": "false"})]
    assert list(second.problems) == list(PROBLEM_COLUMNS)
    assert [batch.receipt.rows_read for batch in (first, second, third)] == [1, 1, 2]
    assert [batch.receipt.rejected for batch in (first, second, third)] == [0, 0, 2]
    assert [batch.receipt.blank for batch in (first, second, third)] == [0, 1, 0]


def test_the_last_row_decides_over_the_first(tmp_path: Path) -> None:
    path = written_logs(tmp_path, "patient_id;performed_at;pain\n" + "P1;2026-03-01 00:00;3,5\n" * 5
                        + "P1;2026-03-01 09:30;3.5\n")
    batches = batches_of(path, rows_per_batch=2)
    assert [batch.frame["pain"].isna().all() for batch in batches] == [True, True, True, False]
    assert all(batch.frame["has_time"].all() for batch in batches)
    assert {batch.receipt.decimal for batch in batches} == {"."}


def test_duplicates_are_left_for_the_clinic_to_find(tmp_path: Path) -> None:
    path = written_logs(tmp_path, "patient_id,performed_at\n" + "P1,2026-03-01\n" * 3)
    for how in ({"whole_up_to": 1 << 20}, {"rows_per_batch": 2}):
        batches = batches_of(path, **how)
        assert sum(len(batch.frame) for batch in batches) == sum(batch.receipt.accepted for batch in batches) == 3
        assert sum(batch.receipt.duplicates for batch in batches) == 0
    assert len(read_logs(path, today=TODAY)[0]) == 1


def test_an_open_quotation_mark_refuses_the_file_before_the_first_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = "P1,2026-03-01,fine\n"
    path = written_logs(tmp_path, "patient_id,performed_at,note\n" + good * 6 + 'P1,2026-03-01,"sore\n' + good * 5)
    with pytest.raises(FileError, match="row 8: a quotation mark"):
        next(read_log_batches(path, today=TODAY, whole_up_to=0, rows_per_batch=2))
    monkeypatch.setattr("hipanalytics.importers.delimited._LARGEST_BATCH", 10)  # so the whole file is never held
    with pytest.raises(FileError, match="row 8: a quotation mark"):
        next(read_log_batches(path, today=TODAY, whole_up_to=0, rows_per_batch=2))


def test_a_cell_without_end_is_told_with_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hipanalytics.importers.delimited._LARGEST_BATCH", 100_000)
    good = "P1,2026-03-01,fine\n"
    text = "patient_id,performed_at,note\n" + good * 3 + 'P1,2026-03-01,"sore\n' + good * 300_000
    path = written_logs(tmp_path, text)
    with pytest.raises(FileError, match="row 5, has a cell of more than 100,000 characters"):
        next(read_log_batches(path, today=TODAY, whole_up_to=0, rows_per_batch=2))


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written_logs(tmp_path, "patient_id,performed_at\n" + "P1,2026-03-01\n" * 9)
    batches = read_log_batches(path, today=TODAY, whole_up_to=0, rows_per_batch=2)
    next(batches)
    path.write_text("patient_id,performed_at\n" + "P1,2026-03-01,,,,\n" * 9)
    with pytest.raises(FileError, match="was changed while it was read"):
        list(batches)


def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    told: list[float] = []
    path = written_logs(tmp_path, "patient_id,performed_at\n" + "P1,2026-03-01\n" * 9)
    batches_of(path, rows_per_batch=2, on_progress=lambda _stage, share: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert len(set(told)) > 5


def test_corrected_rows_go_through_the_door_of_their_file(tmp_path: Path) -> None:
    profile = MappingProfile(columns={"pain": "Schmerz"}, scales={"pain": {"from": [0, 100]}},
                             words={"done": {"Ja": "true"}}, date_formats=("%d/%m/%Y",))
    path = written_logs(tmp_path, "patient_id;performed_at;done;Schmerz\nP1;03/04/2026;Ja;45,5\nP1;31/02/2026;Ja;60\n"
                        "P1;05/04/2026;;777\nP1;06/04/2026;Ja;x\n")
    batch, = batches_of(path, profile, whole_up_to=1 << 20)
    rows = [json.loads(text) for text in batch.cells["cells"]]
    rows[0]["performed_at"], rows[1]["pain"] = "28/02/2026", "77,7"
    again = check_again(rows, batch.cells["row"].tolist(), mapping=profile, today=TODAY,
                        decimal=batch.receipt.decimal, file="logs.csv")
    assert again.frame[["row", "left_out"]].to_numpy().tolist() == [[3, ""], [4, ""], [5, "pain: x; "]]
    assert again.frame["pain"].tolist() == pytest.approx([6, 7.77, float("nan")], nan_ok=True)
    assert again.frame["performed_at"].dt.strftime("%Y-%m-%d").tolist() == ["2026-02-28", "2026-04-05", "2026-04-06"]
    assert again.frame["done"].isna().tolist() == [False, True, False]
    assert again.problems[["file", "row", "column"]].to_numpy().tolist() == [["logs.csv", 5, "pain"]]
    assert (again.receipt.rows_read, again.receipt.accepted, again.receipt.rejected) == (3, 3, 0)


def test_no_corrected_rows_are_no_rows() -> None:
    again = check_again([], [], mapping=None, today=TODAY, decimal=".", file="logs.csv")
    assert (len(again.frame), len(again.cells), again.receipt.rows_read) == (0, 0, 0)


def test_pseudonyms_are_all_that_a_batch_holds_of_patients(tmp_path: Path) -> None:
    profile = MappingProfile(pseudonymise=True, keep=["note"])
    path = written_logs(tmp_path, "patient_id,performed_at,pain,side,note\n"
                        "Anna,2026-03-01,3,left,\nBela,2026-03-99,3,left,\n"
                        'Cora,2026-03-01,3,left,"sore\nDora,2026-03-02,4,left,fine"\n')
    batches = batches_of(path, profile, rows_per_batch=2, pseudonym=lambda name: f"H{len(name)}{name[0]}")
    told = "".join(table.to_csv() for batch in batches for table in (batch.frame, batch.problems, batch.cells))
    assert not [name for name in ("Anna", "Bela", "Cora", "Dora") if name in told]
    assert [patient for batch in batches for patient in batch.cells["patient_id"]] == ["H4B", "H4C"]
    cells = batches[1].cells
    rows = [json.loads(text) | {"performed_at": "2026-03-09"} for text in cells["cells"]]
    again = check_again(rows, cells["row"].tolist(), mapping=profile, today=TODAY, decimal=".", file="logs.csv")
    assert again.frame["patient_id"].tolist() == cells["patient_id"].tolist()


def test_the_cells_of_typed_columns_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "logs.parquet"
    stamps = pd.to_datetime(["2026-03-01 09:30", "2026-03-02 09:30"]).tz_localize("UTC")
    pd.DataFrame({"patient_id": ["P1", "P1"], "performed_at": stamps, "pain": [2.5, 11.5],
                  "load_kg": ["1,5", "2,5"]}).to_parquet(path)
    batch, = batches_of(path)
    assert [json.loads(text) for text in batch.cells["cells"]][1] == {
        "patient_id": "P1", "performed_at": "2026-03-02 09:30:00.000000Z", "pain": "11,5", "load_kg": "2,5"}
    again = check_again([json.loads(text) for text in batch.cells["cells"]], batch.cells["row"].tolist(), mapping=None,
                        zone="Europe/Berlin", today=TODAY, decimal=",", file="logs.parquet")
    assert again.frame["performed_at"].dt.strftime("%H:%M").tolist() == ["10:30", "10:30"]
    assert again.frame["pain"].dropna().tolist() == [2.5]


def test_what_is_worth_knowing_is_added_up_over_batches(tmp_path: Path) -> None:
    path = written_logs(tmp_path, "patient_id,performed_at,pain,logged_at\n"
                        "P1,2026-03-01,3.5,2026-03-01\nP2,2026-03-01,3.5,2026-03-20\nP2,2026-03-02,3,2026-03-20\n"
                        "P2,2026-03-03,2.5,2026-03-03\n")
    batches = batches_of(path, rows_per_batch=2)
    joined = joined_notices(notice for batch in batches for notice in batch.notices)
    assert {notice.code: (notice.count, notice.patients.to_dict()) for notice in joined} == {
        "half_points": (3, {"P1": 1, "P2": 2}), "late_entry": (2, {"P2": 2})}
    assert joined[0].sentence.startswith("3 scores lie between whole points")
    assert joined_notices(batches[0].notices) == batches[0].notices
