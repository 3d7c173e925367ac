"""The columnar snapshot: the current logs as Parquet beside the database, made again from it where they change."""

from __future__ import annotations

import json
import secrets
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
from sqlalchemy import Connection, select

from hipanalytics.clinic.places import make_folder, new_private_file
from hipanalytics.clinic.schema import clinic, imports, log_changes, log_rows, patients
from hipanalytics.clinic.session import Session
from hipanalytics.clinic.staging import CONTENT
from hipanalytics.errors import ClinicError
from hipanalytics.importers.reading import used_categories

FORMAT: Final = 1
_MANIFEST: Final = "snapshot.json"
_AT_ONCE: Final = 200_000
_MOST_PARTS: Final = 8
_MOST_CHANGED: Final = 0.25
_PATIENTS_AT_ONCE: Final = 1_000
_STILL_WRITTEN_S: Final = 600
_MOMENTS: Final = ("performed_at", "logged_at")
_WORDS: Final = ("patient_id", "exercise", "side", "pain_side", "stop_reason", "file")


@dataclass(frozen=True)
class Part:
    """One file of the snapshot: the whole current logs of some patients, as of a change."""

    file: str
    patient_nos: tuple[int, ...] | None
    """None: of all patients."""


@dataclass(frozen=True)
class Manifest:
    """Which files make up the snapshot, the newest last, and which state of the clinic they hold."""

    change: int
    token: str
    parts: tuple[Part, ...]


_NO_SNAPSHOT: Final = Manifest(-1, "", ())


def read_snapshot(session: Session, connection: Connection) -> pd.DataFrame:
    """The current logs of all patients, from the snapshot; what has changed since it was made is renewed first.

    Where the snapshot cannot be written or read (a full disk), they come straight from the database.
    """
    folder = session.database.place.snapshots(session.clinic_id)
    try:
        make_folder(folder, group_may_use=session.database.place.group_may_use)
        return _joined([_read(folder, part) for part in _renewed(session, connection, folder).parts])
    except (OSError, ClinicError, pa.ArrowException):
        drop_snapshot(folder)
        return _joined([(_arrow(rows), None) for rows in _rows(connection, None)])


def read_logs_of(connection: Connection, patient_nos: Sequence[int]) -> pd.DataFrame:
    """The current logs of some patients, straight from the database."""
    return _joined([(_arrow(rows), None) for rows in _rows(connection, patient_nos)])


def drop_snapshot(folder: Path) -> None:
    """Remove the snapshot; it is made again when next needed."""
    for path in [*folder.glob("part-*"), *folder.glob(f"{_MANIFEST}*")]:
        with suppress(OSError):
            path.unlink()


def _renewed(session: Session, connection: Connection, folder: Path) -> Manifest:
    """What makes up the snapshot, after whatever has changed was written anew."""
    change = connection.execute(select(clinic.c.log_change)).scalar_one()
    old = _manifest(folder)
    if old.change > change or old.token != _token(connection, old.change):
        old = _NO_SNAPSHOT
    if old.change == change:
        return old
    changed = _numbers(connection, patients.c.log_change > old.change)
    if _is_worth_it(old, changed, len(_numbers(connection))):
        part = Part(_write_part(session, connection, folder, changed), tuple(changed))
        parts: tuple[Part, ...] = (*old.parts, part)
    else:
        parts = (Part(_write_part(session, connection, folder, None), None),)
    new = Manifest(change, _token(connection, change), parts)
    _write_manifest(session, folder, new)
    _sweep(folder, new)
    return new


def _is_worth_it(old: Manifest, changed: Sequence[int], everyone: int) -> bool:
    """Whether a part for those who have changed is less work, now and later, than the whole anew."""
    renewed = {each for part in old.parts for each in part.patient_nos or ()} | set(changed)
    return 0 < len(old.parts) < _MOST_PARTS and len(renewed) <= _MOST_CHANGED * everyone


def _numbers(connection: Connection, *conditions: Any) -> list[int]:
    return list(connection.execute(select(patients.c.patient_no).where(*conditions)).scalars())


def _token(connection: Connection, change: int) -> str:
    return connection.execute(select(log_changes.c.token).where(log_changes.c.change == change)).scalar() or ""


# From the database

