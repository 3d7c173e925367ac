"""The first version of the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table("clinic",
        sa.Column("clinic_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("key_fingerprint", sa.Text(), nullable=False),
        sa.Column("next_row_id", sa.BigInteger(), nullable=False),
        sa.Column("log_change", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("clinic_id", name="pk_clinic")
    )
    op.create_table("clinicians",
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("works_here", sa.Boolean(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_clinicians"),
    sqlite_autoincrement=True
    )
    op.create_table("imports",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("corrects", sa.Integer(), nullable=True),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.Text(), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_kind", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("decimal", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("filtered_out", sa.BigInteger(), nullable=False),
        sa.Column("blank", sa.BigInteger(), nullable=False),
        sa.Column("cells_left_out", sa.BigInteger(), nullable=False),
        sa.Column("rows_new", sa.BigInteger(), nullable=False),
        sa.Column("rows_known", sa.BigInteger(), nullable=False),
        sa.Column("rows_replaced", sa.BigInteger(), nullable=False),
        sa.Column("data_up_to", sa.Text(), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("members", sa.LargeBinary(), nullable=False),
        sa.Column("member_rows", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["corrects"], ["imports.import_id"], name="fk_imports_corrects"),
        sa.PrimaryKeyConstraint("import_id", name="pk_imports"),
    sqlite_autoincrement=True
    )
    op.create_table("log_changes",
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("change", name="pk_log_changes")
    )
    op.create_table("patients",
        sa.Column("patient_no", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("patient_no", name="pk_patients"),
        sa.UniqueConstraint("patient_id", name="uq_patients_patient_id"),
    sqlite_autoincrement=True
    )
    op.create_table("trail",
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("patient_no", sa.Integer(), nullable=True),
        sa.Column("patients", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_trail"),
    sqlite_autoincrement=True
    )
    op.create_index("ix_trail_patient_no", "trail", ["patient_no"], unique=False)
    op.create_table("decisions",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("patient_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.import_id"], name="fk_decisions_import_id"),
        sa.ForeignKeyConstraint(["patient_no"], ["patients.patient_no"], name="fk_decisions_patient_no"),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decisions"),
        sa.UniqueConstraint("patient_no", "kind", "version", name="uq_decisions_patient_no"),
    sqlite_autoincrement=True
    )
    op.create_index("ix_decisions_kind", "decisions", ["kind", "patient_no"], unique=False)
    op.create_table("import_patients",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("patient_no", sa.Integer(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.import_id"], name="fk_import_patients_import_id"),
        sa.ForeignKeyConstraint(["patient_no"], ["patients.patient_no"], name="fk_import_patients_patient_no"),
        sa.PrimaryKeyConstraint("import_id", "patient_no", name="pk_import_patients")
    )
    op.create_index("ix_import_patients_patient_no", "import_patients", ["patient_no"], unique=False)
    op.create_table("import_undos",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.import_id"], name="fk_import_undos_import_id"),
        sa.PrimaryKeyConstraint("import_id", name="pk_import_undos")
    )
    op.create_table("log_rows",
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("patient_no", sa.Integer(), nullable=False),
        sa.Column("performed_at", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("print", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("file_row", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("has_time", sa.Boolean(), nullable=False),
        sa.Column("exercise", sa.Text(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=True),
        sa.Column("pain", sa.Float(), nullable=True),
        sa.Column("side", sa.Text(), nullable=True),
        sa.Column("pain_side", sa.Text(), nullable=True),
        sa.Column("sets", sa.Float(), nullable=True),
        sa.Column("reps", sa.Float(), nullable=True),
        sa.Column("hold_s", sa.Float(), nullable=True),
        sa.Column("load_kg", sa.Float(), nullable=True),
        sa.Column("pain_during", sa.Float(), nullable=True),
        sa.Column("pain_after", sa.Float(), nullable=True),
        sa.Column("pain_next_morning", sa.Float(), nullable=True),
        sa.Column("effort", sa.Float(), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("logged_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["patient_no"], ["patients.patient_no"], name="fk_log_rows_patient_no"),
        sa.PrimaryKeyConstraint("row_id", name="pk_log_rows")
    )
    op.create_index("ix_log_rows_changed", "log_rows", ["changed"], unique=False)
    op.create_index("ix_log_rows_moment", "log_rows", ["patient_no", "performed_at"], unique=False)
    op.create_table("quarantine",
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("patient_no", sa.Integer(), nullable=True),
        sa.Column("patient_text", sa.Text(), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("file_row", sa.BigInteger(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.import_id"], name="fk_quarantine_import_id"),
        sa.ForeignKeyConstraint(["patient_no"], ["patients.patient_no"], name="fk_quarantine_patient_no"),
        sa.PrimaryKeyConstraint("entry", name="pk_quarantine"),
    sqlite_autoincrement=True
    )
    op.create_index("ix_quarantine_content", "quarantine", ["content"], unique=False)
    op.create_index("ix_quarantine_import_id", "quarantine", ["import_id"], unique=False)
    op.create_index("ix_quarantine_patient_text", "quarantine", ["patient_text"], unique=False)
    op.create_index("ix_quarantine_patient_no", "quarantine", ["patient_no"], unique=False)
    op.create_table("corrections",
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["quarantine.entry"], name="fk_corrections_entry"),
        sa.ForeignKeyConstraint(["import_id"], ["imports.import_id"], name="fk_corrections_import_id"),
        sa.PrimaryKeyConstraint("entry", "import_id", name="pk_corrections")
    )
