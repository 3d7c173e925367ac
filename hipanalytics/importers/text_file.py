"""A text table as characters: how it is encoded, what separates its cells, and its text a block at a time."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hipanalytics.errors import FileError
from hipanalytics.importers.profile import FileOptions
from hipanalytics.importers.raw import check_width

LONGEST_LINE = 1_000_000
"""Bytes of a line beyond which a file is no table of sessions."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_BLOCK = 1 << 22
_NOTHING = b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class TextFile:
    """A text table and how it is read: what is decided over the file as a whole.

    `width` is the number of cells of the header, `row_length` about the number of characters of a row, `skipped` the
    number of characters before the first row. An `uneven` file has rows with more than one cell too many.
    """

    path: Path
    encoding: str
    delimiter: str
    width: int
    row_length: int
    skipped: int = 0
    holds_nul: bool = False
    uneven: bool = False
    assumptions: tuple[str, ...] = ()

    def blocks(self) -> Iterator[str]:
        """The text from its first row on, a block at a time."""
        skipped = self.skipped
        for block in _decoded(self.path, self.encoding, without_nul=self.holds_nul):
            if len(block) > skipped:
                yield block[skipped:]
            skipped = 0


def look_at(path: Path, options: FileOptions) -> TextFile:
    """How is this text file to be read?

    Raises: FileError where it is empty, has an endless line, absurdly many columns or an unreadable encoding.
    """
    check_lines(path)
    encoding, holds_nul = find_encoding(path, options.encoding)
    start = next(_decoded(path, encoding, without_nul=holds_nul))
    text = start.removeprefix("\ufeff")
    assumptions = ["The file holds NUL bytes; they were left out."] if holds_nul else []
    delimiter, text = _declared_delimiter(text, options.delimiter)
    if not delimiter:
        delimiter = find_delimiter(text)
        if delimiter != "," or encoding not in ("utf-8", "utf-8-sig"):
            assumptions.append(f"Read with {DELIMITERS[delimiter]} as the separator, in {encoding}.")
    width = _header_width(text, delimiter, path.name)
    check_width(width, path.name)
    row_length = len(text) // max(text.count("\n"), text.count("\r"), 1) + 1
    one_byte = delimiter.isascii()  # as pandas' parser needs it
    return TextFile(path, encoding, delimiter, width, row_length, len(start) - len(text), holds_nul,
                    uneven=not one_byte, assumptions=tuple(assumptions))


def check_lines(path: Path) -> None:
    """Read the file in blocks and stop at a line too long to be a row, or where there is nothing. Raises: FileError."""
    run, empty = 0, True
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            ends = np.flatnonzero(np.isin(np.frombuffer(block, np.uint8), (10, 13)))
            edges = np.concatenate(([-1 - run], ends, [len(block)]))
            if np.diff(edges).max() - 1 > LONGEST_LINE:
                raise FileError(
                    f"{path.name} has a line of more than {LONGEST_LINE:,} characters; that is no table of sessions. "
                    "Export it again, as CSV with a row for each line.")
            run = len(block) - 1 - int(ends[-1]) if len(ends) else run + len(block)
            empty = empty and not block.strip(_NOTHING)
    if empty:
        raise FileError(f"{path.name} is empty.")


def find_encoding(path: Path, named: str | None) -> tuple[str, bool]:
    """The encoding that fits the whole file, and whether the file holds NUL characters in it.

    Raises: FileError where the named one does not fit.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    for encoding in [_with_order(named, start)] if named else _likely_encodings(start):
        try:
            return encoding, sum("\0" in block for block in _decoded(path, encoding)) > 0
        except (UnicodeError, LookupError, ValueError):
            continue
    raise FileError(
        f"{path.name} cannot be read as {named}. Give another encoding in the profile, or leave it out to detect it.")


def _decoded(path: Path, encoding: str, *, without_nul: bool = False) -> Iterator[str]:
    with path.open(encoding=encoding, newline="") as file:
        while block := file.read(_BLOCK):
            yield block.replace("\0", "") if without_nul else block


def _with_order(named: str, start: bytes) -> str:
    """The named encoding, with the order of its bytes where no mark at the start of the file tells it."""
    name = codecs.lookup(named).name
    marked = any(start.startswith(mark) for mark, encoding in _MARKS if encoding == name)
    return f"{name}-le" if name in ("utf-16", "utf-32") and not marked else named


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


def _header_width(text: str, delimiter: str, file: str) -> int:
    row = 0
    try:
        for record in csv.reader(io.StringIO(text[:LONGEST_LINE], newline=""), delimiter=delimiter):
            row += 1
            if any(cell.strip() for cell in record):
                return len(record)
    except csv.Error:  # a cell without end
        raise FileError(unclosed(file, row + 1)) from None
    return 1


def unclosed(file: str, row: int) -> str:
    """What is said of a file with a quotation mark that is never closed."""
    return (f"{file}, row {row:,}: a quotation mark (\") is opened and never closed, so that the rows after it run "
            "into each other. Close or remove it; if that row looks right, look for one in the rows before.")
