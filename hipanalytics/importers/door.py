"""The door: each raw row is accepted or refused, each bad optional cell left out, and all of it told."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from hipanalytics.importers import cells, columns, faults
from hipanalytics.importers.columns import DateFacts, Reading, TypedColumn
from hipanalytics.importers.conflicts import conflicts_in
from hipanalytics.importers.dates import DateRule
from hipanalytics.importers.faults import Finding, plain_text
from hipanalytics.importers.mapping import Pseudonym
from hipanalytics.importers.profile import MappingProfile, Scale, columns_of, numeric_columns, required_columns
from hipanalytics.importers.ranges import broken_cells, schema_of
from hipanalytics.importers.raw import Column, RawTable, is_missing, is_text, text_column, with_words

EARLIEST = dt.date(2000, 1, 1)
EARLIEST_REPLACEMENT = dt.date(1950, 1, 1)
PLANNED_AHEAD_YEARS = 2
DECIMAL_COMMA = "Numbers were read with a decimal comma."
PAST_ONLY = ("performed_at", "logged_at", "replacement_date", "answered_on", "acknowledged_on")


@dataclass(frozen=True)
class Decided:
    """What is decided over all rows of a file: its decimal mark, what its dates say together, and what is told."""

    decimal: str
    dates: dict[str, DateFacts]
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Door:
    """What the door goes by: the table that is read, its profile, the day of reading and the patients' zone.

    `pseudonym` makes a patient's pseudonym of an identifier, where the profile asks for it. `decided` is given where
    the rows are only a part of their file; without it they decide.
    """

    table: str
    profile: MappingProfile
    today: dt.date
    zone: str | None = None
    pseudonym: Pseudonym | None = None
    decided: Decided | None = None

    def date_rule(self, column: str) -> DateRule:
        """Which dates this column may hold."""
        earliest = EARLIEST_REPLACEMENT if column == "replacement_date" else EARLIEST
        latest = self.today if column in PAST_ONLY else ahead(self.today, PLANNED_AHEAD_YEARS)
        return DateRule(earliest, latest, self.profile.date_formats, self.profile.zone or self.zone)


@dataclass(frozen=True)
class Checked:
    """The rows that may be used, typed, with each row's number; and everything that was found."""

    frame: pd.DataFrame
    raw: RawTable
    findings: tuple[Finding, ...]
    refused: NDArray[np.bool_]


def check_rows(raw: RawTable, door: Door) -> Checked:
    """Which rows can be used, and what is wrong with the others?

    Rule: a bad required cell refuses its row; a bad optional cell is left out and its row stands.
    """
    raw = _with_decimal(raw, door)
    with ThreadPoolExecutor(2) as pool:  # Arrow and numpy work outside Python's lock
        done = pool.map(lambda column: typed_column(raw, column, door), raw.columns)
        typed = dict(zip(raw.columns, done, strict=True))
    findings = [*raw.findings, *(finding for column in typed.values() for finding in column.findings)]
    findings += _empty_cells(raw, door)
    facts = {name: column.facts for name, column in typed.items() if column.facts}
    raw = dataclasses.replace(raw, assumptions=door.decided.assumptions) if door.decided else raw.assuming(
        *sentences_on_dates(raw, facts, door))
    refused = refused_rows(findings, raw.height)
    frame = _frame(typed, door, raw)
    frame = complete(frame[~refused] if refused.any() else frame, door.table)
    for look in (_left_out, _contradictions):
        found = look(frame, raw, door)
        findings += found
        refused_too = refused_rows(found, raw.height)
        if refused_too.any():
            frame, refused = frame[~refused_too[frame.index.to_numpy()]], refused | refused_too
    return Checked(frame, raw, tuple(findings), refused)


def refuses_row(table: str, column: str) -> bool:
    """Whether an unreadable cell refuses its row: a required one, or one whose emptiness has a meaning of its own."""
    return column in required_columns(table) or (table, column) == ("pauses", "end")


