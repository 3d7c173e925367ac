"""From a raw column to a typed one: text through its distinct values, typed columns as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hipanalytics.importers import cells, faults
from hipanalytics.importers.cells import Cells
from hipanalytics.importers.dates import DAY, DateRule, range_faults, read_dates
from hipanalytics.importers.faults import Fault, Finding, plain_text
from hipanalytics.importers.raw import Column, codes_of, is_text, text_column
from hipanalytics.tables import EXERCISE_LONGEST, NOTE_LONGEST

TEXT_LONGEST = {"exercise": EXERCISE_LONGEST, "note": NOTE_LONGEST}
OTHER_TEXT_LONGEST = 1_000
_CALENDAR = (np.datetime64("0002-01-01", "us"), np.datetime64("9998-01-01", "us"))
ANY_DATE = DateRule(dt.date(1, 1, 1), dt.date(9998, 12, 31))


@dataclass(frozen=True)
class DateFacts:
    """What all dates of a column together say of how they are written.

    orders: for each order of day and month that was understood without being named, the first text in it.
    timed: whether any cell has a time of day; off_midnight: whether any has one that is not midnight.
    known: whether any date could be read.
    """

    orders: dict[str, str] = field(default_factory=dict)
    timed: bool = False
    off_midnight: bool = False
    known: bool = False

    @property
    def all_midnight(self) -> bool:
        """Whether there are times of day, and every one is midnight: they are dates alone, then."""
        return self.timed and not self.off_midnight

    def joined(self, other: DateFacts) -> DateFacts:
        """What both parts of a column say together."""
        pairs = sorted((text, order) for part in (self, other) for order, text in part.orders.items())
        return DateFacts({order: text for text, order in reversed(pairs)}, self.timed or other.timed,
                         self.off_midnight or other.off_midnight, self.known or other.known)

    def sentences(self, name: str, *, day_only: bool) -> list[str]:
        """What is told of these dates."""
        told = [f"Dates such as {text} in column {name} were read as {order}, the only order they fit."
                for text, order in sorted((text, order) for order, text in self.orders.items())]
        if self.all_midnight and self.known and not day_only:
            told.append(f"Every time in column {name} is midnight: they were taken for dates without a time of day.")
        return told


@dataclass
class TypedColumn:
    """A column's values with the type of its table, and what was wrong with the others (those are empty)."""

    data: Any
    findings: list[Finding] = field(default_factory=list)
    has_time: NDArray[np.bool_] | None = None
    facts: DateFacts | None = None


@dataclass(frozen=True)
class Reading:
    """How the cells of one column are to be read. `facts` are those of the whole file, where this is a part of it."""

    column: str
    name: str
    required: bool = False
    decimal: str = "."
    date_rule: DateRule = ANY_DATE
    day_only: bool = False
    facts: DateFacts | None = None


def typed_numbers(array: Column, how: Reading) -> TypedColumn:
    """Numbers, from text or from a typed column."""
    if is_text(array) or not _is_numeric(array.type):
        column = text_column(array)
        read = cells.read_numbers(column.dictionary, decimal=how.decimal)
        return TypedColumn(np.append(read.meanings, np.nan)[codes_of(column)], _findings(column, read.faults, how))
    numbers = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    numbers = np.add(numbers, 0.0, out=numbers if numbers.flags.writeable else None)
    endless = np.flatnonzero(np.isinf(numbers))
    numbers[endless] = np.nan
    return TypedColumn(numbers, _at(array, endless, faults.TOO_LARGE, how))


def typed_yes_no(array: Column, how: Reading) -> TypedColumn:
    """True, false or not known."""
    if pa.types.is_boolean(array.type):
        return TypedColumn(_booleans(array))
    column = text_column(array)
    read = cells.read_yes_no(column.dictionary)
    values = pd.array([*read.meanings, None], dtype="boolean")
    return TypedColumn(values.take(codes_of(column)), _findings(column, read.faults, how))


def typed_categories(array: Column, how: Reading) -> TypedColumn:
    """Text of few distinct values: pseudonyms, exercises, sides."""
    column = text_column(array)
    read = _reader_of_words(how.column)(column.dictionary)
    codes, words = pd.factorize(np.array([*read.meanings, None], dtype=object))
    place = codes_of(column)
    places = place if np.array_equal(codes[:-1], np.arange(len(codes) - 1)) else codes.astype(place.dtype)[place]
    values = pd.Categorical.from_codes(places, categories=pd.Index(words, dtype="str"))
    return TypedColumn(values, _findings(column, read.faults, how))


def typed_texts(array: Column, how: Reading) -> TypedColumn:
    """Free text, pseudonyms and words of tables that have few rows."""
    column = text_column(array)
    read = _reader_of_words(how.column)(column.dictionary)
    values = pd.array([*read.meanings, None], dtype="str").take(codes_of(column))
    return TypedColumn(values, _findings(column, read.faults, how))


def typed_dates(array: Column, how: Reading) -> TypedColumn:
    """Moments by the patient's own clock; with `day_only`, their days."""
    typed = pa.types.is_timestamp(array.type) or pa.types.is_date(array.type)
    column = _dates_from_typed(array, how) if typed else _dates_from_text(text_column(array), how)
    if how.day_only:
        column.data = column.data.astype("datetime64[D]").astype("datetime64[us]")
    return column


