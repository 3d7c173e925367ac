"""From one version of the clinic's tables to the next; `migrations/versions/` holds the steps."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, inspect, text

from hipanalytics.clinic.database import Database
from hipanalytics.errors import ClinicError

LATEST: Final = "0002"
EARLIER: Final = ("0001",)
"""Versions that can be brought up to date."""


def version_of(connection: Connection) -> str | None:
    """Which version do this clinic's tables have? None: there are no tables at all.

    Raises: ClinicError where the database is another program's.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if not {"alembic_version", "clinic", "log_rows"} <= tables:
        raise ClinicError("The database there is another program's: it holds tables, but no clinic. "
                          "Choose another folder or database.")
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def bring_up_to_date(database: Database) -> None:
    """Make the tables, or bring those of an earlier version up to date, wholly or not at all.

    Raises: ClinicError for a clinic made by a newer version.
    """
    with database.reading() as connection:
        if check_version(version_of(connection)):
            return
    with database.writing() as connection:
        if not check_version(version_of(connection)):
            migrate(connection, "head")


def check_version(version: str | None) -> bool:
    """Whether these tables are up to date. Raises: ClinicError for a newer version."""
    if version not in (None, LATEST, *EARLIER):
        raise ClinicError(f"This clinic was made by a newer version of hipanalytics (tables {version}; this one knows "
                          f"{LATEST}). Install the newer version; nothing was changed.")
    return version == LATEST


def migrate(connection: Connection, to: str) -> None:
    """Take the steps up to a version, within the transaction at hand."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "hipanalytics.clinic:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
