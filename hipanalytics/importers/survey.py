"""A file that is read in parts: what is decided over all of its rows, found out before any of them is used."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from hipanalytics.importers.columns import DateFacts
from hipanalytics.importers.door import (
    DECIMAL_COMMA,
    Decided,
    Door,
    decimal_mark,
    decimal_marks,
    kind_of_column,
    sentences_on_dates,
    typed_column,
)
from hipanalytics.importers.mapping import Pseudonym, find_column, map_table, no_such_row, not_blank
from hipanalytics.importers.profile import MappingProfile
from hipanalytics.importers.raw import (
    MISSING_WORDS,
    Column,
    RawTable,
    codes_of,
    is_missing,
    is_text,
    text_column,
    tidied,
)

_WORDS_TOLD = 9
"""One more than are told of the words that a filter found."""


def decide(parts: Iterable[RawTable], door: Door) -> Decided:
    """What do all parts of a file together say of how it is written?"""
    parts = iter(parts)
    first = next(parts)
    header = map_table(first.kept(np.zeros(first.height, bool)), door.profile, door.table, _unchanged(door)).table
    seen = _Seen(door)
    for raw in itertools.chain([first], parts):
        seen.look_at(raw)
    of_file = len(first.assumptions)
    mark = door.profile.file.decimal or decimal_mark(seen.comma, seen.point)
    return Decided(mark, seen.dates, (
        *header.assumptions[:of_file], *seen.empty_filters(), *header.assumptions[of_file:],
        *([DECIMAL_COMMA] if mark != (door.profile.file.decimal or ".") else []),
        *sentences_on_dates(header, seen.dates, door)))


def _unchanged(door: Door) -> Pseudonym | None:
    """Identifiers left as they are: whose a row is decides nothing here."""
    return str if door.pseudonym else None


@dataclass
class _Seen:
    """What was seen of a file so far: bounded, however long it is."""

    door: Door
    height: int = 0
    comma: bool = False
    point: bool = False
    dates: dict[str, DateFacts] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)

    def look_at(self, raw: RawTable) -> None:
        """Take in one part."""
        for name in self.door.profile.filter:
            self._look_at_words(raw, name)
        mapped = map_table(raw, self.door.profile, self.door.table, _unchanged(self.door))
        self.height += mapped.table.height + mapped.filtered_out
        comma, point = decimal_marks(mapped.table, self.door.table)
        self.comma, self.point = self.comma or comma, self.point or point
        for column in mapped.table.columns:
            if kind_of_column(self.door.table, column).startswith("datetime64"):
                facts = typed_column(mapped.table, column, self.door).facts or DateFacts()
                self.dates[column] = self.dates.get(column, DateFacts()).joined(facts)

    def _look_at_words(self, raw: RawTable, name: str) -> None:
        array = _tidy(raw.columns[find_column(raw, name)], self.door.profile)
        found = {word for word in text_column(array).dictionary.to_pylist() if word}
        wanted = {word.strip().lower() for word in self.door.profile.filter[name]}
        if any(word.lower() in wanted for word in found):
            self.met.add(name)
        self.words[name] = heapq.nsmallest(_WORDS_TOLD, found.union(self.words.get(name, [])))

    def empty_filters(self) -> list[str]:
        """What is told of filters that no row of the file fits."""
        return [no_such_row(self.door.profile, name, self.words[name])
                for name in self.door.profile.filter if self.height and name not in self.met]


def carried_down(parts: Iterable[RawTable], profile: MappingProfile) -> Iterator[RawTable]:
    """The parts, each with what columns that are filled down held last before it, in its first row that has anything.

    (From there the part fills itself.)
    """
    last: dict[str, Column] = {}
    for raw in parts:
        yield _carried(raw, profile, last) if profile.fill_down else raw


def _carried(raw: RawTable, profile: MappingProfile, last: dict[str, Column]) -> RawTable:
    columns = dict(raw.columns)
    tidy = {name: _tidy(array, profile) for name, array in columns.items()}
    filled = np.flatnonzero(not_blank(dataclasses.replace(raw, columns=tidy)))
    for real in {find_column(raw, name) for name in profile.fill_down}:
        known = np.flatnonzero(~is_missing(tidy[real]))
        if real in last and len(filled) and filled[0] not in known[:1]:
            columns[real] = _with_value(columns[real], int(filled[0]), last[real])
        if len(known):
            last[real] = raw.columns[real].take(pa.array(known[-1:]))
    return dataclasses.replace(raw, columns=columns)


def _with_value(array: Column, place: int, value: Column) -> Column:
    """The column with this value (a column of one row) at this place."""
    if not is_text(array):
        pieces = (array.slice(0, place), value, array.slice(place + 1))
        return pa.chunked_array([chunk for piece in pieces for chunk in piece.chunks], array.type)
    codes = codes_of(array).astype(np.int32)
    codes[place] = len(array.dictionary)
    words = pa.concat_arrays([array.dictionary, value.dictionary_decode()])
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), words)


def _tidy(array: Column, profile: MappingProfile) -> Column:
    return tidied(array, (*MISSING_WORDS, *profile.file.missing)) if is_text(array) else array
