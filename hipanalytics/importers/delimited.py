"""CSV, TSV and other text tables: from the text to their rows, all at once or some at a time."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from hipanalytics.errors import FileError
from hipanalytics.importers.faults import LONG_ROW, RUN_TOGETHER, Finding
from hipanalytics.importers.profile import FileOptions
from hipanalytics.importers.raw import RawTable, Source, compacted
from hipanalytics.importers.text_file import TextFile, look_at, unclosed

_LARGEST_BATCH = 1 << 26
"""Characters that a batch of rows may have, about; at four times as many a quotation mark is open, most likely."""
_ENOUGH_TO_TELL = 5
_ENOUGH_TO_SEPARATE = 2
_ENDED = "\x1e\x1e\x1e"
_Made = TypeVar("_Made")


class UnevenError(Exception):
    """The fast reader cannot go on: a row has more than one cell too many, or no end is in sight."""


def read_delimited(path: Path, options: FileOptions | None = None) -> RawTable:
    """What does this text file hold?

    Rule: every cell stays text; a short row is filled with blanks, a row with more cells than the header is refused.
    Raises: FileError where it is empty, has an endless line, an unclosed quotation mark or an unreadable encoding.
    """
    return fast_or_slow(look_at(path, options or FileOptions()), lambda text: next(delimited_tables(text)))


def fast_or_slow(text: TextFile, use: Callable[[TextFile], _Made]) -> _Made:
    """What `use` makes of the file, read by the fast reader; by the slow one where the fast one cannot go on."""
    if not text.uneven:
        with contextlib.suppress(UnevenError):
            return use(text)
    return use(replace(text, uneven=True))


def delimited_tables(text: TextFile, rows: int | None = None) -> Iterator[RawTable]:
    """The rows of the file, so many at a time or fewer; without `rows` all at once. Raises: FileError, UnevenError."""
    if rows is not None:
        rows = max(min(rows, _LARGEST_BATCH // text.row_length), 1)
    names: dict[str, str] = {}
    for columns, numbers in _parts(text, rows):
        if not names:
            header = _first_filled(columns)
            if header is None:
                continue
            names = {f"column {place}": str(column[header]).strip() for place, column in enumerate(columns[:-1], 1)}
            columns, numbers = [compacted(column.slice(header + 1)) for column in columns], numbers[header + 1:]
        yield _table(columns, numbers, names, text)
    if not names:
        raise FileError(f"{text.path.name} is empty.")


def _parts(text: TextFile, rows: int | None) -> Iterator[tuple[list[pa.DictionaryArray], NDArray[np.int64]]]:
    """The columns of the rows, one more for what stands beyond the header's, and the numbers of their records."""
    even = plain_columns(text) if rows is None and not text.uneven else None
    if even is not None:
        yield even, np.arange(1, len(even[0]) + 1)
        return
    records = ragged_records if text.uneven else fast_records
    for part in records(text.blocks(), text.delimiter, text.width, file=text.path.name, rows=rows):
        yield [_dictionary(part[name]) for name in part.columns], part.index.to_numpy(np.int64)


def plain_columns(text: TextFile) -> list[pa.DictionaryArray] | None:
    """The columns of a file without quotation marks in which every row has all cells, by Arrow's reader.

    It works on all cores at once, five times as fast as the others. Returns: None for any other file.
    """
    whole = "".join(text.blocks())
    if '"' in whole or text.width < _ENOUGH_TO_SEPARATE:
        return None
    names = [str(place) for place in range(text.width)]
    kind = pa.dictionary(pa.int32(), pa.string())
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(whole.encode("utf-8", "surrogatepass")),
            pyarrow.csv.ReadOptions(column_names=names),
            pyarrow.csv.ParseOptions(delimiter=text.delimiter, quote_char=False, ignore_empty_lines=False),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, kind), null_values=[]))
    except pa.ArrowInvalid:
        return None
    columns = [column.combine_chunks() for column in table.unify_dictionaries().columns]
    beyond = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(table), np.int32)), pa.array([""]))
    return [*columns, beyond]


@dataclass
class _Stream:
    """Blocks of text as pandas asks for them; `taken` counts the characters since the last rows were made."""

    blocks: Iterator[str]
    most: float
    taken: int = 0

    def read(self, _size: int = -1) -> str:
        """The next block; empty at the end."""
        block = next(self.blocks, "")
        self.taken += len(block)
        if self.taken > self.most:
            raise UnevenError
        return block

    def __iter__(self) -> Iterator[str]:
        return self.blocks


def fast_records(
    blocks: Iterable[str], delimiter: str, width: int, *, file: str, rows: int | None = None,
) -> Iterator[pd.DataFrame]:
    """The records by pandas' own parser, which stops at rows with more than one cell too many.

    Each frame has text alone, a column for each of the header's and one for what stands beyond it; its index is the
    number of the record. A first record of letters tells the parser how many cells there are at most, and keeps it,
    where all is read at once, from taking a column of digits for numbers (007 would become 7); read in parts, the text
    is left as objects for the same reason.
    """
    guard = delimiter.join("x" * (width + 1)) + "\n"
    stream: Any = _Stream(itertools.chain([guard], blocks), np.inf if rows is None else 4 * _LARGEST_BATCH)
    kind: Any = "category" if rows is None else object
    with _told_in_our_words(file):
        reader = pd.read_csv(
            stream, sep=delimiter, header=None, names=range(width + 1), dtype=kind, na_filter=False,
            skip_blank_lines=False, index_col=False, low_memory=False, encoding="utf-8",
            encoding_errors="surrogatepass", iterator=True)
    with reader:
        guards = 1
        while (records := _next_records(reader, rows and rows + guards, file)) is not None:
            yield records.iloc[guards:]
            guards = stream.taken = 0