def _rows(connection: Connection, patient_nos: Sequence[int] | None) -> Iterator[Sequence[Any]]:
    columns = [patients.c.patient_id, log_rows.c.performed_at, *(log_rows.c[name] for name in CONTENT), imports.c.file,
               log_rows.c.file_row, log_rows.c.patient_no]
    query = select(*columns).select_from(
        log_rows.join(patients).join(imports, imports.c.import_id == log_rows.c.import_id)).where(log_rows.c.current)
    yield []
    if patient_nos is None:
        yield from connection.execute(query, execution_options={"yield_per": _AT_ONCE}).partitions()
        return
    for start in range(0, len(patient_nos), _PATIENTS_AT_ONCE):
        some = query.where(log_rows.c.patient_no.in_(patient_nos[start:start + _PATIENTS_AT_ONCE]))
        yield from connection.execute(some).partitions(_AT_ONCE)


def _arrow(rows: Sequence[Any]) -> pa.Table:
    """Rows of the database as columns, each with its type."""
    names = ["patient_id", "performed_at", *CONTENT, "file", "row", "patient_no"]
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pa.table({name: pa.array(column, _kind(name)) for name, column in zip(names, columns, strict=True)})


def _kind(name: str) -> pa.DataType:
    if name in _WORDS:
        return pa.dictionary(pa.int32(), pa.string())
    if name in _MOMENTS:
        return pa.timestamp("us")
    if name in ("has_time", "done"):
        return pa.bool_()
    if name in ("row", "patient_no"):
        return pa.int64()
    return pa.string() if name == "note" else pa.float64()


# The files

def _write_part(
    session: Session, connection: Connection, folder: Path, patient_nos: Sequence[int] | None,
) -> str:
    name = f"part-{secrets.token_hex(8)}.parquet"
    new_private_file(folder / name, group_may_use=session.database.place.group_may_use)
    with pq.ParquetWriter(folder / name, _arrow([]).schema, compression="zstd") as writer:
        for rows in _rows(connection, patient_nos):
            writer.write_table(_arrow(rows))
    return name


def _read(folder: Path, part: Part) -> tuple[pa.Table, tuple[int, ...] | None]:
    return pq.read_table(folder / part.file, partitioning=None), part.patient_nos


def _manifest(folder: Path) -> Manifest:
    try:
        data = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return _NO_SNAPSHOT
        parts = [Part(file, None if numbers is None else tuple(numbers)) for file, numbers in data["parts"]]
        return Manifest(data["change"], data["token"], tuple(parts))
    except (OSError, ValueError, KeyError, TypeError):
        return _NO_SNAPSHOT


def _write_manifest(session: Session, folder: Path, manifest: Manifest) -> None:
    content = {"format": FORMAT, "change": manifest.change, "token": manifest.token,
               "parts": [[part.file, part.patient_nos] for part in manifest.parts]}
    new = folder / f"{_MANIFEST}.{secrets.token_hex(4)}"
    new_private_file(new, group_may_use=session.database.place.group_may_use)
    new.write_text(json.dumps(content), encoding="utf-8")
    new.replace(folder / _MANIFEST)


def _sweep(folder: Path, manifest: Manifest) -> None:
    """Remove parts that no longer belong, but for those that another process may be writing right now."""
    kept = {part.file for part in manifest.parts}
    for path in folder.glob("part-*.parquet"):
        with suppress(OSError):
            if path.name not in kept and time.time() - path.stat().st_mtime > _STILL_WRITTEN_S:
                path.unlink()


# As the session log

def _joined(parts: Sequence[tuple[pa.Table, tuple[int, ...] | None]]) -> pd.DataFrame:
    """The parts as one table: of a patient who is in several, the rows of the newest part."""
    newer: set[int] = set()
    kept = []
    for table, patient_nos in reversed(parts):
        if newer:
            old = np.isin(table["patient_no"].to_numpy(), np.fromiter(newer, np.int64))
            table = table.filter(pa.array(~old))
        kept.append(table.drop_columns("patient_no"))
        newer |= set(patient_nos or ())
    return _frame(pa.concat_tables(reversed(kept)).unify_dictionaries())


def _frame(table: pa.Table) -> pd.DataFrame:
    always = {"patient_id", "performed_at", "has_time", "exercise", "done", "pain", "file", "row"}
    names = [name for name in table.column_names if name in always or table[name].null_count < table.num_rows]
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
