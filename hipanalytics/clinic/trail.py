"""The access trail: who opened, changed or exported whose data, and when."""

from __future__ import annotations

from typing import Final, Literal

import pandas as pd
from sqlalchemy import Connection, insert, select

from hipanalytics.clinic import schema
from hipanalytics.clinic.patients import number_of
from hipanalytics.clinic.session import Session

Action = Literal["opened", "changed", "imported", "import undone", "corrected", "exported", "named", "backed up",
                 "restored", "erased"]
TRAIL_COLUMNS: Final = ("at", "author", "login", "action", "patient_id", "patients", "detail")


def record(
    connection: Connection, session: Session, action: Action, *, patient_no: int | None = None,
    patients: int | None = None, detail: str = "",
) -> None:
    """Note that someone opened, changed or exported data: of one patient, or of several at once."""
    connection.execute(insert(schema.trail).values(
        at=session.now(), author=session.clinician or session.login, login=session.login, action=action,
        patient_no=patient_no, patients=patients, detail=detail))


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
