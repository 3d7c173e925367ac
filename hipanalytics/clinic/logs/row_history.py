"""Every row that ever came in for a patient: what holds now, what it replaced, and which file brought it."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, select

from hipanalytics.clinic.logs.staging import CONTENT
from hipanalytics.clinic.patients import number_of
from hipanalytics.clinic.schema import import_undos, imports, log_rows

ABOUT: Final = ("performed_at", "standing", "import_id", "file", "row", "imported_at", "imported_by")
CURRENT, REPLACED, UNDONE = "current", "replaced", "import undone"


def row_history(connection: Connection, patient_id: str) -> pd.DataFrame:
    """Which rows does the clinic have of this patient, and which of them were replaced by a later import?

    Rule: `standing` is current (it counts), replaced (a later import brought other values for its key, or a correction
    did) or import undone (only imports that were taken back held it). Rows of one moment stand together, the latest
    import last. import_id, file and row say where a row is to be found.
    Missing: columns that are nowhere filled are left out.
    Returns: performed_at, standing, import_id, file, row, imported_at (UTC), imported_by, then what the row says.
    Raises: ClinicError for a patient whom the clinic does not know.
    """
    columns: list[Any] = [
        log_rows.c.performed_at, log_rows.c.current, import_undos.c.saved_at.label("undone_at"), log_rows.c.import_id,
        imports.c.file, log_rows.c.file_row.label("row"), imports.c.saved_at.label("imported_at"),
        imports.c.author.label("imported_by"), *(log_rows.c[name] for name in CONTENT)]
    whence = log_rows.join(imports, imports.c.import_id == log_rows.c.import_id).outerjoin(
        import_undos, import_undos.c.import_id == log_rows.c.import_id)
    query = select(*columns).select_from(whence).where(
        log_rows.c.patient_no == number_of(connection, patient_id)).order_by(
        log_rows.c.performed_at, log_rows.c.item, log_rows.c.import_id, log_rows.c.row_id)
    table = pd.DataFrame(connection.execute(query).all(), columns=[column.key for column in columns])
    table["standing"] = pd.Series(REPLACED, index=table.index, dtype="str").mask(
        table["undone_at"].notna(), UNDONE).mask(table["current"].astype(bool), CURRENT)
    for name in ("performed_at", "logged_at"):
        table[name] = pd.to_datetime(table[name], unit="us")
    filled = [name for name in CONTENT if table[name].notna().any()]
    return table[[*ABOUT, *filled]]
