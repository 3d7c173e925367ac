"""Parquet files: only the wanted columns, text as dictionaries, never an object per row."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hipanalytics.errors import FileError
from hipanalytics.importers.raw import Column, RawTable, Source, compacted, is_text, text_column


def read_parquet(path: Path, wanted: Collection[str] | None = None) -> RawTable:
    """What does this Parquet file hold?

    `wanted`: names of columns (small letters); others are not read. None: all of them.
    Raises: FileError where it is damaged, or holds lists or records instead of values.
    """
    return next(parquet_tables(path, wanted))


def parquet_tables(
    path: Path, wanted: Collection[str] | None = None, rows: int | None = None,
) -> Iterator[RawTable]:
    """The rows of the file, about so many at a time; without `rows` all at once. As `read_parquet`."""
    try:
        schema = pq.read_schema(path)
        names = [name for name in schema.names if wanted is None or tidy_name(name) in wanted]
        unread = tuple(name for name in schema.names if name not in names)
        check_once(path, names)
        texts = [name for name in names if _is_textual(schema.field(name).type)]
        first = 1
        with pq.ParquetFile(path, read_dictionary=texts, pre_buffer=rows is None) as file:
            for table in _tables(file, list(dict.fromkeys(names)), rows):
                raw = _raw_table(path, table, first, unread)
                yield raw if rows is None else _compacted(raw)
                first += table.num_rows
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise FileError(_damaged(path, error)) from None


def row_count(path: Path) -> int:
    """How many rows the file says it has. Raises: FileError where it is damaged."""
    try:
        return pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FileError(_damaged(path, error)) from None


def _tables(file: pq.ParquetFile, columns: list[str], rows: int | None) -> Iterator[pa.Table]:
    if rows is None or not file.metadata.num_rows:
        yield file.read(columns=columns)
        return
    parts: list[pa.RecordBatch] = []
    for part in file.iter_batches(rows, columns=columns):
        parts.append(part)
        if sum(map(len, parts)) >= rows:
            yield pa.Table.from_batches(parts)
            parts = []
    if parts:
        yield pa.Table.from_batches(parts)


def _raw_table(path: Path, table: pa.Table, first: int, unread: tuple[str, ...]) -> RawTable:
    table = table.unify_dictionaries()
    columns = {f"column {place}": _simple(path, name, table.column(place - 1))
               for place, name in enumerate(table.column_names, 1)}
    rows = np.arange(first, first + table.num_rows, dtype=np.int64)
    in_file = dict(zip(columns, table.column_names, strict=True))
    return RawTable(columns, rows, Source(path.name, "Parquet"), names=in_file, unread=unread)


def _compacted(raw: RawTable) -> RawTable:
    """The part without distinct texts that only other parts have."""
    return dataclasses.replace(raw, columns={
        name: compacted(array) if is_text(array) else array for name, array in raw.columns.items()})


def check_once(path: Path, names: list[str]) -> None:
    """Refuse a file in which a column that is needed stands twice. Raises: FileError."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FileError(f"{path.name} has the column {twice} {names.count(twice)} times; rename or remove all but one.")


def tidy_name(name: str) -> str:
    """A column's name as it is compared: without surrounding blanks or byte-order mark, in small letters."""
    return name.replace("\ufeff", "").strip().lower()


def _is_textual(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _simple(path: Path, name: str, column: pa.ChunkedArray) -> Column:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_nested(kind):
        raise FileError(f"{path.name}: column {name} holds lists or records; each cell must be one value.")
    if pa.types.is_dictionary(column.type) and _is_textual(kind):
        words = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
        return pa.DictionaryArray.from_arrays(words.indices.cast(pa.int32()), words.dictionary.cast(pa.string()))
    if pa.types.is_dictionary(column.type):
        column = column.cast(kind)
    if _is_plain(kind):
        return column
    try:
        if not pa.types.is_duration(kind):  # its text does not show its unit
            return text_column(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    raise FileError(f"{path.name}: column {name} holds {kind}, which is neither text nor a number.")


def _is_plain(kind: pa.DataType) -> bool:
    moment = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    return bool(moment or pa.types.is_boolean(kind) or pa.types.is_integer(kind)
                or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _damaged(path: Path, error: Exception) -> str:
    return (f"{path.name} cannot be read as Parquet: it is damaged, cut short or of another kind "
            f"({type(error).__name__}). Export or copy it again.")
