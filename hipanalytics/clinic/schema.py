"""The clinic's database: every table, and what its columns hold. Nothing is updated in place but what is marked so."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

BIG: Final = BigInteger().with_variant(Integer, "sqlite")

metadata: Final = MetaData(naming_convention={
    "pk": "pk_%(table_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_name)s"})

clinic: Final = Table(
    "clinic", metadata,  # one row; the two counters are updated in place
    Column("clinic_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("key_fingerprint", Text, nullable=False),
    Column("next_row_id", BigInteger, nullable=False),
    Column("log_change", Integer, nullable=False))
"""Which clinic this is. `key_fingerprint`: of the secret key that turns identifiers into pseudonyms."""

log_changes: Final = Table(
    "log_changes", metadata,
    Column("change", Integer, primary_key=True),
    Column("token", Text, nullable=False))
"""One row for each change of the logs; the random token tells a snapshot of this history from one of another."""

clinicians: Final = Table(
    "clinicians", metadata,
    Column("entry", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("works_here", Boolean, nullable=False),
    Column("author", Text, nullable=False),
    Column("saved_at", Text, nullable=False),
    sqlite_autoincrement=True)
"""Who may sign; the latest row of a name holds."""

patients: Final = Table(
    "patients", metadata,
    Column("patient_no", Integer, primary_key=True),
    Column("patient_id", Text, nullable=False, unique=True),
    sqlite_autoincrement=True)
"""Pseudonyms; everything else holds the number."""

imports: Final = Table(
    "imports", metadata,
    Column("import_id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("corrects", Integer, ForeignKey("imports.import_id")),
    Column("file", Text, nullable=False),
    Column("file_hash", Text, nullable=False),
    Column("file_bytes", BigInteger, nullable=False),
    Column("file_kind", Text, nullable=False),
    Column("sheet", Text, nullable=False),
    Column("decimal", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("saved_at", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("duplicates", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("filtered_out", BigInteger, nullable=False),
    Column("blank", BigInteger, nullable=False),
    Column("cells_left_out", BigInteger, nullable=False),
    Column("rows_new", BigInteger, nullable=False),
    Column("rows_known", BigInteger, nullable=False),
    Column("rows_replaced", BigInteger, nullable=False),
    Column("data_up_to", Text),
    Column("remarks", Text, nullable=False),
    Column("members", LargeBinary, nullable=False),
    Column("member_rows", LargeBinary, nullable=False),
    sqlite_autoincrement=True)
"""The receipt of each import. `profile`: the mapping profile as JSON. `members`: the ids of all rows that the file
brought, new or known (see `members.py`); `member_rows`: their row numbers in the file. `remarks`: JSON, sentences."""

import_undos: Final = Table(
    "import_undos", metadata,
    Column("import_id", Integer, ForeignKey("imports.import_id"), primary_key=True),
    Column("author", Text, nullable=False),
    Column("saved_at", Text, nullable=False),
    Column("reason", Text, nullable=False))

import_patients: Final = Table(
    "import_patients", metadata,
    Column("import_id", Integer, ForeignKey("imports.import_id"), primary_key=True),
    Column("patient_no", Integer, ForeignKey("patients.patient_no"), primary_key=True, index=True),
    Column("rows", BigInteger, nullable=False))
"""Whose rows a file brought, and how many."""

log_rows: Final = Table(
    "log_rows", metadata,
    Column("row_id", BIG, primary_key=True, autoincrement=False),
    Column("patient_no", Integer, ForeignKey("patients.patient_no"), nullable=False),
    Column("performed_at", BigInteger, nullable=False),
    Column("item", BigInteger, nullable=False),
    Column("print", BigInteger, nullable=False),
    Column("nth", Integer, nullable=False),
    Column("import_id", Integer, nullable=False),  # updated in place where an import is undone
    Column("file_row", BigInteger, nullable=False),  # as import_id
    Column("current", Boolean, nullable=False),  # updated in place
    Column("changed", Integer, nullable=False, index=True),  # as current
    Column("has_time", Boolean, nullable=False),
    Column("exercise", Text),
    Column("done", Boolean),
    Column("pain", Float),
    Column("side", Text),
    Column("pain_side", Text),
    Column("sets", Float),
    Column("reps", Float),
    Column("hold_s", Float),
    Column("load_kg", Float),
    Column("pain_during", Float),
    Column("pain_after", Float),
    Column("pain_next_morning", Float),
    Column("effort", Float),
    Column("stop_reason", Text),
    Column("logged_at", BigInteger),
    Column("note", Text),
    Index("ix_log_rows_moment", "patient_no", "performed_at"))
"""Every row of a session log that ever came in. Moments are microseconds since 1970 by the patient's own clock.
A row's key is patient_no, performed_at and `item` (exercise and side as one number); `print` is its whole
content as one number, `nth` tells rows of equal content apart. `current`: whether the latest import that was not
undone and that holds the key holds this row; `changed`: the change by which that became so. `import_id`, `file_row`:
where the row is to be found."""

quarantine: Final = Table(
    "quarantine", metadata,
    Column("entry", Integer, primary_key=True),
    Column("import_id", Integer, ForeignKey("imports.import_id"), nullable=False, index=True),
    Column("patient_no", Integer, ForeignKey("patients.patient_no"), index=True),
    Column("patient_text", Text, nullable=False, index=True),
    Column("row_id", BIG),
    Column("file_row", BigInteger, nullable=False),
    Column("effect", Text, nullable=False),
    Column("problems", Text, nullable=False),
    Column("cells", Text, nullable=False),
    Column("content", Text, nullable=False, index=True),
    sqlite_autoincrement=True)
"""Rows that were refused, and rows (`row_id`) of which cells were left out. `problems`: JSON list of column, value,
problem, allowed, action; `cells`: JSON of the whole row as mapped; `content`: a print of both, the same in every file
that repeats it."""

corrections: Final = Table(
    "corrections", metadata,
    Column("entry", Integer, ForeignKey("quarantine.entry"), primary_key=True),
    Column("import_id", Integer, ForeignKey("imports.import_id"), primary_key=True),
    Column("row_id", BIG),
    Column("cells", Text, nullable=False))
"""Which quarantine entries an import of corrections mended: `cells` is JSON of the whole row as corrected, `row_id` the
row that it became (none: the entry was set aside for good)."""

decisions: Final = Table(
    "decisions", metadata,
    Column("decision_id", Integer, primary_key=True),
    Column("patient_no", Integer, ForeignKey("patients.patient_no"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("item", Text, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("content", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("saved_at", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("import_id", Integer, ForeignKey("imports.import_id")),
    UniqueConstraint("patient_no", "kind", "version"),
    Index("ix_decisions_kind", "kind", "patient_no"),
    sqlite_autoincrement=True)
"""What clinicians decided, one row for each change. `version` counts the changes of one kind for one patient; `item`
tells apart what stands side by side (plans by their first day, pauses, answers); the latest row of an item holds."""

trail: Final = Table(
    "trail", metadata,
    Column("entry", BIG, primary_key=True),
    Column("at", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("login", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("patient_no", Integer, index=True),
    Column("patients", BigInteger),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True)
"""Who opened, changed or exported whose data, and when. Without a patient_no: `patients` of them at once."""

erasures: Final = Table(
    "erasures", metadata,
    Column("keyed_hash", Text, primary_key=True),
    Column("author", Text, nullable=False),
    Column("erased_at", Text, nullable=False),
    Column("reason", Text, nullable=False))
"""Who was erased for good, by a hash of the pseudonym that nobody can make without the clinic's secret key."""
