"""CSV, TSV and other text tables: encoding, separator and line ends are detected, and told."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hipanalytics.errors import FileError
from hipanalytics.importers.faults import LONG_ROW, RUN_TOGETHER, Finding
from hipanalytics.importers.profile import FileOptions
from hipanalytics.importers.raw import RawTable, Source, check_width, compacted

LONGEST_LINE = 1_000_000
"""Bytes of a line beyond which a file is no table of sessions."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ENOUGH_TO_TELL = 5
_ENDED = "\x1e\x1e\x1e"


def read_delimited(path: Path, options: FileOptions | None = None) -> RawTable:
    """What does this text file hold?

    Rule: every cell stays text; a short row is filled with blanks, a row with more cells than the header is refused.
    Raises: FileError where it is empty, has an endless line, an unclosed quotation mark or an unreadable encoding.
    """
    options = options or FileOptions()
    check_lines(path)
    text, encoding = decode(path, options.encoding)
    assumptions = []
    if "\0" in text:
        text = text.replace("\0", "")
        assumptions.append("The file holds NUL bytes; they were left out.")
    delimiter, text = _declared_delimiter(text, options.delimiter)
    if not delimiter:
        delimiter = find_delimiter(text)
        if delimiter != "," or encoding not in ("utf-8", "utf-8-sig"):
            assumptions.append(f"Read with {DELIMITERS[delimiter]} as the separator, in {encoding}.")
    records = read_records(text, delimiter, file=path.name)
    return _table(records, Source(path.name, "CSV", "", encoding, delimiter), tuple(assumptions))


def check_lines(path: Path) -> None:
    """Read the file in blocks and stop at a line too long to be a row. Raises: FileError."""
    run = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            ends = np.flatnonzero(np.isin(np.frombuffer(block, np.uint8), (10, 13)))
            edges = np.concatenate(([-1 - run], ends, [len(block)]))
            if np.diff(edges).max() - 1 > LONGEST_LINE:
                raise FileError(
                    f"{path.name} has a line of more than {LONGEST_LINE:,} characters; that is no table of sessions. "
                    "Export it again, as CSV with a row for each line.")
            run = len(block) - 1 - int(ends[-1]) if len(ends) else run + len(block)


def decode(path: Path, named: str | None) -> tuple[str, str]:
    """The file's text and the encoding it was read with. Raises: FileError where the named one does not fit."""
    data = path.read_bytes()
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise FileError(f"{path.name} is empty.")
    for encoding in [named] if named else _likely_encodings(data[:4096]):
        try:
            text = data.decode(encoding)
        except (UnicodeError, LookupError, ValueError):
            continue
        return text.removeprefix("\ufeff"), encoding
    raise FileError(
        f"{path.name} cannot be read as {named}. Give another encoding in the profile, or leave it out to detect it.")


def _likely_encodings(start: bytes) -> list[str]:
    marked = [encoding for mark, encoding in _MARKS if start.startswith(mark)]
    usual = [*marked, "utf-8", "windows-1252", "latin-1"]
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if max(even, odd) * 5 > len(start) and min(even, odd) * 5 < max(even, odd):
        return [*marked, "utf-16-be" if even > odd else "utf-16-le", *usual]
    return usual


def _declared_delimiter(text: str, named: str | None) -> tuple[str, str]:
    """The separator that the profile names, or Excel's own first line `sep=;` (which is no row)."""
    line = re.match(r'"?sep=([^"\r\n])"?(\r\n|\r|\n)', text)
    if line:
        return named or line[1], text[line.end():]
    return named or "", text


def find_delimiter(text: str) -> str:
    """The separator that cuts the header and most of the first lines into the same number of cells."""
    lines = [line for line in _without_quoted(text[:200_000]) if line.strip()][:30]
    best = (0.0, 0, ",")
    for delimiter in DELIMITERS:
        counts = [line.count(delimiter) for line in lines]
        if counts and counts[0]:
            agreed = sum(count == counts[0] for count in counts) / len(counts)
            best = max(best, (round(agreed, 1), counts[0], delimiter), key=lambda found: found[:2])
    return best[2]


