"""The columnar snapshot: the current logs as Parquet beside the database, made again from it where they change."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import ColumnElement, Connection, select

from hipanalytics.clinic.database import read_many
from hipanalytics.clinic.logs.staging import CONTENT
from hipanalytics.clinic.places import make_folder, new_private_file
from hipanalytics.clinic.schema import clinic, imports, log_changes, log_rows, patients
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError
from hipanalytics.importers.reading import used_categories

FORMAT: Final = 1
_MANIFEST: Final = "snapshot.json"
_AT_ONCE: Final = 50_000
_MOST_PARTS: Final = 8
_STILL_WRITTEN_S: Final = 600
_MOMENTS: Final = ("performed_at", "logged_at")
_WORDS: Final = ("patient_id", "exercise", "side", "pain_side", "stop_reason", "file")


@dataclass(frozen=True)
class Manifest:
    """Which files make up the snapshot, the newest last, and which state of the clinic they hold."""

    change: int
    token: str
    parts: dict[str, str]
    """File name -> print of what was written."""


_NO_SNAPSHOT: Final = Manifest(-1, "", {})


def read_snapshot(session: Session, connection: Connection) -> pd.DataFrame:
    """The current logs of all patients, from the snapshot; what has changed since it was made is added first.

    Where the snapshot cannot be written or read (a full disk), they come straight from the database.
    """
    folder = session.database.place.snapshots(session.clinic_id)
    try:
        make_folder(folder, group_may_use=session.database.place.group_may_use)
        return _as_log(_renewed(session, connection, folder))
    except (OSError, ClinicError, pa.ArrowException):
        drop_snapshot(folder)
        return _as_log(pa.concat_tables(_parts_of(connection, log_rows.c.current)))


def read_logs_of(connection: Connection, patient_nos: Sequence[int]) -> pd.DataFrame:
    """The current logs of some patients, straight from the database."""
    chosen = log_rows.c.current & log_rows.c.patient_no.in_(patient_nos)
    return _as_log(pa.concat_tables(_parts_of(connection, chosen)))


def drop_snapshot(folder: Path) -> None:
    """Remove the snapshot; it is made again when next needed."""
    for path in [*folder.glob("part-*"), *folder.glob(f"{_MANIFEST}*")]:
        with suppress(OSError):
            path.unlink()


def _renewed(session: Session, connection: Connection, folder: Path) -> pa.Table:
    """The current rows, from the parts; what has changed since is read from the database and kept as one more part."""
    change = connection.execute(select(clinic.c.log_change)).scalar_one()
    old = _manifest(folder)
    if old.change > change or old.token != _token(connection, old.change):
        drop_snapshot(folder)  # of another history, or of patients who were erased since
        old = _NO_SNAPSHOT
    if old.change == change:
        return _current([_read(folder, *part) for part in old.parts.items()])
    rows = log_rows.c.changed > old.change if old.parts else log_rows.c.current
    parts = {**old.parts, **_write_part(session, folder, _parts_of(connection, rows))}
    table = _current([_read(folder, *part) for part in parts.items()])
    if len(parts) > _MOST_PARTS:
        parts = _write_part(session, folder, iter([table]))
    new = Manifest(change, _token(connection, change), parts)
    _write_manifest(session, folder, new)
    _sweep(folder, new)
    return table


def _current(parts: Sequence[pa.Table]) -> pa.Table:
    """The rows that are current: of a row that is in several parts, the newest speaks."""
    newer = np.empty(0, np.int64)
    kept = []
    for place, table in enumerate(reversed(parts)):
        row_ids = table["row_id"].to_numpy()
        keep = table["current"].to_numpy() & ~np.isin(row_ids, newer)
        kept.append(table if keep.all() else table.filter(pa.array(keep)))
        if place < len(parts) - 1:
            newer = np.concatenate([newer, row_ids])
    return pa.concat_tables(reversed(kept)).unify_dictionaries()


def _token(connection: Connection, change: int) -> str:
    return connection.execute(select(log_changes.c.token).where(log_changes.c.change == change)).scalar() or ""


# From the database

_NAMES: Final = ("row_id", "current", "patient_id", "performed_at", *CONTENT, "file", "row")


def _parts_of(connection: Connection, which: ColumnElement[bool]) -> Iterator[pa.Table]:
    """Some rows of the database as columns, each with its type."""
    columns = [log_rows.c.row_id, log_rows.c.current, patients.c.patient_id, log_rows.c.performed_at,
               *(log_rows.c[name] for name in CONTENT), imports.c.file, log_rows.c.file_row]
    query = select(*columns).select_from(
        log_rows.join(patients).join(imports, imports.c.import_id == log_rows.c.import_id)).where(which)
    yield _arrow([])
    for rows in read_many(connection, query, at_once=_AT_ONCE):
        yield _arrow(rows)


def _arrow(rows: Sequence[Any]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(_NAMES)
    try:
        return pa.table({name: _typed(column, _kind(name)) for name, column in zip(_NAMES, columns, strict=True)})
    except (TypeError, ValueError, OverflowError):
        raise sqlite3.DatabaseError("malformed: a column holds what it cannot hold") from None


def _typed(column: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if column.count(None) == len(column):
        return pa.nulls(len(column), kind)
    if pa.types.is_boolean(kind) and not isinstance(next(each for each in column if each is not None), bool):
        return pa.array(column, pa.int8()).cast(kind)
    if pa.types.is_floating(kind):
        return pa.array(np.array(column, np.float64), kind, from_pandas=True)
    return pa.array(column, kind)


def _kind(name: str) -> pa.DataType:
    if name in _WORDS:
        return pa.dictionary(pa.int32(), pa.string())
    if name in _MOMENTS:
        return pa.timestamp("us")
    if name in ("has_time", "done", "current"):
        return pa.bool_()
    if name in ("row", "row_id"):
        return pa.int64()
    return pa.string() if name == "note" else pa.float64()


# The files

def _write_part(session: Session, folder: Path, tables: Iterator[pa.Table]) -> dict[str, str]:
    name = f"part-{secrets.token_hex(8)}.parquet"
    new_private_file(folder / name, group_may_use=session.database.place.group_may_use)
    with pq.ParquetWriter(folder / name, _arrow([]).schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
    return {name: _print(folder / name)}


def _print(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def _read(folder: Path, name: str, print_: str) -> pa.Table:
    if _print(folder / name) != print_:
        raise ClinicError(f"{name} is not as it was written.")
    return pq.read_table(folder / name, partitioning=None)


def _manifest(folder: Path) -> Manifest:
    try:
        data = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return _NO_SNAPSHOT
        return Manifest(int(data["change"]), str(data["token"]), {**data["parts"]})
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return _NO_SNAPSHOT


def _write_manifest(session: Session, folder: Path, manifest: Manifest) -> None:
    content = {"format": FORMAT, "change": manifest.change, "token": manifest.token, "parts": manifest.parts}
    new = folder / f"{_MANIFEST}.{secrets.token_hex(4)}"
    new_private_file(new, group_may_use=session.database.place.group_may_use)
    new.write_text(json.dumps(content), encoding="utf-8")
    new.replace(folder / _MANIFEST)


def _sweep(folder: Path, manifest: Manifest) -> None:
    """Remove parts that no longer belong, but for those that another process may be writing right now."""
    for path in [*folder.glob("part-*"), *folder.glob(f"{_MANIFEST}.*")]:
        with suppress(OSError):
            if path.name not in manifest.parts and time.time() - path.stat().st_mtime > _STILL_WRITTEN_S:
                path.unlink()


# As the session log

def _as_log(table: pa.Table) -> pd.DataFrame:
    """The rows as `read_logs` gives them: a column that is nowhere filled is left out, but for those always there."""
    table = table.unify_dictionaries()
    always = {"patient_id", "performed_at", "has_time", "exercise", "done", "pain", "file", "row"}
    names = [name for name in _NAMES[2:] if name in always or table[name].null_count < table.num_rows]
    return used_categories(pd.DataFrame({name: _column(table[name], name) for name in names}, copy=False))


def _column(column: pa.ChunkedArray, name: str) -> Any:
    if name in _WORDS:
        whole = column.combine_chunks()
        words = whole.dictionary if isinstance(whole, pa.DictionaryArray) else pa.array([], pa.string())
        codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False) if len(column) else np.empty(0, np.int32)
        return pd.Categorical.from_codes(codes, categories=pd.Index(words.to_pylist(), dtype="str"))
    if name == "done":
        return column.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    return column.to_pandas() if name != "note" else pd.array(column.to_pylist(), dtype="str")
