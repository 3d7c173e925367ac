"""A table as its file holds it, before anything is believed: the same shape for CSV, Excel and Parquet."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hipanalytics.errors import FileError
from hipanalytics.importers.faults import Finding

Column: TypeAlias = Any  # pa.Array | pa.ChunkedArray, which have no types of their own
"""Text is always a DictionaryArray; typed columns of Parquet files may come in chunks."""

WIDEST = 5_000
"""Columns beyond which a file is no table of sessions."""

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "null", "None")


@dataclass(frozen=True)
class Source:
    """Which file this is, and how it was read."""

    file: str
    kind: str
    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""


@dataclass(frozen=True)
class RawTable:
    """The columns of a file: text as a dictionary of its distinct values, anything else (Parquet) as it is typed.

    `rows` holds each row's number as a spreadsheet shows it. `names` gives, for a column, its name in the file;
    `unread` names the columns that were left in it.
    """

    columns: dict[str, Column]
    rows: NDArray[np.int64]
    source: Source
    assumptions: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    names: dict[str, str] = dataclasses.field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def name_in_file(self, column: str) -> str:
        """What the file itself calls this column."""
        return self.names.get(column, column)

    def assuming(self, *sentences: str) -> RawTable:
        """This table, with more assumptions told."""
        return dataclasses.replace(self, assumptions=(*self.assumptions, *sentences))

    def kept(self, keep: NDArray[np.bool_]) -> RawTable:
        """Only the rows for which `keep` is true, with what was found in them."""
        if keep.all():
            return self
        mask = pa.array(keep)
        place = np.cumsum(keep) - 1
        findings = []
        for finding in self.findings:
            still = keep[finding.positions]
            findings.append(dataclasses.replace(
                finding, positions=place[finding.positions[still]], texts=finding.texts.filter(pa.array(still))))
        columns = {name: array.filter(mask) for name, array in self.columns.items()}
        return dataclasses.replace(
            self, columns={name: compacted(array) if is_text(array) else array for name, array in columns.items()},
            rows=self.rows[keep], findings=tuple(findings))


def check_width(width: int, file: str) -> None:
    """Stop before a table of absurdly many columns is built. Raises: FileError."""
    if width > WIDEST:
        raise FileError(f"{file} has {width:,} columns; at most {WIDEST:,} can be read. "
                        "Take out the columns that are not needed, and save it again.")


def text_column(array: Column) -> pa.DictionaryArray:
    """A column as text: its distinct values, each kept once, and where they stand."""
    if is_text(array):
        return array
    words = array.cast(pa.string())
    whole = words.combine_chunks() if isinstance(words, pa.ChunkedArray) else words
    return whole.dictionary_encode()


def is_text(array: Column) -> bool:
    """Whether the column holds text (in a dictionary) and not typed values."""
    return pa.types.is_dictionary(array.type) and pa.types.is_string(array.type.value_type)


def codes_of(column: pa.DictionaryArray) -> NDArray[np.int64]:
    """For each row the place of its value among the distinct ones; -1 where there is none."""
    indices = column.indices
    if indices.null_count:
        indices = indices.fill_null(-1)
    return indices.to_numpy(zero_copy_only=False)


def compacted(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """The column without distinct values that no row has."""
    codes = codes_of(column)
    used = np.zeros(len(column.dictionary) + 1, bool)
    used[codes] = True
    if used[:-1].all():
        return column
    places = np.append(np.cumsum(used[:-1]) - 1, -1)[codes]
    return pa.DictionaryArray.from_arrays(
        pa.array(places.astype(np.int32), mask=places < 0), column.dictionary.filter(pa.array(used[:-1])))


def with_words(column: pa.DictionaryArray, words: pa.StringArray) -> pa.DictionaryArray:
    """The same column with its distinct values rewritten; a null among them empties its cells."""
    return pa.DictionaryArray.from_arrays(column.indices, words)


def tidied(column: pa.DictionaryArray, missing_words: tuple[str, ...] = MISSING_WORDS) -> pa.DictionaryArray:
    """The column without surrounding blanks, with null for every word that means missing.

    A leading apostrophe before =, +, -, @ (which keeps an exported cell from running) is taken off again.
    """
    words = pc.utf8_trim_whitespace(column.dictionary)
    words = pc.replace_substring_regex(words, r"^'([=+\-@])", r"\1")
    missing = pc.is_in(words, value_set=pa.array(missing_words, pa.string()))
    return with_words(column, pc.if_else(missing, pa.scalar(None, pa.string()), words))


def is_missing(array: Column) -> NDArray[np.bool_]:
    """Where the column has no value."""
    if not is_text(array):
        return pc.is_null(array, nan_is_null=True).to_numpy(zero_copy_only=False)
    blank = np.append(pc.is_null(array.dictionary).to_numpy(zero_copy_only=False), True)
    return blank[codes_of(array)]