def _without_quoted(text: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", re.sub(r'"[^"]*"', "", text))


def read_records(text: str, delimiter: str, *, file: str) -> pd.DataFrame:
    """Every record as text, one column for each of the header's and one for what stands beyond it."""
    width = _header_width(text, delimiter)
    check_width(width, file)
    if not delimiter.isascii():  # pandas' parser takes one byte
        return read_ragged(text, delimiter, width, file=file)
    try:
        return read_fast(text, delimiter, width)
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        unclosed = re.search(r"EOF inside string starting at row (\d+)", str(error))
        if unclosed:
            raise FileError(_unclosed(file, int(unclosed[1]))) from None
    return read_ragged(text, delimiter, width, file=file)


def read_fast(text: str, delimiter: str, width: int) -> pd.DataFrame:
    """The records by pandas' own parser, which stops at rows with more than one cell too many.

    A first record of letters keeps pandas from taking a column of digits for numbers (007 would become 7).
    """
    guard = delimiter.join("x" * (width + 1)) + "\n"
    with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
        records = pd.read_csv(
            io.BytesIO((guard + text).encode("utf-8", "surrogatepass")), sep=delimiter, header=None,
            names=range(width + 1), dtype="category", na_filter=False, skip_blank_lines=False, index_col=False,
            low_memory=False, encoding="utf-8", encoding_errors="surrogatepass")
    return records.iloc[1:]


def read_ragged(text: str, delimiter: str, width: int, *, file: str) -> pd.DataFrame:
    """The records by Python's own csv module: slower, for rows of any length."""
    lines = itertools.chain(io.StringIO(text, newline=""), ["\n", _ENDED])
    try:
        records = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error as error:
        raise FileError(f"{file} has a cell of more than 100,000 characters, or is no table ({error}).") from None
    if records.pop() != [_ENDED]:
        raise FileError(_unclosed(file, len(records) + 1))
    if records and not records[-1]:
        records.pop()
    cells = [_fitted(record, width, delimiter) for record in records]
    return pd.DataFrame(cells, columns=range(width + 1), dtype="category")


def _header_width(text: str, delimiter: str) -> int:
    for record in csv.reader(io.StringIO(text[:LONGEST_LINE], newline=""), delimiter=delimiter):
        if any(cell.strip() for cell in record):
            return len(record)
    return 1


def _fitted(record: list[str], width: int, delimiter: str) -> list[str]:
    extra = [cell for cell in record[width:] if cell.strip()]
    return [*record[:width], *[""] * (width - len(record)), delimiter.join(extra)]


def _unclosed(file: str, row: int) -> str:
    return (f"{file}, row {row:,}: a quotation mark (\") is opened and never closed, so that the rows after it run "
            "into each other. Close or remove it; if that row looks right, look for one in the rows before.")


def _table(records: pd.DataFrame, source: Source, assumptions: tuple[str, ...]) -> RawTable:
    columns = [_dictionary(records[name]) for name in records.columns]
    filled = np.zeros(len(records), bool)
    for column in columns:
        filled |= _not_blank(column)
    if not filled.any():
        raise FileError(f"{source.file} is empty.")
    header = int(np.flatnonzero(filled)[0])
    body = [compacted(column.slice(header + 1)) for column in columns]
    names = {f"column {place}": str(column[header]).strip() for place, column in enumerate(columns[:-1], 1)}
    rows = np.arange(header + 2, len(records) + 1, dtype=np.int64)
    findings = (*_overflow(body[-1]), *_run_together(dict(zip(names.values(), body, strict=False)), source.delimiter))
    return RawTable(dict(zip(names, body, strict=False)), rows, source, assumptions, findings, names)


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
    words = pa.array(column.cat.categories.astype(object), pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(column.cat.codes.to_numpy(np.int32), mask=None), words)


def _not_blank(column: pa.DictionaryArray) -> np.ndarray:
    words = np.array([*(bool(word.strip()) for word in column.dictionary.to_pylist()), False])
    return words[column.indices.to_numpy(zero_copy_only=False)]
