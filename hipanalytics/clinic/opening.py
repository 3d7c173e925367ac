"""Opening a clinic: made on first use, brought up to date, refused with a sentence where it is none."""

from __future__ import annotations

import sqlite3
import time
import uuid
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, select, text

from hipanalytics.clinic import schema
from hipanalytics.clinic.database import Database, plain_faults
from hipanalytics.clinic.keys import make_key
from hipanalytics.clinic.migrating import bring_up_to_date, migrate, version_of
from hipanalytics.clinic.places import (
    DATABASE_FILE,
    Place,
    find_place,
    make_folder,
    new_private_file,
    reason_of,
    refuse_network_folder,
)
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError

_ATTEMPTS: Final = 200
_BETWEEN_S: Final = 0.1


def open_session(
    place: str | Path | None = None, *, create: bool = True, name: str = "", clinician: str | None = None,
    group_may_use: bool = False,
) -> Session:
    """A session with the clinic that lies there. See `open_clinic`."""
    where = find_place(place, group_may_use=group_may_use)
    is_new = where.folder is not None and _prepare_folder(where, where.folder, create=create)
    database = Database(where)
    try:
        if is_new or _is_empty(database, create=create):
            _make_clinic(database, name)
        bring_up_to_date(database)
        with database.reading() as connection:
            identity = connection.execute(select(
                schema.clinic.c.clinic_id, schema.clinic.c.name, schema.clinic.c.key_fingerprint)).one_or_none()
    except BaseException:
        database.close()
        raise
    if identity is None:
        raise ClinicError(f"The clinic {where} is damaged: it does not say which clinic it is. Bring back a backup "
                          "(hipanalytics restore).")
    return Session(database, *identity, clinician=clinician)


def _prepare_folder(place: Place, folder: Path, *, create: bool) -> bool:
    """Whether a clinic is still to be made in this folder. Raises: ClinicError where none can be."""
    try:
        refuse_network_folder(folder)
        exists = place.database.exists()
        is_new = not exists or place.database.stat().st_size == 0
        others = is_new and folder.exists() and any(not _is_of_a_new_clinic(each) for each in folder.iterdir())
    except NotADirectoryError:
        raise ClinicError(f"{folder} is a file. Give the folder of a clinic.") from None
    except OSError as error:
        raise ClinicError(f"The folder {folder} cannot be read ({reason_of(error)}).") from None
    if others and exists:
        raise ClinicError(f"The clinic in {folder} is damaged: its file {place.database.name} is empty. Bring back a "
                          "backup to a new place (hipanalytics restore BACKUP NEW-FOLDER).")
    if is_new and not create:
        raise ClinicError(f"There is no clinic in {folder}. 'hipanalytics import FILES --clinic {folder}' makes one.")
    if others:
        raise ClinicError(f"{folder} holds other files and no clinic. Choose a new or an empty folder.")
    if is_new:
        make_folder(folder, group_may_use=place.group_may_use)
        try:
            new_private_file(place.database, group_may_use=place.group_may_use)
        except OSError as error:
            raise ClinicError(f"No clinic can be made in {folder} ({reason_of(error)}). Choose another folder, or ask "
                              "whoever looks after this computer.") from None
    return is_new


def _is_of_a_new_clinic(path: Path) -> bool:
    """Whether this file may lie where a clinic is being made."""
    return path.name == ".DS_Store" or path.name.startswith(DATABASE_FILE)


def _is_empty(database: Database, *, create: bool) -> bool:
    with database.reading() as connection:
        empty = version_of(connection) is None
    if empty and not create:
        raise ClinicError(
            f"There is no clinic in {database.place}. 'hipanalytics import FILES --clinic ...' makes one.")
    return empty


def _make_clinic(database: Database, name: str) -> None:
    """All tables and the clinic's identity in one transaction; of two who make it at once, the second finds it."""
    if database.is_sqlite:
        with plain_faults(database.place), closing(sqlite3.connect(database.place.database)) as connection:
            _let_readers_pass(connection)
    with database.writing() as transaction:
        if version_of(transaction) is None:
            migrate(transaction, "head")
            _identify(transaction, name)


def _let_readers_pass(connection: sqlite3.Connection) -> None:
    """Turn on the journal with which readers and a writer do not wait for each other.

    SQLite does not wait its turn for that while others make the same clinic.
    """
    for attempt in range(_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_BETWEEN_S)
        else:
            return


def _identify(connection: Connection, name: str) -> None:
    clinic_id = uuid.uuid4().hex
    now = connection.execute(text("SELECT CURRENT_TIMESTAMP")).scalar()
    connection.execute(insert(schema.clinic).values(
        clinic_id=clinic_id, name=name, created_at=str(now)[:19], key_fingerprint=make_key(clinic_id), next_row_id=1,
        log_change=0))
