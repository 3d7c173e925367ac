"""A file's rows take their place in the log: what is new is added, what a key had before stands back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, exists, func, insert, select, update
from sqlalchemy.sql import bindparam

from hipanalytics.clinic.database import insert_many, read_numbers
from hipanalytics.clinic.logs.staging import (
    CONTENT,
    Staged,
    incoming,
    incoming_patients,
    matched,
    measure,
    moments,
    plain_values,
    retired,
)
from hipanalytics.clinic.schema import clinic, import_undos, log_changes, log_rows, patients


@dataclass(frozen=True)
class Placed:
    """What became of a file's rows: those it now holds in the log, and how many are new, known, stand back."""

    members: NDArray[np.int64]
    """Row ids in rising order."""
    file_rows: NDArray[np.int64]
    """The row number of each in the file."""
    patient_nos: NDArray[np.int64]
    """Whose rows the file holds,"""
    patient_rows: NDArray[np.int64]
    """and how many of each."""
    rows_new: int
    rows_known: int
    rows_replaced: int

    def row_ids_at(self, file_rows: NDArray[np.int64]) -> dict[int, int]:
        """For these rows of the file, which rows of the log they are."""
        wanted = np.isin(self.file_rows, file_rows)
        return dict(zip(self.file_rows[wanted].tolist(), self.members[wanted].tolist(), strict=True))


FindWrong = Callable[[Connection], list[int]]
"""Finds the rows that a correction puts right, by their ids."""


def place_rows(connection: Connection, staged: Staged, import_id: int, find_wrong: FindWrong | None = None) -> Placed:
    """Let a file's rows take their place, within the transaction and the working tables at hand.

    Rule: a row that the log has already, in the same key with the same content, is that row; one that only undone
    imports had counts as new. Of each key that the file holds, exactly the file's rows are current from now on; earlier
    ones stand back and are kept. For the rows of a correction, only those stand back that it puts right; what holds
    then is for `replay` to say.
    """
    numbers = _know_patients(connection, staged)
    base = connection.execute(select(clinic.c.next_row_id)).scalar_one()
    wrong = find_wrong(connection) if find_wrong else None
    if connection.execute(select(exists().select_from(log_rows))).scalar():
        staged.put_keys(connection)
        _match(connection)
        _retire(connection) if wrong is None else _retire_these(connection, wrong)
    known = read_numbers(connection, select(matched.c.seq, matched.c.row_id))
    replaced = connection.execute(select(func.count()).select_from(retired)).scalar_one()
    revived = matched.join(log_rows, log_rows.c.row_id == matched.c.row_id)
    any_revived = connection.execute(select(exists().select_from(revived).where(~log_rows.c.current))).scalar()
    fallen = _fallen(connection) if any_revived else known[:0]
    if len(known) < int(staged.stands.sum()) or replaced or any_revived:
        change = _change(connection, staged, numbers, known, import_id, base)
        _take_over(connection, staged, fallen, import_id, change)
    return _placed(staged, numbers, known, base, replaced, len(fallen))


def next_change(connection: Connection) -> int:
    """The number of a change of the current log that is being made, by which snapshots know what to renew."""
    change: int = connection.execute(select(clinic.c.log_change)).scalar_one() + 1
    connection.execute(insert(log_changes).values(change=change, token=secrets.token_hex(8)))
    connection.execute(update(clinic).values(log_change=change))
    return change


def _know_patients(connection: Connection, staged: Staged) -> NDArray[np.int64]:
    """Give every patient of the file a number: for each code the patient's."""
    staged.put_patients(connection)
    new = select(incoming_patients.c.patient_id).where(
        ~exists().where(patients.c.patient_id == incoming_patients.c.patient_id)).order_by(incoming_patients.c.code)
    connection.execute(insert(patients).from_select(["patient_id"], new))
    number = select(patients.c.patient_no).where(patients.c.patient_id == incoming_patients.c.patient_id)
    connection.execute(update(incoming_patients).values(patient_no=number.scalar_subquery()))
    in_order = select(incoming_patients.c.patient_no).order_by(incoming_patients.c.code)
    return read_numbers(connection, in_order)[:, 0]


_at_the_moment = (log_rows.c.patient_no == incoming_patients.c.patient_no) & (
    log_rows.c.performed_at == incoming.c.performed_at)
_of_patients = incoming.join(incoming_patients, incoming.c.code == incoming_patients.c.code)


