"""Which rows hold in a key: those of the latest file that stands and has the key, with what was corrected in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, exists, func, select, update
from sqlalchemy.sql import bindparam

from hipanalytics.clinic.database import insert_many, read_numbers
from hipanalytics.clinic.logs.members import unpacked
from hipanalytics.clinic.logs.placing import next_change
from hipanalytics.clinic.schema import corrections, import_undos, imports, log_rows, quarantine

_temporary = Table(
    "replayed_rows", MetaData(), Column("row_id", BigInteger, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"])
_ROW, _PATIENT, _MOMENT, _ITEM, _CURRENT, _IMPORT = range(6)


@dataclass(frozen=True)
class FileRows:
    """What a file holds, its corrections included: row ids in rising order, with import and row number of each."""

    row_ids: NDArray[np.int64]
    import_ids: NDArray[np.int64]
    file_rows: NDArray[np.int64]

    def corrected(self, correction: FileRows) -> FileRows:
        """The same file, with these rows in place of those of the same number."""
        stays = ~np.isin(self.file_rows, correction.file_rows)
        both = [np.concatenate([own[stays], new]) for own, new in (
            (self.row_ids, correction.row_ids), (self.import_ids, correction.import_ids),
            (self.file_rows, correction.file_rows))]
        _, first = np.unique(both[0], return_index=True)
        return FileRows(*(numbers[first] for numbers in both))

    def places_of(self, row_ids: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which of these rows the file holds, and at which place of `row_ids`."""
        places = np.searchsorted(self.row_ids, row_ids)
        places[places == len(self.row_ids)] = 0
        held = self.row_ids[places] == row_ids if len(self.row_ids) else np.zeros(len(row_ids), bool)
        return held, places


def standing_files(connection: Connection) -> Iterator[FileRows]:
    """The files that stand, each as corrected, in the order in which they came."""
    undone = exists().where(import_undos.c.import_id == imports.c.import_id)
    file = func.coalesce(imports.c.corrects, imports.c.import_id)
    standing = connection.execute(select(file, imports.c.import_id).where(
        imports.c.kind == "session_logs", ~undone).order_by(file, imports.c.import_id)).all()
    for _, together in groupby(standing, key=itemgetter(0)):
        yield reduce(FileRows.corrected, (_rows_of(connection, import_id) for _, import_id in together))


def replay(connection: Connection, import_ids: Sequence[int]) -> None:
    """Let the files that stand take their places again, one after the other, in the keys of these imports."""
    rows = _rows_of_their_keys(connection, import_ids)
    _, key = np.unique(rows[:, [_PATIENT, _MOMENT, _ITEM]], axis=0, return_inverse=True)
    key = key.reshape(-1)
    current = np.zeros(len(rows), bool)
    source = np.stack([rows[:, _IMPORT], np.zeros(len(rows), np.int64)], axis=1)
    homeless = np.isin(source[:, 0], connection.execute(select(import_undos.c.import_id)).scalars().all())
    for file in standing_files(connection):
        held, places = file.places_of(rows[:, _ROW])
        of_key = np.isin(key, key[held])
        current[of_key] = held[of_key]
        moves = held & homeless
        source[moves] = np.stack([file.import_ids[places[moves]], file.file_rows[places[moves]]], axis=1)
        homeless &= ~moves
    _settle(connection, rows, current, source)


def _settle(
    connection: Connection, rows: NDArray[np.int64], current: NDArray[np.bool_], source: NDArray[np.int64],
) -> None:
    changed = current != rows[:, _CURRENT].astype(bool)
    moved = source[:, 0] != rows[:, _IMPORT]
    if not (changed | moved).any():
        return
    change = next_change(connection)
    row = update(log_rows).where(log_rows.c.row_id == bindparam("at"))
    if changed.any():
        connection.execute(row.values(current=bindparam("now"), changed=change), [
            {"at": at, "now": now} for at, now in zip(rows[changed, _ROW].tolist(), current[changed].tolist(),
                                                      strict=True)])
    if moved.any():
        connection.execute(row.values(import_id=bindparam("whence"), file_row=bindparam("place"), changed=change), [
            {"at": at, "whence": whence, "place": place} for at, (whence, place) in zip(
                rows[moved, _ROW].tolist(), source[moved].tolist(), strict=True)])


def _rows_of_their_keys(connection: Connection, import_ids: Sequence[int]) -> NDArray[np.int64]:
    """Every row of the log that shares a key with a row of these imports, or with one that they correct."""
    corrected = select(quarantine.c.row_id).join(corrections).where(
        corrections.c.import_id.in_(import_ids), quarantine.c.row_id.is_not(None))
    row_ids = np.unique(np.concatenate([
        read_numbers(connection, corrected)[:, 0],
        *(_rows_of(connection, import_id).row_ids for import_id in import_ids)]))
    _temporary.drop(connection, checkfirst=True)
    _temporary.create(connection)
    insert_many(connection, _temporary.name, ["row_id"], ((row,) for row in row_ids.tolist()))
    own = log_rows.alias("own")
    same_key = ((log_rows.c.patient_no == own.c.patient_no) & (log_rows.c.performed_at == own.c.performed_at)
                & (log_rows.c.item == own.c.item))
    columns = [log_rows.c[name] for name in ("row_id", "patient_no", "performed_at", "item", "current", "import_id")]
    query = select(*columns).distinct().select_from(
        _temporary.join(own, own.c.row_id == _temporary.c.row_id).join(log_rows, same_key))
    rows = read_numbers(connection, query)
    _temporary.drop(connection)
    return rows


def _rows_of(connection: Connection, import_id: int) -> FileRows:
    members, file_rows = connection.execute(
        select(imports.c.members, imports.c.member_rows).where(imports.c.import_id == import_id)).one()
    row_ids = unpacked(members)
    return FileRows(row_ids, np.full(len(row_ids), import_id), unpacked(file_rows))