def _next_records(reader: Any, rows: int | None, file: str) -> pd.DataFrame | None:
    with _told_in_our_words(file), contextlib.suppress(StopIteration):
        return reader.read(rows)
    return None


@contextlib.contextmanager
def _told_in_our_words(file: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
            yield
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        found = re.search(r"EOF inside string starting at row (\d+)", str(error))
        if found:
            raise FileError(unclosed(file, int(found[1]))) from None
        raise UnevenError from None


def ragged_records(
    blocks: Iterable[str], delimiter: str, width: int, *, file: str, rows: int | None = None,
) -> Iterator[pd.DataFrame]:
    """The records by Python's own csv module: slower, for rows of any length. The frames are as in `fast_records`."""
    records = _records(blocks, delimiter, file)
    first = 1
    while some := list(itertools.islice(records, rows)):
        cells = [_fitted(record, width, delimiter) for record in some]
        numbers = pd.RangeIndex(first, first + len(cells))
        yield pd.DataFrame(cells, numbers, range(width + 1), dtype="category")
        first += len(cells)


def _records(blocks: Iterable[str], delimiter: str, file: str) -> Iterator[list[str]]:
    """Each record; two are held back, because at the end stand a sign of ours and what comes of the line end before."""
    lines = itertools.chain(_lines(blocks), ["\n", _ENDED])
    held: list[list[str]] = []
    row = 0
    try:
        for record in csv.reader(lines, delimiter=delimiter):
            row += 1
            held.append(record)
            if len(held) > 2:
                yield held.pop(0)
    except csv.Error as error:
        raise FileError(f"{file}, row {row + 1:,}, has a cell of more than 100,000 characters, or is no table "
                        f"({error}). Look for a quotation mark (\") that is opened there and not closed.") from None
    if held.pop() != [_ENDED]:
        raise FileError(unclosed(file, row))
    yield from filter(None, held)


def _lines(blocks: Iterable[str]) -> Iterator[str]:
    """Each line with its end. The last of a block waits for the next one, which may go on with it."""
    rest = ""
    for block in blocks:
        *whole, rest = io.StringIO(rest + block, newline="")
        yield from whole
    if rest:
        yield rest


def _fitted(record: list[str], width: int, delimiter: str) -> list[str]:
    extra = [cell for cell in record[width:] if cell.strip()]
    return [*record[:width], *[""] * (width - len(record)), delimiter.join(extra)]


def _first_filled(columns: list[pa.DictionaryArray]) -> int | None:
    """The place of the first row with anything in it."""
    places = [np.flatnonzero(_not_blank(column))[:1] for column in columns]
    return min((int(place[0]) for place in places if len(place)), default=None)


def _table(
    columns: list[pa.DictionaryArray], numbers: NDArray[np.int64], names: dict[str, str], text: TextFile,
) -> RawTable:
    source = Source(text.path.name, "CSV", "", text.encoding, text.delimiter)
    by_title = dict(zip(names.values(), columns, strict=False))
    findings = (*_overflow(columns[-1]), *_run_together(by_title, text.delimiter))
    return RawTable(dict(zip(names, columns, strict=False)), numbers, source, text.assumptions, findings, names)


def _run_together(columns: dict[str, pa.DictionaryArray], delimiter: str) -> Iterator[Finding]:
    """Cells that swallowed rows: an open quotation mark, closed by another one some rows below.

    Such a cell has the separators of a whole row, or more, for each line break. In tables of a few columns a note in
    several lines can have as many; they are left alone.
    """
    if len(columns) < _ENOUGH_TO_TELL:
        return
    for name, column in columns.items():
        lines = pc.count_substring_regex(column.dictionary, r"\r\n|\r|\n")
        marks = pc.count_substring(column.dictionary, delimiter)
        swallowed = pc.and_(pc.greater(lines, 0), pc.greater_equal(marks, pc.multiply(lines, len(columns) - 1)))
        places = np.flatnonzero(swallowed.to_numpy(zero_copy_only=False)[column.indices.to_numpy()])
        if len(places):
            texts = column.take(pa.array(places)).dictionary_decode()
            yield Finding(name, RUN_TOGETHER, places, texts, refuses_row=True)


def _overflow(beyond: pa.DictionaryArray) -> tuple[Finding, ...]:
    places = np.flatnonzero(_not_blank(beyond))
    if not len(places):
        return ()
    return (Finding("", LONG_ROW, places, beyond.take(pa.array(places)).dictionary_decode(), refuses_row=True),)


def _dictionary(column: pd.Series) -> pa.DictionaryArray:
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return pa.array(column, pa.string()).dictionary_encode()
    words = pa.array(column.cat.categories.astype(object), pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(column.cat.codes.to_numpy(np.int32), mask=None), words)


def _not_blank(column: pa.DictionaryArray) -> NDArray[np.bool_]:
    filled = pc.not_equal(pc.utf8_trim_whitespace(column.dictionary), "")
    words = np.append(filled.to_numpy(zero_copy_only=False), False)
    return words[column.indices.to_numpy(zero_copy_only=False)]
