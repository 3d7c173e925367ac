"""The access trail: who opened, changed or exported whose data, and when."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Literal

import pandas as pd
from sqlalchemy import Connection, insert, select

from hipanalytics.clinic import schema
from hipanalytics.clinic.database import WAIT_SECONDS
from hipanalytics.clinic.patients import number_of
from hipanalytics.clinic.session import Session
from hipanalytics.errors import BusyError

_PATIENCE_S: Final = 1
Action = Literal["opened", "changed", "imported", "import undone", "corrected", "exported", "named", "backed up",
                 "restored", "erased"]
TRAIL_COLUMNS: Final = ("at", "author", "login", "action", "patient_id", "patients", "detail")


def record(
    connection: Connection, session: Session, action: Action, *, patient_no: int | None = None,
    patients: int | None = None, detail: str = "",
) -> None:
    """Note that someone opened, changed or exported data: of one patient, or of several at once."""
    entry = _entry(session, action, patient_no=patient_no, patients=patients, detail=detail)
    connection.execute(insert(schema.trail), [*session.not_yet_noted, entry])
    session.not_yet_noted.clear()


def record_reading(
    session: Session, action: Action, patient_nos: Sequence[int] | None, *, patients: int | None = None,
    detail: str = "",
) -> None:
    """Note that someone read or exported data, without waiting for a long import of somebody else.

    Rule: where others are writing, the entry is kept and written with the next one, or when the clinic is closed.
    """
    whose: list[int | None] = [None] if patient_nos is None else [*patient_nos]
    session.not_yet_noted += [
        _entry(session, action, patient_no=each, patients=patients, detail=detail) for each in whose]
    with suppress(BusyError):
        catch_up(session, wait_s=_PATIENCE_S)


def catch_up(session: Session, *, wait_s: int = WAIT_SECONDS) -> None:
    """Write what has not been noted yet. Raises: ClinicError."""
    if session.not_yet_noted:
        with session.database.writing(wait_s=wait_s) as connection:
            connection.execute(insert(schema.trail), session.not_yet_noted)
        session.not_yet_noted.clear()


def _entry(
    session: Session, action: Action, *, patient_no: int | None, patients: int | None, detail: str,
) -> dict[str, Any]:
    return {"at": session.now(), "author": session.clinician or session.login, "login": session.login,
            "action": action, "patient_no": patient_no, "patients": patients, "detail": detail}


def read_trail(connection: Connection, *, patient_id: str | None = None) -> pd.DataFrame:
    """Who opened, changed or exported whose data, and when? The latest first.

    Returns: at (UTC), author, login, action, patient_id (empty: several at once), patients (how many), detail.
    With `patient_id`: what concerned that patient alone, imports that held rows of the patient, and what concerned
    several patients at once. Raises: ClinicError for a patient whom the clinic does not know.
    """
    whose = schema.trail.outerjoin(schema.patients, schema.trail.c.patient_no == schema.patients.c.patient_no)
    columns = [schema.patients.c.patient_id if name == "patient_id" else schema.trail.c[name] for name in TRAIL_COLUMNS]
    query = select(*columns).select_from(whose).order_by(schema.trail.c.entry.desc())
    if patient_id is not None:
        patient_no = number_of(connection, patient_id)
        held = select(schema.import_patients.c.import_id).where(schema.import_patients.c.patient_no == patient_no)
        imports = [f"import {import_id}" for import_id in connection.execute(held).scalars()]
        at_once = schema.trail.c.patient_no.is_(None) & (
            ~schema.trail.c.detail.startswith("import ") | schema.trail.c.detail.in_(imports))
        query = query.where((schema.trail.c.patient_no == patient_no) | at_once)
    return pd.DataFrame(connection.execute(query).all(), columns=list(TRAIL_COLUMNS))
