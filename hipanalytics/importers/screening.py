"""The door's watch over identifiers: columns that tell who the patients are do not come in unnoticed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hipanalytics.errors import FileError
from hipanalytics.importers.identifiers import INSIDE, Use, identifiers_in, identifiers_said, some_personal
from hipanalytics.importers.mapping import columns_taken
from hipanalytics.importers.parquet import tidy_name
from hipanalytics.importers.personal_numbers import MAY_HOLD_ONE, PLAIN_DAY, personal_in
from hipanalytics.importers.profile import MappingProfile
from hipanalytics.importers.raw import (
    MISSING_WORDS,
    Column,
    RawTable,
    codes_of,
    is_missing,
    is_text,
    text_column,
    with_words,
)
from hipanalytics.importers.report import Notice

SAMPLE: Final = 2_000
FREE_TEXT: Final = ("note", "reason", "question")
WORDS: Final = ("exercise", *FREE_TEXT)
"""Columns of our tables that would hold what is written, whatever it is. A clinician's name is no patient's."""
_SHORT: Final = 40


@dataclass
class _Suspect:
    """A column that tells of people: what, whether only some of its cells do, and how many cells were emptied."""

    heading: str
    target: str
    kind: str
    by_name: bool = False
    some_cells: bool = False
    emptied: int = 0
    first: str = ""


@dataclass
class Screening:
    """The watch over the files of one reading, or over the parts of one file: what was seen in one holds for the next.

    refuse: whether a file is refused whose patients have identifiers instead of pseudonyms.
    """

    profile: MappingProfile
    table: str
    refuse: bool = False
    _suspects: dict[str, _Suspect] = field(default_factory=dict)

    def screened(self, raw: RawTable, *, seen_before: bool = False) -> RawTable:
        """The table as read, without what identifies people.

        Rule: a column that would be used and looks like identifiers is emptied, of a free text only the cells that
        hold one; `notices` says so of each. What the profile says to keep stays, and is not told. A patient's own
        identifier stays too: it is told, or refused. `seen_before`: these rows are counted already, as where a file is
        read a second time. Raises: FileError where it is refused.
        """
        targets = {key: target for target, key in columns_taken(raw, self.profile, self.table).items()}
        columns = dict(raw.columns)
        for key in self._watched(raw, targets):
            columns[key], emptied = self._one(raw, key, targets.get(key, ""))
            if emptied and not seen_before:
                self._suspects[_name_of(raw.names[key], targets[key])].emptied += emptied
        for heading in raw.unread:
            kind = "" if self._is_kept(heading, "") else identifiers_said(heading)
            if kind:
                self._suspect(_Suspect(heading, "", kind, by_name=True))
        return dataclasses.replace(raw, columns=columns)

    def over(self, parts: Iterable[RawTable]) -> Iterator[RawTable]:
        """The parts of one file, screened, from its beginning: what was counted of it before is forgotten."""
        self._suspects.clear()
        for raw in parts:
            yield self.screened(raw)

    def notices(self) -> tuple[Notice, ...]:
        """What was seen so far, one notice per column."""
        return tuple(Notice("identifier", suspect.emptied or 1, _sentence(suspect))
                     for suspect in self._suspects.values())

    def _watched(self, raw: RawTable, targets: dict[str, str]) -> list[str]:
        """The columns to look at: those of words, the patient's identifier, and those that the table does not use."""
        profile = self.profile
        parts = [name for date in profile.date.values() for name in (date.year, date.month, date.day, date.time)]
        known = {tidy_name(name) for name in (*profile.filter, *parts) if name}
        mine = {key for key, target in targets.items()
                if target in WORDS or (target == "patient_id" and not profile.pseudonymise)}
        return [key for key, heading in raw.names.items()
                if (key in mine or (key not in targets and tidy_name(heading) not in known))
                and not self._is_kept(heading, targets.get(key, ""))]

    def _is_kept(self, heading: str, target: str) -> bool:
        kept = {tidy_name(name) for name in self.profile.keep}
        return tidy_name(heading) in kept or target in kept

    def _one(self, raw: RawTable, key: str, target: str) -> tuple[Column, int]:
        """This column as it may come in, and how many of its cells were emptied; what it looks like is remembered."""
        array, heading = raw.columns[key], raw.names[key].strip()
        known = self._suspects.get(_name_of(heading, target))
        values = [] if known else sample_of(array, (*MISSING_WORDS, *self.profile.file.missing))
        kind = known.kind if known and not known.some_cells else identifiers_in(heading, values, _use(target))
        if kind:
            suspect = self._suspect(_Suspect(heading, target, kind))
            if target == "patient_id" and self.refuse:
                raise FileError(_refusal(raw.source.file, suspect))
            return _without_values(array) if target in WORDS else (array, 0)
        if target in FREE_TEXT:
            return self._without_personal_cells(raw, key, target)
        if not target and some_personal(heading, values):
            self._suspect(_Suspect(heading, target, INSIDE, some_cells=True))
        return array, 0

    def _without_personal_cells(self, raw: RawTable, key: str, target: str) -> tuple[Column, int]:
        column = text_column(raw.columns[key])
        personal = _personal(column.dictionary)
        places = np.flatnonzero(np.append(personal, False)[codes_of(column)])
        if not len(places):
            return raw.columns[key], 0
        first = f"{raw.source.file}, row {raw.rows[places[0]]:,}"
        self._suspect(_Suspect(raw.names[key].strip(), target, INSIDE, some_cells=True, first=first))
        words = pc.if_else(pa.array(personal), pa.scalar(None, pa.string()), column.dictionary)
        return with_words(column, words), len(places)

    def _suspect(self, found: _Suspect) -> _Suspect:
        return self._suspects.setdefault(_name_of(found.heading, found.target), found)