def _match(connection: Connection) -> None:
    """Which rows of the file the log has already."""
    same = _at_the_moment & (log_rows.c.print == incoming.c.print) & (log_rows.c.nth == incoming.c.nth)
    found = select(func.min(log_rows.c.row_id), incoming.c.seq).select_from(
        _of_patients.join(log_rows, same)).group_by(incoming.c.seq)
    connection.execute(insert(matched).from_select(["row_id", "seq"], found))
    measure(connection, matched)


def _retire(connection: Connection) -> None:
    """Which current rows of the file's keys are not in the file."""
    of_the_key = _at_the_moment & (log_rows.c.item == incoming.c.item)
    gone = select(log_rows.c.row_id).distinct().select_from(_of_patients.join(log_rows, of_the_key)).where(
        log_rows.c.current, ~exists().where(matched.c.row_id == log_rows.c.row_id))
    connection.execute(insert(retired).from_select(["row_id"], gone))


def _retire_these(connection: Connection, row_ids: list[int]) -> None:
    taken = set(connection.execute(select(matched.c.row_id)).scalars())
    insert_many(connection, retired.name, ["row_id"], [(row_id,) for row_id in row_ids if row_id not in taken])


def _fallen(connection: Connection) -> NDArray[np.int64]:
    """Rows of the file that only undone imports had: place in the file and row id."""
    undone = exists().where(import_undos.c.import_id == log_rows.c.import_id)
    return read_numbers(connection, select(matched.c.seq, matched.c.row_id).select_from(
        matched.join(log_rows, log_rows.c.row_id == matched.c.row_id)).where(undone))


def _take_over(
    connection: Connection, staged: Staged, fallen: NDArray[np.int64], import_id: int, change: int,
) -> None:
    """Say of these rows that they are to be found in this file."""
    if len(fallen):
        row = update(log_rows).where(log_rows.c.row_id == bindparam("at"))
        connection.execute(row.values(import_id=import_id, file_row=bindparam("place"), changed=change), [
            {"at": at, "place": place} for at, place in zip(
                fallen[:, 1].tolist(), staged.file_rows[fallen[:, 0]].tolist(), strict=True)])


def _change(
    connection: Connection, staged: Staged, numbers: NDArray[np.int64], known: NDArray[np.int64], import_id: int,
    base: int,
) -> int:
    """Make the file's rows current, and what they replace not; the number of the change."""
    change = next_change(connection)
    connection.execute(update(log_rows).values(current=False, changed=change).where(
        log_rows.c.row_id.in_(select(retired.c.row_id))))
    connection.execute(update(log_rows).values(current=True, changed=change).where(
        log_rows.c.row_id.in_(select(matched.c.row_id)), log_rows.c.current.is_(False)))
    connection.execute(update(clinic).values(next_row_id=base + staged.height))
    is_new = staged.stands.copy()
    is_new[known[:, 0]] = False
    for begin, frame in staged.batches():
        new = np.flatnonzero(is_new[begin:begin + len(frame)])
        rows = frame.iloc[new] if len(new) < len(frame) else frame
        present = [name for name in CONTENT if name in rows]
        names = ["row_id", "patient_no", "performed_at", "item", "print", "nth", "import_id", "file_row", "current",
                 "changed", *present]
        same = ([value] * len(rows) for value in (import_id, True, change))
        insert_many(connection, "log_rows", names,
                    _as_rows(rows, (new + begin + base).tolist(), numbers[rows["code"]].tolist(), present, *same))
    return change


def _as_rows(
    rows: pd.DataFrame, row_ids: list[int], patient_nos: list[int], present: list[str], import_ids: list[int],
    current: list[int], changes: list[int],
) -> Iterator[tuple[Any, ...]]:
    prints = (rows[name].tolist() for name in ("item", "print", "nth"))
    content = (plain_values(rows[name]) for name in present)
    return zip(row_ids, patient_nos, moments(rows["performed_at"]), *prints, import_ids, rows["row"].tolist(), current,
               changes, *content, strict=True)


def _placed(
    staged: Staged, numbers: NDArray[np.int64], known: NDArray[np.int64], base: int, replaced: int,
    fallen: int,
) -> Placed:
    row_ids = np.arange(base, base + staged.height, dtype=np.int64)
    row_ids[known[:, 0]] = known[:, 1]
    row_ids, file_rows = row_ids[staged.stands], staged.file_rows[staged.stands]
    order = np.argsort(row_ids, kind="stable")
    counts = np.bincount(staged.row_codes[staged.stands], minlength=len(numbers))
    rows_known = len(known) - fallen
    rows_new = len(row_ids) - rows_known
    return Placed(row_ids[order], file_rows[order], numbers[counts > 0], counts[counts > 0], rows_new, rows_known,
                  replaced)
