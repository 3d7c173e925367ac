"""Excel workbooks: one sheet, every cell as the text that it shows, dates as year-month-day."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hipanalytics.errors import FileError
from hipanalytics.importers.faults import LONG_ROW, NO_RESULT, Finding
from hipanalytics.importers.raw import RawTable, Source, check_width

OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LARGEST_UNPACKED = 2 << 30
"""Bytes that a workbook may unpack to."""
SUSPECT_UNPACKED = 200 << 20
"""Bytes from which a workbook may not unpack to more than `SUSPECT_RATIO` times its own size."""
SUSPECT_RATIO = 150
_LAST_ROW = 1_048_576
_NO_TIME = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')


def read_workbook(path: Path, sheet: str | None = None) -> RawTable:
    """What does this sheet of a workbook hold?

    Rule: the sheet that is named, or the first that is not hidden. A date whose format shows no time is a date alone.
    Raises: FileError where it is locked, damaged, of the old .xls kind, or unpacks to far more than it should.
    """
    check_workbook(path)
    try:
        with _opened(path, data_only=True) as book:
            name, assumptions = _sheet(path, book, sheet)
            cells = [[_written(cell) for cell in row] for row in _rows(book[name])]
        formulas = _formulas(path, name) if _may_hold_formulas(path) else {}
    except FileError:
        raise
    except Exception as error:
        raise FileError(f"{path.name} cannot be read as a workbook; it is damaged ({type(error).__name__}). "
                        "Open it in the spreadsheet, and save it again.") from None
    return _table(cells, formulas, Source(path.name, "Excel", name), tuple(assumptions))


def check_workbook(path: Path) -> None:
    """Look at the file from outside before anything is unpacked. Raises: FileError."""
    with path.open("rb") as file:
        start = file.read(8)
    if start == OLD_OR_LOCKED:
        raise FileError(f"{path.name} is protected with a password, or an old workbook (.xls). "
                        "Take the password off, or save it as .xlsx.")
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise FileError(
            f"{path.name} is not a workbook (.xlsx), or is damaged. Save it again as .xlsx or CSV.") from None
    ratio = unpacked / max(path.stat().st_size, 1)
    if unpacked > LARGEST_UNPACKED or (unpacked > SUSPECT_UNPACKED and ratio > SUSPECT_RATIO):
        raise FileError(f"{path.name} would unpack to {unpacked >> 20:,} MB, {ratio:,.0f} times its own size; "
                        "it was not opened. Save the sheet as CSV.")


@contextmanager
def _opened(path: Path, *, data_only: bool) -> Iterator[Any]:
    """The workbook, whatever the ending of its name; what openpyxl warns of shows in the cells."""
    import openpyxl  # only here: it takes longer to load than a small CSV takes to read

    with path.open("rb") as file, warnings.catch_warnings(action="ignore"):
        book = openpyxl.load_workbook(file, read_only=True, data_only=data_only)
        try:
            yield book
        finally:
            book.close()


def _sheet(path: Path, book: Any, named: str | None) -> tuple[str, list[str]]:
    sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]  # a sheet may be a chart alone
    names = [sheet.title for sheet in sheets]
    if not names:
        raise FileError(f"{path.name} has no sheet with cells.")
    if named is None:
        first = next((sheet.title for sheet in sheets if sheet.sheet_state == "visible"), names[0])
        others = ", ".join(name for name in names if name != first)
        return first, [f"Read the first sheet, {first}; not read: {others}."] if others else []
    found = [name for name in names if name.strip().lower() == named.strip().lower()]
    if not found:
        raise FileError(f"{path.name} has no sheet {named}; it has {', '.join(names)}.")
    return found[0], []


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    """Each row as far as it has cells; what the sheet says of its own size is not believed."""
    sheet.reset_dimensions()
    yield from itertools.islice(sheet.iter_rows(), _LAST_ROW)


def _written(cell: Any) -> str:
    """The cell as text."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return _moment(value, cell.number_format)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)


def _moment(value: dt.datetime, shape: str | None) -> str:
    shows_time = re.search("[hs]", _NO_TIME.sub("", shape or ""), re.IGNORECASE)
    return value.isoformat(" ") if shows_time else value.date().isoformat()


def _may_hold_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as packed:
        return any(_mentions(packed, part, (b"<f>", b"<f ", b"<f/"))
                   for part in packed.namelist() if part.startswith("xl/worksheets/"))


def _mentions(packed: zipfile.ZipFile, part: str, marks: Iterable[bytes]) -> bool:
    with packed.open(part) as file:
        tail = b""
        while block := file.read(1 << 20):
            if any(mark in tail + block for mark in marks):
                return True
            tail = block[-3:]
    return False


def _formulas(path: Path, name: str) -> dict[tuple[int, int], str]:
    """Every formula of the sheet, by place."""
    with _opened(path, data_only=False) as book:
        return {(place, column): str(cell.value) for place, row in enumerate(_rows(book[name]))
                for column, cell in enumerate(row) if getattr(cell, "data_type", "") == "f"}


def _table(
    cells: list[list[str]], formulas: dict[tuple[int, int], str], source: Source, assumptions: tuple[str, ...],
) -> RawTable:
    header = next((place for place, row in enumerate(cells) if any(cell.strip() for cell in row)), None)
    if header is None:
        raise FileError(f"{source.file} is empty: its sheet {source.sheet} has no cells.")
    titles = [cell.strip() for cell in cells[header]]
    while titles and not titles[-1]:
        titles.pop()
    body = cells[header + 1:]
    width = len(titles)
    check_width(width, source.file)
    columns = {f"column {place + 1}": pa.array([row[place] if place < len(row) else "" for row in body], pa.string())
               .dictionary_encode() for place in range(width)}
    names = dict(zip(columns, titles, strict=True))
    findings = [*_beyond(body, width), *_without_result(cells, formulas, header, names)]
    rows = np.arange(header + 2, len(cells) + 1, dtype=np.int64)
    return RawTable(columns, rows, source, assumptions, tuple(findings), names)


def _beyond(body: list[list[str]], width: int) -> list[Finding]:
    extra = {place: "; ".join(filter(None, row[width:])) for place, row in enumerate(body) if any(row[width:])}
    if not extra:
        return []
    return [Finding("", LONG_ROW, np.array(list(extra)), pa.array(list(extra.values()), pa.string()), True)]


def _without_result(
    cells: list[list[str]], formulas: dict[tuple[int, int], str], header: int, names: dict[str, str],
) -> list[Finding]:
    """Formulas that were saved without their result."""
    found = []
    for column, name in enumerate(names.values()):
        texts = {row - header - 1: text for (row, place), text in formulas.items()
                 if place == column and row > header and not cells[row][column]}
        if texts:
            places = np.array(sorted(texts))
            values = pa.array([texts[place] for place in sorted(texts)], pa.string())
            found.append(Finding(name, NO_RESULT, places, values, refuses_row=False))
    return found