def sample_of(array: Column, missing: tuple[str, ...]) -> list[str]:
    """Some distinct values of a column as text, spread evenly over all of them."""
    distinct = array.dictionary if is_text(array) else array.unique()
    places = np.unique(np.linspace(0, len(distinct) - 1, min(SAMPLE, len(distinct))).astype(np.int64))
    texts = distinct.take(pa.array(places)).cast(pa.string()).to_pylist()
    return [tidy for text in texts if text is not None and (tidy := text.strip()) not in missing]


def _name_of(heading: str, target: str) -> str:
    return f"{tidy_name(heading)} {target}"


def _use(target: str) -> Use:
    return "patient" if target == "patient_id" else "text" if target else "unused"


def _personal(words: pa.StringArray) -> NDArray[np.bool_]:
    """Which of these texts hold an e-mail address, a phone number or a health number."""
    personal = np.zeros(len(words), bool)
    places = np.flatnonzero(_may_be_personal(words))
    places = places[_may_be_personal(pc.replace_substring_regex(words.take(pa.array(places)), PLAIN_DAY, "|"))]
    personal[places] = [personal_in(text) for text in words.take(pa.array(places)).to_pylist()]
    return personal


def _may_be_personal(words: pa.StringArray) -> NDArray[np.bool_]:
    found = pc.match_substring_regex(words, MAY_HOLD_ONE).fill_null(False)
    may: NDArray[np.bool_] = found.to_numpy(zero_copy_only=False)
    return may


def _without_values(array: Column) -> tuple[Column, int]:
    nothing = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(array), np.int32)), pa.array([None], pa.string()))
    return nothing, int((~is_missing(array)).sum())


def _shown(suspect: _Suspect) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in suspect.heading)[:_SHORT]
    ours = "" if tidy_name(suspect.heading) == suspect.target or not suspect.target else f" ({suspect.target})"
    return f'olumn "{line}"{ours}'


def _sentence(suspect: _Suspect) -> str:
    keep = f'keep = ["{suspect.target}"] in a profile'
    if suspect.emptied and suspect.some_cells:
        cells = "1 cell; it was" if suspect.emptied == 1 else f"{suspect.emptied:,} cells; they were"
        return (f"C{_shown(suspect)} holds {suspect.kind} in {cells} left empty (first in {suspect.first}). "
                f"{keep} keeps such cells.")
    if suspect.some_cells:
        return f"C{_shown(suspect)} holds {suspect.kind} in its text. It was not read."
    looks = f"C{_shown(suspect)} looks like {suspect.kind}"
    if suspect.target == "patient_id":
        return (f"{looks}. pseudonymise = true in a profile turns them into pseudonyms when the file is imported into "
                f"a clinic; {keep} says that they may stay.")
    if suspect.target:
        return f"{looks}. It was left empty; {keep} keeps it."
    return f"{looks}{', by its name' if suspect.by_name else ''}. It was not read."


def _refusal(file: str, suspect: _Suspect) -> str:
    return (f"{file}: the c{_shown(suspect)} looks like {suspect.kind}, and a clinic keeps pseudonyms. "
            "Write pseudonymise = true in the profile to turn them into pseudonyms, "
            'or keep = ["patient_id"] to take them as they are.')
