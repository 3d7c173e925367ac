"""Parquet: typed columns go through the same door as text."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hipanalytics.errors import FileError, HipAnalyticsError
from hipanalytics.importers import read_logs
from tests.importers.files import TODAY, found, logs_from

DAY = dt.date(2026, 3, 1)


def parquet(folder: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), folder / "logs.parquet")
    return folder / "logs.parquet"


def test_the_same_rows_as_text_and_as_parquet_give_the_same_table(tmp_path: Path) -> None:
    text = ("patient_id,performed_at,exercise,done,pain,sets,note\nP1,2026-03-01 17:30,squat,true,3.5,3,ok\n"
            "P2,2026-03-02 08:00,,,,,\nP1,2026-03-01 17:30,squat,true,3.5,3,ok\nP1,2026-03-03 09:00,clam,false,11,2,\n")
    from_text, first = logs_from(tmp_path, text)
    path = parquet(
        tmp_path, patient_id=["P1", "P2", "P1", "P1"],
        performed_at=pa.array(pd.to_datetime(["2026-03-01 17:30", "2026-03-02 08:00", "2026-03-01 17:30",
                                              "2026-03-03 09:00"]), pa.timestamp("us")),
        exercise=["squat", None, "squat", "clam"], done=[True, None, True, False], pain=[3.5, None, 3.5, 11],
        sets=pa.array([3, None, 3, 2], pa.int8()), note=["ok", None, "ok", None])
    from_parquet, second = read_logs(path, today=TODAY)
    pd.testing.assert_frame_equal(
        from_text.drop(columns=["file", "row"]), from_parquet.drop(columns=["file", "row"]), check_categorical=False)
    assert from_parquet["row"].tolist() == [1, 2, 4]
    assert (second.accepted, second.duplicates, second.receipts[0].cells_left_out) == (3, 1, 1)
    assert [problem[1:] for problem in found(first)] == [("pain", "11", "is outside 0 to 10", "cell left out")]
    assert found(second) == [(4, "pain", "11", "is outside 0 to 10", "cell left out")]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_of_every_unit(tmp_path: Path, unit: str) -> None:
    stamp = pa.array([dt.datetime(2026, 3, 1, 17, 30)], pa.timestamp(unit))
    logs, _ = read_logs(parquet(tmp_path, patient_id=["P1"], performed_at=stamp), today=TODAY)
    assert logs["performed_at"].tolist() == [pd.Timestamp("2026-03-01 17:30")]
    assert logs["has_time"].all()


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_dates_have_no_time(tmp_path: Path, kind: pa.DataType) -> None:
    logs, report = read_logs(parquet(tmp_path, patient_id=["P1"], performed_at=pa.array([DAY], kind)), today=TODAY)
    assert not logs["has_time"].any()
    assert report.receipts[0].assumptions == ()


def test_moments_that_are_all_midnight_are_taken_for_dates(tmp_path: Path) -> None:
    stamp = pa.array([dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 2)], pa.timestamp("ms"))
    logs, report = read_logs(parquet(tmp_path, patient_id=["P1", "P1"], performed_at=stamp), today=TODAY)
    assert not logs["has_time"].any()
    assert "midnight" in report.receipts[0].assumptions[0]


def test_zoned_moments_need_the_patients_zone(tmp_path: Path) -> None:
    stamp = pa.array([dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC), None], pa.timestamp("us", "UTC"))
    path = parquet(tmp_path, patient_id=["P1", "P1"], performed_at=stamp)
    logs, _ = read_logs(path, today=TODAY, zone="Europe/Berlin")
    assert logs["performed_at"].tolist() == [pd.Timestamp("2026-07-02 00:30")]
    _, report = read_logs(path, today=TODAY)
    assert [problem for *_, problem, _ in found(report)] == ["says UTC but not the patient's zone", "is empty"]


@pytest.mark.parametrize("column", [
    pa.array([12], pa.int64()), pa.array([12.0]), pa.array(["12"], pa.large_string()), pa.array([b"12"]),
    pa.array(["12"]).dictionary_encode(), pa.array([12]).dictionary_encode()])
def test_ids_of_any_type_are_text(tmp_path: Path, column: pa.Array) -> None:
    logs, _ = read_logs(parquet(tmp_path, patient_id=column, performed_at=[DAY]), today=TODAY)
    assert list(logs["patient_id"]) == ["12"]


def test_columns_beyond_the_calendar_or_of_another_kind_are_told(tmp_path: Path) -> None:
    path = parquet(
        tmp_path, patient_id=["P1", "P2"], performed_at=[DAY, dt.date(2026, 3, 2)],
        logged_at=pa.array([2 ** 60, -(2 ** 60)], pa.timestamp("ms")), pain=[Decimal("3.5"), Decimal("99")],
        load_kg=[float("inf"), 5.0], done=["yes", "maybe"])
    logs, report = read_logs(path, today=TODAY)
    assert logs["pain"].fillna(-9).tolist() == [3.5, -9]
    assert logs["load_kg"].fillna(-9).tolist() == [-9, 5]
    assert [(row, column) for row, column, *_ in found(report)] == [
        (1, "load_kg"), (1, "logged_at"), (2, "done"), (2, "logged_at"), (2, "pain")]


def test_a_truncated_file_a_list_and_a_file_of_another_kind_are_refused(tmp_path: Path) -> None:
    whole = parquet(tmp_path, patient_id=["P1"], performed_at=[DAY]).read_bytes()
    for content in (whole[:-40], b"patient_id,performed_at\n", b"PAR1"):
        with pytest.raises(FileError, match="cannot be read as Parquet"):
            logs_from(tmp_path, content, "logs.parquet")
    with pytest.raises(FileError, match="column patient_id holds lists"):
        read_logs(parquet(tmp_path, patient_id=[["P1"]], performed_at=[DAY]), today=TODAY)


def test_unused_and_misspelt_columns_are_told_although_they_are_not_read(tmp_path: Path) -> None:
    path = parquet(tmp_path, patient_id=["P1"], performed_at=[DAY], pain_durin=[3])
    _, report = read_logs(path, today=TODAY)
    assert "pain_durin (pain_during?)" in report.receipts[0].assumptions[0]
    with pytest.raises(FileError, match="the nearest is 'performed at'"):
        read_logs(parquet(tmp_path, patient_id=["P1"], **{"performed at": [DAY]}), today=TODAY)


KINDS = [
    pa.int8(), pa.uint64(), pa.float32(), pa.float64(), pa.bool_(), pa.string(), pa.binary(), pa.date32(), pa.date64(),
    pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.timestamp("ns"), pa.time64("us"), pa.duration("s"),
    pa.decimal128(5, 2), pa.null(), pa.list_(pa.int8()), pa.dictionary(pa.int8(), pa.int64())]


@settings(max_examples=60, deadline=None,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_columns_of_any_type_are_counted_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    numbers = st.lists(st.integers(-128, 127), min_size=3, max_size=3)
    columns = {}
    for name in ("patient_id", "performed_at", "exercise", "done", "pain", "side", "logged_at", "note", "reps"):
        kind = data.draw(st.sampled_from(KINDS))
        columns[name] = _as(data.draw(numbers), kind)
    zone = data.draw(st.sampled_from([None, "UTC"]))
    try:
        logs, report = read_logs(parquet(tmp_path, **columns), today=TODAY, zone=zone)
    except HipAnalyticsError:
        return
    assert report.rows_read == 3
    assert len(logs) == report.accepted


def _as(numbers: list[int], kind: pa.DataType) -> pa.Array:
    """Three values of a type, whatever they mean."""
    if pa.types.is_list(kind):
        return pa.array([[number] for number in numbers], kind)
    if pa.types.is_binary(kind) or pa.types.is_string(kind):
        binary = pa.types.is_binary(kind)
        return pa.array([bytes([number % 256]) if binary else str(number) for number in numbers], kind)
    if pa.types.is_boolean(kind):
        return pa.array([number > 0 for number in numbers])
    if pa.types.is_null(kind):
        return pa.nulls(3)
    if pa.types.is_dictionary(kind):
        return pa.array(numbers, pa.int64()).dictionary_encode()
    if pa.types.is_decimal(kind):
        return pa.array([Decimal(number) for number in numbers], kind)
    if pa.types.is_temporal(kind):
        return pa.array(numbers, pa.int32() if kind == pa.date32() else pa.int64()).view(kind)
    return pa.array(numbers, pa.int64()).cast(kind, safe=False)


def test_stamps_at_the_edge_of_the_calendar_are_refused_in_any_zone(tmp_path: Path) -> None:
    edges = pa.array([-2**63 + 1, 2**63 - 1, 1_772_000_000_000_000], pa.int64()).cast(pa.timestamp("us", "UTC"))
    path = parquet(tmp_path, patient_id=["P1", "P2", "P3"], performed_at=edges)
    logs, report = read_logs(path, today=TODAY, zone="Europe/Zurich")
    assert logs["patient_id"].tolist() == ["P3"]
    assert report.rejected == 2


def test_a_column_that_stands_twice_is_named(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["P1"]), pa.array([DAY]), pa.array([1]), pa.array([2])],
                                 names=["patient_id", "performed_at", "pain", "pain"])
    pq.write_table(table, tmp_path / "logs.parquet")
    with pytest.raises(FileError, match="has the column pain 2 times"):
        read_logs(tmp_path / "logs.parquet", today=TODAY)


def test_lengths_of_time_are_refused_because_their_unit_is_not_that_of_the_column(tmp_path: Path) -> None:
    path = parquet(tmp_path, patient_id=["P1"], performed_at=[DAY], hold_s=[dt.timedelta(seconds=5)])
    with pytest.raises(FileError, match="column hold_s holds duration"):
        read_logs(path, today=TODAY)