def refused_rows(findings: list[Finding], height: int) -> NDArray[np.bool_]:
    """The rows that some finding refuses."""
    refused = np.zeros(height, bool)
    for finding in findings:
        if finding.refuses_row:
            refused[finding.positions] = True
    return refused


def ahead(day: dt.date, years: int) -> dt.date:
    """The same day some years later (28 February for a 29th that is not there)."""
    return (pd.Timestamp(day) + pd.DateOffset(years=years)).date()


def _with_decimal(raw: RawTable, door: Door) -> RawTable:
    """The table with its decimal mark: declared, decided over the whole file, or as its own numbers have it."""
    mark = door.decided.decimal if door.decided else door.profile.file.decimal
    if mark is None:
        mark = decimal_mark(*decimal_marks(raw, door.table))
        raw = raw.assuming(DECIMAL_COMMA) if mark == "," else raw
    return dataclasses.replace(raw, source=dataclasses.replace(raw.source, decimal=mark))


def decimal_marks(raw: RawTable, table: str) -> tuple[bool, bool]:
    """Whether its numbers are written with a comma anywhere, and with a point."""
    texts = [text_column(raw.columns[name]).dictionary for name in numeric_columns(table)
             if name in raw.columns and is_text(raw.columns[name])]
    seen = [cells.decimal_marks(words) for words in texts]
    return any(comma for comma, _ in seen), any(point for _, point in seen)


def decimal_mark(comma: bool, point: bool) -> str:
    """The decimal mark of a file: a comma where numbers have commas and never points."""
    return "," if comma and not point else "."


def sentences_on_dates(raw: RawTable, facts: Mapping[str, DateFacts], door: Door) -> list[str]:
    """What is told of how the dates of each column were read."""
    return [sentence for column, found in facts.items() for sentence in found.sentences(
        raw.name_in_file(column), day_only=door.table != "session_logs")]


def typed_column(raw: RawTable, column: str, door: Door) -> TypedColumn:
    """What one column holds, by the type that the table gives it."""
    how = Reading(column, raw.name_in_file(column), refuses_row(door.table, column), raw.source.decimal,
                  door.date_rule(column), day_only=door.table != "session_logs",
                  facts=door.decided.dates.get(column) if door.decided else None)
    array, kind = raw.columns[column], kind_of_column(door.table, column)
    if kind == "category":
        return columns.typed_categories(array, how)
    if kind.startswith("datetime64"):
        return columns.typed_dates(array, how)
    if kind in ("bool", "boolean"):
        return columns.typed_yes_no(array, how)
    if kind in ("float64", "int64"):
        return _on_scale(array, door.profile.scales.get(column), how, whole=kind == "int64")
    return columns.typed_texts(array, how)


def kind_of_column(table: str, column: str) -> str:
    """The type that a table gives one of its columns."""
    for name in (table, "prescriptions"):
        if column in schema_of(name).columns:
            return str(schema_of(name).columns[column].dtype)
    raise AssertionError(f"{column} is no column of {table}")


def _on_scale(array: Column, scale: Scale | None, how: Reading, *, whole: bool) -> TypedColumn:
    """Numbers, brought from the source's scale to ours."""
    if scale is not None and scale.steps:
        column = text_column(array)
        steps = {word.strip().lower(): f"{value:g}".replace(".", how.decimal) for word, value in scale.steps.items()}
        words = [word and steps.get(word.lower(), word) for word in column.dictionary.to_pylist()]
        array = with_words(column, pa.array(words, pa.string()))
    typed = columns.typed_numbers(array, how)
    wrong = faults.NOT_WHOLE
    outside = np.zeros(len(array), bool)
    if scale is not None and scale.low_high is not None:
        (low, high), (first, last) = scale.low_high, scale.to
        outside, wrong = (typed.data < min(low, high)) | (typed.data > max(low, high)), faults.not_on_scale(
            min(low, high), max(low, high))
        typed.data = first + (typed.data - low) * (last - first) / (high - low)
    elif whole:
        outside = (typed.data % 1 != 0) & ~np.isnan(typed.data) | (np.abs(typed.data) > 1e9)
    if outside.any():
        typed.data[outside] = np.nan
        places = np.flatnonzero(outside)
        typed.findings.append(
            Finding(how.name, wrong, places, plain_text(array.take(pa.array(places))), how.required))
    return typed


