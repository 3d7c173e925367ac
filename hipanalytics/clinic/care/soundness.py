"""Does what a clinic holds fit together? Receipts add up, their rows are there, and the right ones are current."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from hipanalytics.clinic.database import read_numbers
from hipanalytics.clinic.logs.members import unpacked
from hipanalytics.clinic.logs.replaying import standing_files
from hipanalytics.clinic.schema import clinic, erasures, imports, log_rows, patients

_PATIENTS_LOOKED_AT: Final = 20
_ROWS_LOOKED_AT: Final = 500


def faults(connection: Connection) -> list[str]:
    """What does not fit together? In sentences; none where all does.

    Rule: every receipt is added up; of the rows that imports hold, some of each are looked for; of some patients, every
    row is held against the latest import that stands and holds its key.
    """
    return [*_receipts_that_do_not_add_up(connection), *_rows_that_are_missing(connection),
            *_keys_of_another_import(connection), *_row_count_behind(connection)]


def _receipts_that_do_not_add_up(connection: Connection) -> Iterator[str]:
    row = imports.c
    wrong = select(row.import_id).where(
        (row.rows_read != row.filtered_out + row.accepted + row.duplicates + row.rejected)
        | (row.accepted != row.rows_new + row.rows_known)).order_by(row.import_id)
    for import_id in connection.execute(wrong).scalars():
        yield f"The counts of import {import_id} do not add up."


def _rows_that_are_missing(connection: Connection) -> Iterator[str]:
    if connection.execute(select(func.count()).select_from(erasures)).scalar_one():
        return  # rows of erased patients are gone, and nobody knows any more which ones they were
    holding = select(imports.c.import_id, imports.c.members).where(imports.c.kind == "session_logs")
    for import_id, packed in connection.execute(holding.order_by(imports.c.import_id)):
        members = unpacked(packed)
        some = members[::max(len(members) // _ROWS_LOOKED_AT, 1)]
        there = read_numbers(connection, select(log_rows.c.row_id).where(log_rows.c.row_id.in_(some.tolist())))
        if len(there) < len(some):
            yield f"Rows of import {import_id} are missing from the log."


def _keys_of_another_import(connection: Connection) -> Iterator[str]:
    for patient_no in _some_patients(connection):
        columns = (log_rows.c.row_id, log_rows.c.performed_at, log_rows.c.item, log_rows.c.current)
        rows = read_numbers(connection, select(*columns).where(log_rows.c.patient_no == patient_no))
        if not np.array_equal(rows[:, 3].astype(bool), _should_be_current(connection, rows)):
            yield f"The current rows of the patient with the number {patient_no} are not those of the latest imports."


def _some_patients(connection: Connection) -> list[int]:
    highest = connection.execute(select(func.max(patients.c.patient_no))).scalar() or 0
    wanted = np.unique(np.linspace(1, max(highest, 1), _PATIENTS_LOOKED_AT).astype(int)).tolist()
    return list(connection.execute(select(patients.c.patient_no).where(patients.c.patient_no.in_(wanted))).scalars())


def _should_be_current(connection: Connection, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these rows the imports that stand, taken in order, leave current."""
    _, key = np.unique(rows[:, 1:3], axis=0, return_inverse=True)
    key = key.reshape(-1)
    current = np.zeros(len(rows), bool)
    for file in standing_files(connection):
        held, _ = file.places_of(rows[:, 0])
        of_key = np.isin(key, key[held])
        current[of_key] = held[of_key]
    return current


def _row_count_behind(connection: Connection) -> Iterator[str]:
    highest = connection.execute(select(func.max(log_rows.c.row_id))).scalar() or 0
    if connection.execute(select(clinic.c.next_row_id)).scalar_one() <= highest:
        yield "The count of rows has fallen behind, so that the next import would fail."
