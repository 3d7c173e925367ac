"""Tables written to files: CSV, Excel or Parquet, in which no cell can run and which are never half written."""

from __future__ import annotations

import datetime as dt
import io
import math
import numbers
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from hipanalytics.errors import FileError

_COULD_RUN: Final = r"^([\s\pZ\x0b\x1c-\x1f\x{85}]*[=+\-@]|[\t\r\n])"
_QUOTE, _COMMA, _NOTHING = (pa.scalar(text, pa.large_string()) for text in ('"', ",", ""))
_EXCEL_ROWS, _EXCEL_COLUMNS, _EXCEL_TEXT = 1_048_576, 16_384, 32_767
_EXCEL_FIRST_YEAR: Final = 1900
INERT_WORKBOOK: Final = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""Options of a workbook in which text stays text."""
_WIDTH_FROM_ROWS, _NARROWEST, _WIDEST = 500, 8, 60


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """How do I get this table into a file?

    Rule: CSV, Excel or Parquet by the ending of the name (.csv, .xlsx, .parquet); the index is left out. A file of that
    name is replaced, and only once the new one is complete. Text that a spreadsheet would run (it starts with =, +, -,
    @, a tab or a line break) gets a leading apostrophe in CSV and stays plain text in Excel.
    Missing: an empty cell.
    Raises: FileError for another ending, a place that cannot be written, or a table that does not fit into a sheet.
    """
    path = Path(path)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise FileError(f"{path.name} cannot be written: the name must end in .csv, .xlsx or .parquet.")
    with replacing(path) as temporary:
        write(table, temporary)


def csv_text(table: pd.DataFrame) -> str:
    """How does this table read as CSV (commas, one header line)?

    Rule: numbers with all their digits, dates as YYYY-MM-DD, with the time of day where any of the column has one.
    Text that a spreadsheet would run gets a leading apostrophe.
    Missing: an empty cell.
    """
    columns = [_csv_cells(table.iloc[:, place]) for place in range(table.shape[1])]
    header = _quoted(_inert(_strings([str(name) for name in table.columns]))).to_pylist()
    rows = pc.binary_join_element_wise(*columns, _COMMA, null_handling="replace").to_pylist() if columns else []
    if len(columns) == 1:
        rows = [row or '""' for row in rows]  # a blank line would be no row at all
    return "\n".join([",".join(header), *rows, ""])


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where do I write so that a file is either the old one or the complete new one?

    Rule: gives a temporary path in the same folder, which takes the file's place at the end; a failure leaves nothing.
    Raises: FileError where the place cannot be written.
    """
    path = _resolved(path)
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
        temporary.replace(path)
    except (OSError, XlsxWriterException) as error:
        raise FileError(_why_not_written(path, error)) from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def _resolved(path: Path) -> Path:
    try:
        path = path.resolve()
        path.exists()
    except (OSError, ValueError):
        raise FileError(f"{path.name[:60]!r} is no file name that this system allows.") from None
    return path


def _why_not_written(path: Path, error: Exception) -> str:
    if not path.parent.is_dir():
        return f"{path.name} cannot be written: {path.parent} is not a folder."
    if path.is_dir():
        return f"{path.name} cannot be written: a folder of that name is in its place."
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{path.name} cannot be written to {path.parent}: {reason}."


# CSV

def _write_csv(table: pd.DataFrame, path: Path) -> None:
    path.write_bytes(csv_text(table).encode("utf-8"))


def _csv_cells(column: pd.Series[Any]) -> Any:
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return pc.cast(pa.array(column, from_pandas=True), pa.large_string())
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return pc.cast(pa.array(column.astype("str"), from_pandas=True), pa.large_string())
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return _csv_dates(column)
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) != "string":
        return _quoted(_strings([_csv_object(value) for value in column]))
    return _quoted(_inert(_strings(column.astype("str"))))


def _csv_dates(column: pd.Series[Any]) -> Any:
    """Dates as short as the whole column allows: days, minutes, seconds, or parts of a second."""
    text = pc.cast(pa.array(column, from_pandas=True), pa.large_string())
    known = column.dropna()
    for step, length in (("D", 10), ("min", 16), ("s", 19)):
        if (known == known.dt.floor(step)).all():
            return pc.utf8_slice_codeunits(text, 0, length)
    return text


def _csv_object(value: object) -> str | None:
    if isinstance(value, str):
        text: str = _inert(_strings([value]))[0].as_py()
        return text
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    return str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)


