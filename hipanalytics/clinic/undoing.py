"""Undoing an import: the clinic becomes what it would be had that import never been made, and all others had."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, exists, insert, select, update
from sqlalchemy.sql import bindparam

from hipanalytics.clinic import trail
from hipanalytics.clinic.clinicians import author_of
from hipanalytics.clinic.database import insert_many, read_numbers
from hipanalytics.clinic.members import unpacked
from hipanalytics.clinic.placing import next_change
from hipanalytics.clinic.receipts import ImportReceipt, receipt_of
from hipanalytics.clinic.schema import import_undos, imports, log_rows
from hipanalytics.clinic.session import Session
from hipanalytics.clinic.staging import measure
from hipanalytics.errors import ClinicError

_temporary = Table(
    "undone_rows", MetaData(), Column("row_id", BigInteger, primary_key=True, autoincrement=False),
    prefixes=["TEMPORARY"])
_ROW, _PATIENT, _MOMENT, _ITEM, _CURRENT, _IMPORT = range(6)


def undo_import(session: Session, import_id: int, reason: str) -> ImportReceipt:
    """Take an import back.

    Rule: of each key that it held, the rows of the latest import that stands and that holds the key are current again.
    Its receipt and its rows are kept, marked as undone; its open quarantine entries are no longer listed.
    Raises: ClinicError where there is no such import, it is undone already, or no reason is given.
    """
    if not reason.strip():
        raise ClinicError("Say why the import is undone.")
    with session.database.writing() as connection:
        receipt = receipt_of(connection, import_id)
        if receipt.is_undone:
            raise ClinicError(f"Import {import_id} was undone already, on {str(receipt.undone_at)[:10]} by "
                              f"{receipt.undone_by}.")
        connection.execute(insert(import_undos).values(
            import_id=import_id, author=author_of(session, connection), saved_at=session.now(), reason=reason.strip()))
        if receipt.kind == "session_logs":
            _replay(connection, import_id)
        trail.record(connection, session, "import undone", detail=f"import {import_id}")
        return receipt_of(connection, import_id)


def _replay(connection: Connection, import_id: int) -> None:
    """Let the imports that stand take their places again, one after the other, in the keys of the undone one."""
    rows = _rows_of_its_keys(connection, _members(connection, import_id)[0])
    _, key = np.unique(rows[:, [_PATIENT, _MOMENT, _ITEM]], axis=0, return_inverse=True)
    key = key.reshape(-1)
    current = np.zeros(len(rows), bool)
    source = np.stack([rows[:, _IMPORT], np.zeros(len(rows), np.int64)], axis=1)
    for standing, members, file_rows in _standing(connection):
        place = np.searchsorted(members, rows[:, _ROW])
        place[place == len(members)] = 0
        held = members[place] == rows[:, _ROW] if len(members) else np.zeros(len(rows), bool)
        of_key = np.isin(key, key[held])
        current[of_key] = held[of_key]
        moves = held & (source[:, 0] == import_id)
        source[moves] = np.stack([np.full(moves.sum(), standing), file_rows[place[moves]]], axis=1)
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


def _rows_of_its_keys(connection: Connection, row_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every row of the log that shares a key with these."""
    _temporary.drop(connection, checkfirst=True)
    _temporary.create(connection)
    insert_many(connection, _temporary.name, ["row_id"], ((row,) for row in row_ids.tolist()))
    measure(connection, _temporary)
    own = log_rows.alias("own")
    same_key = ((log_rows.c.patient_no == own.c.patient_no) & (log_rows.c.performed_at == own.c.performed_at)
                & (log_rows.c.item == own.c.item))
    columns = [log_rows.c[name] for name in ("row_id", "patient_no", "performed_at", "item", "current", "import_id")]
    query = select(*columns).distinct().select_from(
        _temporary.join(own, own.c.row_id == _temporary.c.row_id).join(log_rows, same_key))
    rows = read_numbers(connection, query)
    _temporary.drop(connection)
    return rows


def _standing(connection: Connection) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    undone = exists().where(import_undos.c.import_id == imports.c.import_id)
    standing = select(imports.c.import_id).where(imports.c.kind == "session_logs", ~undone)
    standing = standing.order_by(imports.c.import_id)
    for import_id in connection.execute(standing).scalars().all():
        yield (import_id, *_members(connection, import_id))


def _members(connection: Connection, import_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    members, file_rows = connection.execute(
        select(imports.c.members, imports.c.member_rows).where(imports.c.import_id == import_id)).one()
    return unpacked(members), unpacked(file_rows)
