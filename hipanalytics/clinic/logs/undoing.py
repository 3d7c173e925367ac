"""Undoing an import: the clinic becomes what it would be had that import never been made, and all others had."""

from __future__ import annotations

from sqlalchemy import exists, insert, select

from hipanalytics.clinic import trail
from hipanalytics.clinic.clinicians import author_of
from hipanalytics.clinic.logs.receipts import ImportReceipt, receipt_of
from hipanalytics.clinic.logs.replaying import replay
from hipanalytics.clinic.schema import import_undos, imports
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError


def undo_import(session: Session, import_id: int, reason: str) -> ImportReceipt:
    """Take an import back.

    Rule: of each key that it held, the rows of the latest import that stands and that holds the key are current again.
    Corrections of its rows are undone with it. Its receipt and its rows are kept, marked as undone; its open quarantine
    entries are no longer listed.
    Raises: ClinicError where there is no such import, it is undone already, or no reason is given.
    """
    if not reason.strip():
        raise ClinicError("Say why the import is undone.")
    with session.database.writing() as connection:
        receipt = receipt_of(connection, import_id)
        if receipt.is_undone:
            raise ClinicError(f"Import {import_id} was undone already, on {str(receipt.undone_at)[:10]} by "
                              f"{receipt.undone_by}.")
        undone = exists().where(import_undos.c.import_id == imports.c.import_id)
        corrections = connection.execute(
            select(imports.c.import_id).where(imports.c.corrects == import_id, ~undone)).scalars()
        numbers = [import_id, *corrections]
        author, now = author_of(session, connection), session.now()
        connection.execute(insert(import_undos), [
            {"import_id": number, "author": author, "saved_at": now, "reason": reason.strip()} for number in numbers])
        if receipt.kind == "session_logs":
            replay(connection, numbers)
        trail.record(connection, session, "import undone", detail=f"import {import_id}")
        return receipt_of(connection, import_id)