def _strings(values: Any) -> Any:
    return pa.array(values, pa.large_string(), from_pandas=True)


def _inert(text: Any) -> Any:
    return pc.replace_substring_regex(text, _COULD_RUN, r"'\1")


def _quoted(text: Any) -> Any:
    quoted = pc.binary_join_element_wise(_QUOTE, pc.replace_substring(text, '"', '""'), _QUOTE, _NOTHING)
    return pc.if_else(pc.match_substring_regex(text, r'[",\r\n]'), quoted, text)


# Excel

def _write_excel(table: pd.DataFrame, path: Path) -> None:
    if len(table) >= _EXCEL_ROWS or table.shape[1] > _EXCEL_COLUMNS:
        raise FileError(
            f"An Excel sheet holds {_EXCEL_ROWS - 1:,} rows below its header and {_EXCEL_COLUMNS:,} columns; this "
            f"table has {len(table):,} rows and {table.shape[1]:,} columns. Write it as .csv or .parquet.")
    columns = [_excel_cells(table.iloc[:, place]) for place in range(table.shape[1])]
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        options = INERT_WORKBOOK | {"constant_memory": True, "tmpdir": folder}
        whole = io.BytesIO()  # on a full disk, a workbook on the disk would leave Python to complain of it at its end
        with xlsxwriter.Workbook(whole, options) as workbook:
            _fill_sheet(workbook, [str(name) for name in table.columns], columns)
        path.write_bytes(whole.getbuffer())


def _excel_cells(column: pd.Series[Any]) -> list[Any]:
    cells: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    longest = max((len(cell) for cell in cells if isinstance(cell, str)), default=0)
    if longest > _EXCEL_TEXT:
        raise FileError(
            f"An Excel cell holds {_EXCEL_TEXT:,} characters; column {column.name} has one of {longest:,}. "
            "Write the table as .csv or .parquet.")
    return cells


def _fill_sheet(workbook: Any, names: list[str], columns: list[list[Any]]) -> None:
    sheet = workbook.add_worksheet()
    sheet.freeze_panes(1, 0)
    bold, day = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "yyyy-mm-dd"})
    minute = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    formats = [day if _all_midnight(cells) else minute for cells in columns]
    for place, (name, cells) in enumerate(zip(names, columns, strict=True)):
        sheet.set_column(place, place, _width(name, cells))
        sheet.write_string(0, place, name[:_EXCEL_TEXT], bold)
    for row, record in enumerate(zip(*columns, strict=True), start=1):
        for place, cell in enumerate(record):
            if cell is not None:
                _write_cell(sheet, row, place, cell, formats[place])


def _write_cell(sheet: Any, row: int, place: int, cell: Any, date_format: Any) -> None:
    if isinstance(cell, (bool, np.bool_)):
        sheet.write_boolean(row, place, bool(cell))
    elif isinstance(cell, numbers.Real) and math.isfinite(cell):
        sheet.write_number(row, place, cell)
    elif _is_sheet_date(cell):
        sheet.write_datetime(row, place, cell, date_format)
    else:
        sheet.write_string(row, place, str(cell))


def _is_sheet_date(cell: Any) -> bool:
    return isinstance(cell, dt.date) and cell.year >= _EXCEL_FIRST_YEAR and getattr(cell, "tzinfo", None) is None


def _all_midnight(cells: list[Any]) -> bool:
    return all(cell.time() == dt.time() for cell in cells if isinstance(cell, dt.datetime))


def _width(name: str, cells: list[Any]) -> int:
    longest = max((len(_shown(cell)) for cell in cells[:_WIDTH_FROM_ROWS] if cell is not None), default=0)
    return min(max(longest, len(name), _NARROWEST) + 2, _WIDEST)


def _shown(cell: Any) -> str:
    if isinstance(cell, dt.date):
        return f"{cell:%Y-%m-%d %H:%M}"
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


# Parquet

def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    try:
        table.to_parquet(path, index=False)
    except (ValueError, TypeError, pa.ArrowException):
        raise FileError(
            "This table cannot be written as Parquet: a column holds values of different kinds, or two columns share a "
            "name. Write it as .csv or .xlsx.") from None


_WRITERS: Final[dict[str, Callable[[pd.DataFrame, Path], None]]] = {
    ".csv": _write_csv, ".xlsx": _write_excel, ".parquet": _write_parquet,
}
