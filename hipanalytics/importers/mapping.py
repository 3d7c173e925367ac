"""A profile at work: from the columns of a source to those of a table."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from hipanalytics.errors import FileError, ProfileError
from hipanalytics.importers.cells import FORMULA_ERRORS
from hipanalytics.importers.faults import Fault, Finding, plain_text
from hipanalytics.importers.parquet import tidy_name
from hipanalytics.importers.profile import DateParts, MappingProfile, columns_of, nearest, required_columns
from hipanalytics.importers.raw import (
    MISSING_WORDS,
    Column,
    RawTable,
    codes_of,
    is_missing,
    is_text,
    text_column,
    tidied,
    with_words,
)

NOT_A_TIME = Fault("is not a time of day", "hours and minutes such as 17:30",
                   "Correct the time, or name its format (time_formats) or its word (no_time) in the profile.")
NOT_SHOWN = "(not shown)"

Pseudonym = Callable[[str], str]


@dataclasses.dataclass(frozen=True)
class Mapped:
    """The rows that the profile takes, in the table's own columns, and how many it set aside."""

    table: RawTable
    blank: int = 0
    filtered_out: int = 0


def wanted_names(profile: MappingProfile | None, table: str) -> set[str]:
    """The names (small letters) of the columns that will be used of a file."""
    if profile is None:
        return set(columns_of(table))
    parts = [name for date in profile.date.values() for name in (date.year, date.month, date.day, date.time) if name]
    named = [*profile.columns.values(), *parts, *profile.filter, *profile.fill_down]
    return {tidy_name(name) for name in named} | set(columns_of(table))


def map_table(
    raw: RawTable, profile: MappingProfile, table: str, pseudonym: Pseudonym | None = None,
) -> Mapped:
    """The rows and columns of `table` that the source holds.

    Rule: blank rows are set aside, blank cells filled down, then the filter applied, then the columns made, then, where
    the profile says so, patients' identifiers turned into pseudonyms: nothing after this sees what stood there.
    Raises: FileError where a column is missing (a near name is suggested) or stands twice; ProfileError where
    pseudonyms are asked for and there is no `pseudonym` to make them.
    """
    if profile.pseudonymise and pseudonym is None:
        raise ProfileError("The profile says pseudonymise = true, which needs a clinic (its secret key): "
                           "import the file into a clinic.")
    raw = _findings_hidden(raw) if profile.pseudonymise else raw
    words = (*MISSING_WORDS, *profile.file.missing)
    tidy = {name: tidied(array, words) if is_text(array) else array for name, array in raw.columns.items()}
    raw = dataclasses.replace(raw, columns=tidy)
    filled = not_blank(raw)
    blank = raw.height - int(filled.sum())
    raw = raw.kept(filled)
    columns = dict(raw.columns)
    for name in profile.fill_down:
        real = find_column(raw, name)
        columns[real] = _filled_down(columns[real])
    raw = dataclasses.replace(raw, columns=columns)
    raw, filtered_out = _filtered(raw, profile)
    mapped = _named(raw, profile, table)
    if profile.pseudonymise and pseudonym is not None:
        mapped = _pseudonymised(mapped, pseudonym)
    return Mapped(mapped, blank, filtered_out)


def not_blank(raw: RawTable) -> NDArray[np.bool_]:
    """Where a row has any value at all."""
    if raw.source.kind == "Parquet":
        return np.ones(raw.height, bool)
    filled = np.zeros(raw.height, bool)
    for array in raw.columns.values():
        filled |= ~is_missing(array)
    for finding in raw.findings:
        filled[finding.positions] = True
    return filled


def find_column(raw: RawTable, name: str) -> str:
    """The file's own spelling of a column. Raises: FileError where it is missing or stands twice."""
    found = [real for real in raw.names.values() if tidy_name(real) == tidy_name(name)]
    if len(found) > 1:
        raise FileError(
            f"{raw.source.file} has the column {found[0]} {len(found)} times; rename or remove all but one.")
    if not found:
        raise FileError(missing_column(raw, name))
    return next(key for key, real in raw.names.items() if real == found[0])


