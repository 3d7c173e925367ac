"""Staged rows take their place in the log: what is new is added, what a key had before stands back."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, exists, func, insert, literal, select, true, update

from hipanalytics.clinic.database import read_numbers
from hipanalytics.clinic.schema import clinic, log_changes, log_rows, patients
from hipanalytics.clinic.staging import CONTENT, Staged, incoming, incoming_patients, matched, retired


@dataclass(frozen=True)
class Placed:
    """What became of a file's rows: those it now holds in the log, and how many are new, known, stand back."""

    members: NDArray[np.int64]
    """Row ids in rising order."""
    file_rows: NDArray[np.int64]
    """The row number of each in the file."""
    rows_new: int
    rows_known: int
    rows_replaced: int

    def row_ids_at(self, file_rows: NDArray[np.int64]) -> dict[int, int]:
        """For these rows of the file, which rows of the log they are."""
        wanted = np.isin(self.file_rows, file_rows)
        return dict(zip(self.file_rows[wanted].tolist(), self.members[wanted].tolist(), strict=True))


FindBeside = Callable[[Connection], dict[int, int]]
"""Finds the rows that a correction leaves beside its own in their keys: row id and row number in the file."""


def place_rows(connection: Connection, staged: Staged, import_id: int, find_beside: FindBeside | None = None) -> Placed:
    """Let a file's rows take their place.

    Rule: a row that the log has already, in the same key with the same content, is that row. Of each key that the file
    holds, exactly the file's rows are current from now on; earlier ones stand back and are kept.
    """
    _know_patients(connection)
    base = connection.execute(select(clinic.c.next_row_id)).scalar_one()
    beside: dict[int, int] = {}
    if connection.execute(select(exists().select_from(log_rows))).scalar():
        _match(connection)
        beside = _leave_beside(connection, find_beside) if find_beside else {}
        _retire(connection)
    known = _known_rows(connection)
    touched = _touched(connection)
    _add_new(connection, import_id, base)
    connection.execute(update(log_rows).values(current=False).where(log_rows.c.row_id.in_(select(retired.c.row_id))))
    connection.execute(update(log_rows).values(current=True).where(
        log_rows.c.row_id.in_(select(matched.c.row_id)), log_rows.c.current.is_(False)))
    connection.execute(update(clinic).values(next_row_id=base + staged.height))
    mark_changed(connection, touched)
    replaced = connection.execute(select(func.count()).select_from(retired)).scalar_one()
    return _placed(staged, known, base, replaced, beside)


def mark_changed(connection: Connection, patient_nos: NDArray[np.int64]) -> None:
    """Note that the current logs of these patients have changed, so that a snapshot is made anew for them."""
    if not len(patient_nos):
        return
    change = connection.execute(select(clinic.c.log_change)).scalar_one() + 1
    connection.execute(insert(log_changes).values(change=change, token=secrets.token_hex(8)))
    connection.execute(update(clinic).values(log_change=change))
    for start in range(0, len(patient_nos), 10_000):
        some = patient_nos[start:start + 10_000].tolist()
        connection.execute(update(patients).values(log_change=change).where(patients.c.patient_no.in_(some)))


def _know_patients(connection: Connection) -> None:
    """Give every patient of the file a number."""
    ids = select(incoming_patients.c.patient_id)
    new = ids.where(~exists().where(patients.c.patient_id == incoming_patients.c.patient_id))
    connection.execute(insert(patients).from_select(
        ["patient_id", "log_change"], new.add_columns(literal(0)).order_by(incoming_patients.c.code)))
    number = select(patients.c.patient_no).where(patients.c.patient_id == incoming_patients.c.patient_id)
    connection.execute(update(incoming_patients).values(patient_no=number.scalar_subquery()))


_at_the_moment = (log_rows.c.patient_no == incoming_patients.c.patient_no) & (
    log_rows.c.performed_at == incoming.c.performed_at)
_of_patients = incoming.join(incoming_patients, incoming.c.code == incoming_patients.c.code)


def _match(connection: Connection) -> None:
    """Which rows of the file the log has already."""
    same = _at_the_moment & (log_rows.c.print == incoming.c.print) & (log_rows.c.nth == incoming.c.nth)
    found = select(func.min(log_rows.c.row_id), incoming.c.seq).select_from(
        _of_patients.join(log_rows, same)).group_by(incoming.c.seq)
    connection.execute(insert(matched).from_select(["row_id", "seq"], found))


def _leave_beside(connection: Connection, find_beside: FindBeside) -> dict[int, int]:
    taken = set(connection.execute(select(matched.c.row_id)).scalars())
    beside = {row_id: row for row_id, row in find_beside(connection).items() if row_id not in taken}
    if beside:
        connection.execute(insert(matched), [{"row_id": row_id, "seq": None} for row_id in beside])
    return beside


def _retire(connection: Connection) -> None:
    """Which current rows of the file's keys are not in the file."""
    of_the_key = _at_the_moment & (log_rows.c.item == incoming.c.item)
    gone = select(log_rows.c.row_id, log_rows.c.patient_no).distinct().select_from(
        _of_patients.join(log_rows, of_the_key)).where(
        log_rows.c.current, ~exists().where(matched.c.row_id == log_rows.c.row_id))
    connection.execute(insert(retired).from_select(["row_id", "patient_no"], gone))


def _touched(connection: Connection) -> NDArray[np.int64]:
    """The patients whose current log becomes another one."""
    new = select(incoming_patients.c.patient_no).select_from(_of_patients).where(
        ~exists().where(matched.c.seq == incoming.c.seq))
    revived = select(log_rows.c.patient_no).join(matched, matched.c.row_id == log_rows.c.row_id).where(
        log_rows.c.current.is_(False))
    touched = new.union(revived, select(retired.c.patient_no))
    return read_numbers(connection, touched)[:, 0]


def _known_rows(connection: Connection) -> NDArray[np.int64]:
    return read_numbers(connection, select(matched.c.seq, matched.c.row_id).where(matched.c.seq.is_not(None)))


def _add_new(connection: Connection, import_id: int, base: int) -> None:
    content = [incoming.c[name] for name in CONTENT]
    new = select(
        incoming.c.seq + base, incoming_patients.c.patient_no, incoming.c.performed_at, incoming.c.item,
        incoming.c.print, incoming.c.nth, literal(import_id), incoming.c.file_row, true(), *content,
    ).select_from(_of_patients).where(~exists().where(matched.c.seq == incoming.c.seq)).order_by(incoming.c.seq)
    names = ["row_id", "patient_no", "performed_at", "item", "print", "nth", "import_id", "file_row", "current"]
    connection.execute(insert(log_rows).from_select([*names, *CONTENT], new))


def _placed(
    staged: Staged, known: NDArray[np.int64], base: int, replaced: int, beside: dict[int, int],
) -> Placed:
    row_ids = np.arange(base, base + staged.height, dtype=np.int64)
    row_ids[known[:, 0]] = known[:, 1]
    row_ids = np.concatenate([row_ids[staged.stands], np.array(list(beside), np.int64)])
    file_rows = np.concatenate([staged.file_rows[staged.stands], np.array(list(beside.values()), np.int64)])
    order = np.argsort(row_ids, kind="stable")
    rows_new = len(row_ids) - len(beside) - len(known)
    return Placed(row_ids[order], file_rows[order], rows_new, len(known), replaced)