def _dates_from_text(column: pa.DictionaryArray, how: Reading) -> TypedColumn:
    read = read_dates(column.dictionary, how.date_rule)
    codes = codes_of(column)
    values = np.append(read.moments, np.datetime64("NaT", "us"))[codes]
    has_time = np.append(read.has_time, False)[codes]
    typed = TypedColumn(values, _findings(column, read.faults, how), has_time)
    return _without_midnights(typed, read.orders, how)


def _dates_from_typed(array: Column, how: Reading) -> TypedColumn:
    zone = array.type.tz if pa.types.is_timestamp(array.type) else None
    if zone and how.date_rule.zone is None:
        return TypedColumn(
            np.full(len(array), np.datetime64("NaT", "us"), "datetime64[us]"),
            _at(array, np.flatnonzero(array.is_valid()), faults.no_zone(zone), how), np.zeros(len(array), bool))
    is_day = pa.types.is_date(array.type)
    moments = _in_microseconds(array).to_numpy(zero_copy_only=False)
    if zone:
        moments = np.clip(moments, *_CALENDAR)  # pandas cannot move the very first and last moments to a zone
        stamps = pd.DatetimeIndex(moments, tz="UTC").tz_convert(how.date_rule.zone).tz_localize(None)
        moments = stamps.to_numpy().astype("datetime64[us]")
    typed = TypedColumn(moments, has_time=np.full(len(array), not is_day))
    _check_days(typed, array, how)
    return typed if is_day else _without_midnights(typed, {}, how)


def _in_microseconds(array: Column) -> Column:
    """Moments in microseconds; what lies beyond the calendar is brought to its edge, and so refused as out of range."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        if kind.unit == "us":
            return array
        plain = array.cast(pa.int64())
        if kind.unit == "ns":
            return pc.divide(plain, 1000).cast(pa.timestamp("us"))
        factor = {"s": 1_000_000, "ms": 1_000}[kind.unit]
    else:
        plain, factor = array.cast(pa.date32(), safe=False).cast(pa.int32()).cast(pa.int64()), DAY
    edge = 250_000_000_000_000_000 // factor
    clamped = pc.min_element_wise(pc.max_element_wise(plain, -edge, skip_nulls=False), edge, skip_nulls=False)
    return pc.multiply(clamped, factor).cast(pa.timestamp("us"))


def _check_days(typed: TypedColumn, array: Column, how: Reading) -> None:
    rule = how.date_rule
    low, end = np.datetime64(rule.earliest, "us"), np.datetime64(rule.latest + dt.timedelta(days=1), "us")
    for outside, fault in zip((typed.data < low, typed.data >= end), range_faults(rule), strict=True):
        places = np.flatnonzero(outside)
        if len(places):
            if not typed.data.flags.writeable:
                typed.data = typed.data.copy()
            typed.data[places] = np.datetime64("NaT", "us")
            typed.findings += _at(array, places, fault, how)


def _without_midnights(typed: TypedColumn, orders: dict[str, str], how: Reading) -> TypedColumn:
    """The dates without times of day, where every one is midnight; and what they say of how they are written."""
    has_time = np.zeros(0, bool) if typed.has_time is None else typed.has_time
    typed.facts = how.facts
    if typed.facts is None:
        off_midnight = _any_off_midnight(typed.data, has_time)
        known = off_midnight or not np.isnat(typed.data).all()
        typed.facts = DateFacts(orders, off_midnight or bool(has_time.any()), off_midnight, known)
    if typed.facts.all_midnight:
        typed.has_time = np.zeros(len(typed.data), bool)
    return typed


def _any_off_midnight(data: NDArray[np.datetime64], has_time: NDArray[np.bool_]) -> bool:
    for start in range(0, len(data), 1_000_000):
        moments = data[start:start + 1_000_000]
        known = has_time[start:start + 1_000_000] & ~np.isnat(moments)
        if (moments.view("int64")[known] % DAY != 0).any():
            return True
    return False


def _booleans(array: Column) -> Any:
    dtype: Any = pd.BooleanDtype()
    return dtype.__from_arrow__(array)


def _reader_of_words(column: str) -> Callable[[pa.StringArray], Cells]:
    if column == "patient_id":
        return cells.read_ids
    if column in ("side", "pain_side", "hip_side", "stop_reason", "replacement_approach"):
        return cells.read_words
    longest = TEXT_LONGEST.get(column, OTHER_TEXT_LONGEST)
    return lambda texts: cells.read_texts(texts, longest=longest)


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _findings(column: pa.DictionaryArray, wrong: dict[int, Fault], how: Reading) -> list[Finding]:
    """Where each fault of a distinct text stands in the column."""
    if not wrong:
        return []
    kinds = list(dict.fromkeys(wrong.values()))
    number = {fault: index for index, fault in enumerate(kinds)}
    kind_of = np.full(len(column.dictionary) + 1, -1)
    kind_of[list(wrong)] = [number[fault] for fault in wrong.values()]
    kind_at = kind_of[codes_of(column)]
    return [found for index, fault in enumerate(kinds)
            for found in _at(column, np.flatnonzero(kind_at == index), fault, how)]


def _at(array: Column, places: NDArray[np.int64], fault: Fault, how: Reading) -> list[Finding]:
    if not len(places):
        return []
    return [Finding(how.name, fault, places, plain_text(array.take(pa.array(places))), how.required)]