def _empty_cells(raw: RawTable, door: Door) -> list[Finding]:
    """Required cells that are empty."""
    found = []
    for column in required_columns(door.table):
        empty = is_missing(raw.columns[column])
        if empty.any():
            places = np.flatnonzero(empty)
            values = pa.array([""] * len(places), pa.string())
            found.append(Finding(raw.name_in_file(column), faults.EMPTY, places, values, refuses_row=True))
    return found


def _frame(typed: dict[str, TypedColumn], door: Door, raw: RawTable) -> pd.DataFrame:
    """The typed columns as a table, with those that every table of this kind has."""
    arrays: dict[str, Any] = {}
    for name in columns_of(door.table):
        if name in typed:
            arrays[name] = typed[name].data
        if name == "performed_at":
            arrays["has_time"] = typed[name].has_time
    return pd.DataFrame(arrays, index=pd.RangeIndex(raw.height), copy=False)


def complete(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """The table with every column that it always has, each with its type."""
    frame = frame.copy(deep=False)
    if table == "session_logs" and "done" not in frame:
        known = frame["exercise"].notna() if "exercise" in frame else pd.Series(False, index=frame.index)
        frame["done"] = pd.array(np.ones(len(frame), bool), "boolean")
        frame.loc[~known, "done"] = pd.NA
    tables = [table, "prescriptions"] if table == "plans" and "exercise" in frame else [table]
    for name, column in [pair for each in tables for pair in schema_of(each).columns.items()]:
        if name not in frame and column.required:
            frame[name] = _empty(str(column.dtype), len(frame))
        elif name in frame and str(column.dtype) == "bool" and frame[name].dtype == "boolean":
            frame[name] = frame[name].fillna(False).astype(bool)
        elif name in frame and str(column.dtype) == "int64":
            frame[name] = frame[name].astype("int64")
    names = [name for name in columns_of(table, with_made=True) if name in frame]
    return pd.DataFrame({name: frame[name] for name in names}, index=frame.index, copy=False)


def _empty(kind: str, height: int) -> Any:
    if kind == "category":
        return pd.Categorical.from_codes(np.full(height, -1), categories=pd.Index([], dtype="str"))
    if kind.startswith("datetime64"):
        return np.full(height, np.datetime64("NaT", "us"), "datetime64[us]")
    if kind == "float64":
        return np.full(height, np.nan)
    return np.zeros(height, bool) if kind == "bool" else pd.array([None] * height, dtype="str")


def _left_out(frame: pd.DataFrame, raw: RawTable, door: Door) -> list[Finding]:
    """Empty the cells that break their column's rule, and say which."""
    broken = broken_cells(frame, door.table)
    if door.table == "plans" and "exercise" in frame:
        known = {column for column, _, _ in broken}
        doses = broken_cells(frame[frame["exercise"].notna()], "prescriptions")
        broken += [found for found in doses if found[0] not in known]
    found = []
    for column, fault, places in broken:
        required = refuses_row(door.table, column)
        values = plain_text(raw.columns[column].take(pa.array(places)))
        found.append(Finding(raw.name_in_file(column), fault, places, values, required))
        if not required:
            frame.loc[places, column] = np.nan
            if isinstance(frame[column].dtype, pd.CategoricalDtype):
                frame[column] = frame[column].cat.remove_unused_categories()
    return found


def _contradictions(frame: pd.DataFrame, raw: RawTable, door: Door) -> list[Finding]:
    """Rows that cannot be true, alone or together."""
    return [
        Finding(raw.name_in_file(conflict.column), conflict.fault, conflict.places.to_numpy(),
                plain_text(raw.columns[conflict.column].take(pa.array(conflict.places.to_numpy()))), refuses_row=True)
        for conflict in conflicts_in(frame, door.table)]
