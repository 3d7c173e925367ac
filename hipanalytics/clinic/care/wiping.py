"""After an erasure: the database's free pages and journal, and whatever else lies in the clinic's folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import exc, text

from hipanalytics.clinic import schema
from hipanalytics.clinic.database import Database
from hipanalytics.clinic.places import DATABASE_FILE

DATABASE_FILES: Final = (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm", f"{DATABASE_FILE}-journal")
_WAIT_SECONDS: Final = 5
_CHUNK: Final = 1 << 22
_IN_USE: Final = ("The clinic is in use elsewhere (another notebook or program has it open), so that erased bytes may "
                  "still lie in its file. Close it everywhere and repeat this command.")


def wipe(database: Database) -> str:
    """Write the database anew without what was erased; in a sentence why that was not possible, or nothing."""
    try:
        return _wipe_file(database.place.database) if database.is_sqlite else _wipe_server(database)
    except (sqlite3.Error, exc.SQLAlchemyError, OSError) as error:
        if any(word in str(error) for word in ("locked", "busy", "lock timeout")):
            return _IN_USE
        is_full = "full" in str(error) or "space" in str(error)
        why = "the disk is full" if is_full else type(error).__name__
        return (f"The clinic's file could not be written anew ({why}), so that erased bytes may still lie in it. Mend "
                "that and repeat this command.")


def files_that_hold(folder: Path, word: str) -> list[str]:
    """In which files of the clinic's folder do the bytes of this word stand?"""
    found = []
    for path in sorted(folder.rglob("*")):
        with suppress(OSError):
            if path.is_file() and any(word.encode() in part for part in _parts(path, len(word))):
                found.append(str(path.relative_to(folder)))
    return found


def foreign_files(folder: Path) -> list[str]:
    """What lies in the clinic's folder that is not the clinic's."""
    with suppress(OSError):
        return sorted(path.name for path in folder.iterdir()
                      if path.name not in (*DATABASE_FILES, "snapshot", ".DS_Store"))
    return []


def _wipe_file(file: Path) -> str:
    with closing(sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("VACUUM")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return _IN_USE if busy else ""


def _wipe_server(database: Database) -> str:
    tables = ", ".join(table.name for table in schema.metadata.sorted_tables)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"SET lock_timeout = '{_WAIT_SECONDS}s'"))
        try:
            connection.execute(text(f"VACUUM (FULL) {tables}"))
        finally:
            connection.execute(text("RESET lock_timeout"))
    return ""


def _parts(path: Path, overlap: int) -> Iterator[bytes]:
    """The file in pieces; the end of each is the beginning of the next."""
    with path.open("rb") as file:
        before = b""
        while part := file.read(_CHUNK):
            yield before + part
            before = part[-overlap:]