def missing_column(raw: RawTable, *missing: str) -> str:
    """What is said of a file that lacks columns that are needed."""
    names = [real for real in (*raw.names.values(), *raw.unread) if real.strip()]
    close = [found for found in (nearest(name, names) for name in missing) if found]
    nearest_are = "the nearest is" if len(close) == 1 else "the nearest are"
    hint = f"{nearest_are} {' and '.join(map(repr, close))}" if close else f"it has {_listed(names)}"
    where = raw.source.file + (f", sheet {raw.source.sheet}," if raw.source.sheet else "")
    it = "it" if len(missing) == 1 else "them"
    return (f"{where} has no column {' and no column '.join(missing)}; {hint}. "
            f"Rename {it}, or map {it} in a profile (--mapping).")


def _listed(names: list[str]) -> str:
    if not names:
        return "no names at all"
    return ", ".join(name[:40] for name in names[:8]) + (" ..." if len(names) > 8 else "")


def _filled_down(array: Column) -> Column:
    known = ~is_missing(array)
    last = np.maximum.accumulate(np.where(known, np.arange(len(array)), -1))
    return array.take(pa.array(np.where(last < 0, 0, last), mask=last < 0))


def _filtered(raw: RawTable, profile: MappingProfile) -> tuple[RawTable, int]:
    keep = np.ones(raw.height, bool)
    for name, allowed in profile.filter.items():
        column = text_column(raw.columns[find_column(raw, name)])
        small = {value.strip().lower() for value in allowed}
        words = column.dictionary.to_pylist()
        good = np.array([*(word is not None and word.lower() in small for word in words), False])
        if raw.height and not good.any():
            raw = raw.assuming(no_such_row(profile, name, words))
        keep &= good[codes_of(column)]
    return raw.kept(keep), int((~keep).sum())


def no_such_row(profile: MappingProfile, name: str, words: Iterable[str | None]) -> str:
    """What is told where no row has what the filter wants of a column, but these words alone."""
    found = "" if profile.pseudonymise else f"; found: {_listed(sorted({word for word in words if word}))}"
    return f"No row has {name} = {' or '.join(profile.filter[name])}{found}."


def _named(raw: RawTable, profile: MappingProfile, table: str) -> RawTable:
    """The table's own columns, from the profile or under their own names."""
    columns: dict[str, Column] = {}
    names: dict[str, str] = {}
    taken = columns_taken(raw, profile, table)
    for target in columns_of(table):
        if target in profile.constants:
            columns[target] = _constant(profile.constants[target], raw.height)
        elif target in profile.date:
            raw, columns[target], names[target] = _date_from_parts(raw, profile.date[target], profile)
        elif target in taken:
            columns[target], names[target] = raw.columns[taken[target]], raw.names[taken[target]].strip()
        if target in columns and target in profile.words:
            columns[target] = _translated(columns[target], profile.words[target])
    missing = [column for column in required_columns(table) if column not in columns]
    if missing:
        raise FileError(missing_column(raw, *missing))
    unused = _unused(raw, profile, table)
    return dataclasses.replace(raw.assuming(*unused), columns=columns, names=names)


def columns_taken(raw: RawTable, profile: MappingProfile, table: str) -> dict[str, str]:
    """For each column of the table that one of the file's is taken for: which. Raises: as `find_column`."""
    made = {*profile.constants, *profile.date}
    return {target: find_column(raw, profile.columns.get(target, target)) for target in columns_of(table)
            if target not in made and (target in profile.columns or _has(raw, target, profile))}


def _pseudonymised(raw: RawTable, pseudonym: Pseudonym) -> RawTable:
    """The table with a pseudonym for every patient. The error of a formula stays one, and is refused as such."""
    column = text_column(raw.columns["patient_id"])
    words = [word if word is None or FORMULA_ERRORS.match(word) else pseudonym(word)
             for word in column.dictionary.to_pylist()]
    named = with_words(column, pa.array(words, pa.string()))
    return dataclasses.replace(raw, columns={**raw.columns, "patient_id": named})


def _findings_hidden(raw: RawTable) -> RawTable:
    """The table as read, whose findings no longer show their cells: rows run together hold patients' identifiers."""
    hidden = tuple(dataclasses.replace(found, texts=pa.array([NOT_SHOWN] * len(found.positions), pa.string()))
                   for found in raw.findings)
    return dataclasses.replace(raw, findings=hidden)


