"""Pseudonyms and the numbers that stand for them everywhere else in the clinic."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from hipanalytics.clinic import schema
from hipanalytics.errors import ClinicError

_AT_ONCE = 10_000


def numbers_of(connection: Connection, patient_ids: Iterable[str]) -> dict[str, int]:
    """The number of each of these patients whom the clinic knows."""
    ids = list(dict.fromkeys(patient_ids))
    numbers: dict[str, int] = {}
    for start in range(0, len(ids), _AT_ONCE):
        found = connection.execute(select(schema.patients.c.patient_id, schema.patients.c.patient_no).where(
            schema.patients.c.patient_id.in_(ids[start:start + _AT_ONCE])))
        numbers.update({each.patient_id: each.patient_no for each in found})
    return numbers


def number_of(connection: Connection, patient_id: str) -> int:
    """The number of one patient. Raises: ClinicError where the clinic does not know the patient."""
    found = numbers_of(connection, [patient_id])
    if not found:
        raise ClinicError(f"There is no patient {patient_id} in this clinic.")
    return found[patient_id]