def _has(raw: RawTable, target: str, profile: MappingProfile) -> bool:
    taken = {tidy_name(name) for name in profile.columns.values()}
    return target not in taken and any(tidy_name(name) == target for name in raw.names.values())


def _unused(raw: RawTable, profile: MappingProfile, table: str) -> Iterable[str]:
    """A sentence on columns that were not used, with the near name of one that may be misspelt."""
    known = wanted_names(profile, table)
    names = (name.strip() for name in (*raw.names.values(), *raw.unread))
    unused = [name for name in names if name and tidy_name(name) not in known]
    if unused and not profile.columns:
        yield f"Not used, because the table has no such column: {_listed([n + _perhaps(n, table) for n in unused])}."


def _perhaps(name: str, table: str) -> str:
    close = nearest(name, columns_of(table))
    return f" ({close}?)" if close and len(name) > 3 else ""


def _constant(value: str, height: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(height, np.int32)), pa.array([value]))


def _translated(array: Column, meanings: dict[str, str]) -> pa.DictionaryArray:
    column = text_column(array)
    small = {word.strip().lower(): meaning for word, meaning in meanings.items()}
    words = [word if word is None else small.get(word.lower(), word) for word in column.dictionary.to_pylist()]
    return tidied(with_words(column, pa.array(words, pa.string())))


def _date_from_parts(
    raw: RawTable, parts: DateParts, profile: MappingProfile,
) -> tuple[RawTable, pa.DictionaryArray, str]:
    """Each distinct combination of year, month, day and time written as one date."""
    names = [find_column(raw, name) for name in (parts.year, parts.month, parts.day)]
    columns = [text_column(raw.columns[name]) for name in names]
    label = ", ".join(raw.names[name].strip() for name in names)
    if parts.time:
        raw, clock = _times(raw, parts.time, parts, profile)
        columns.append(clock)
    codes = pd.DataFrame({index: codes_of(column) for index, column in enumerate(columns)})
    distinct = codes.drop_duplicates()
    words = [[*column.dictionary.to_pylist(), None] for column in columns]
    dates = [_one_date([words[index][code] for index, code in enumerate(row)]) for row in distinct.to_numpy()]
    place = codes.merge(distinct.assign(place=np.arange(len(distinct))), how="left", sort=False)["place"]
    column = pa.DictionaryArray.from_arrays(pa.array(place.to_numpy(np.int32)), pa.array(dates, pa.string()))
    return raw, column, label


def _one_date(parts: list[str | None]) -> str | None:
    year, month, day = parts[:3]
    if year is None and month is None and day is None:
        return None
    written = f"{_padded(year, 4)}-{_padded(month, 2)}-{_padded(day, 2)}"
    return f"{written} {parts[3]}" if len(parts) > 3 and parts[3] else written


def _padded(part: str | None, width: int) -> str:
    """A part with leading zeros; a year keeps its own, so that 18 is seen to have two digits."""
    if part is None:
        return "?"
    whole = part.removesuffix(".0")
    return whole.zfill(width) if whole.isdigit() and width == 2 else whole


def _times(
    raw: RawTable, name: str, parts: DateParts, profile: MappingProfile,
) -> tuple[RawTable, pa.DictionaryArray]:
    """The time column as HH:MM:SS; the profile's words mean no time of day, other words are reported."""
    real = find_column(raw, name)
    column = text_column(raw.columns[real])
    silent = {word.strip().lower() for word in parts.no_time}
    words = column.dictionary.to_pylist()
    times = [None if word is None or word.lower() in silent else _time(word, profile.time_formats) for word in words]
    wrong = np.array([*(time == "" for time in times), False])
    places = np.flatnonzero(wrong[codes_of(column)])
    if len(places):
        found = Finding(raw.names[real].strip(), NOT_A_TIME, places,
                        plain_text(column.take(pa.array(places))), refuses_row=False)
        raw = dataclasses.replace(raw, findings=(*raw.findings, found))
    return raw, with_words(column, pa.array([time or None for time in times], pa.string()))


def _time(word: str, shapes: tuple[str, ...]) -> str:
    for shape in shapes:
        try:
            return dt.datetime.strptime(word, shape).strftime("%H:%M:%S")
        except ValueError:
            continue
    return ""
