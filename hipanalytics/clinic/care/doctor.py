"""How is the clinic? What lies where, whether it is whole, who may read it, and what to do."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, inspect, select, text

from hipanalytics.clinic import schema
from hipanalytics.clinic.care.soundness import faults
from hipanalytics.clinic.care.surroundings import (
    Finding,
    Findings,
    look_at_drive,
    look_at_erasures,
    look_at_key,
    look_at_names,
    look_at_other_files,
    look_at_place,
    look_at_rights,
    look_at_snapshot,
    look_at_space,
    size_words,
)
from hipanalytics.clinic.database import Database
from hipanalytics.clinic.migrating import LATEST, check_version, version_of
from hipanalytics.clinic.places import Place, find_place
from hipanalytics.errors import HipAnalyticsError

__all__ = ["Finding", "doctor", "doctor_words"]

_QUICK_ABOVE: Final = 1 << 30
_CHANGES: Final = ("imported", "import undone", "corrected", "changed", "erased")


def doctor(place: str | Path | None = None) -> list[Finding]:
    """How is this clinic, and what is to be done?

    Rule: nothing is changed. A damaged clinic is looked at as far as it goes; what cannot be looked at is a finding.
    Parameters: place: as for `open_clinic`. Raises: ClinicError only for an address that is not understood.
    """
    where = find_place(place)
    program = (f"hipanalytics {version('hipanalytics')}, tables {LATEST}, Python {platform.python_version()}, "
               f"SQLite {sqlite3.sqlite_version}.")
    found = [Finding(None, "Program", program), *_carefully("Place", lambda: look_at_place(where))]
    if any(each.ok is False for each in found):
        return found
    if where.folder is not None:
        found += _folder(where, where.folder)
    database = Database(where)
    try:
        found += _carefully("Database", lambda: _database(database))
        tables = _carefully("Tables", lambda: _tables(database))
        found += tables
        if all(each.ok for each in tables):
            found += _inside(database)
    finally:
        database.close()
    return list({each.sentence: each for each in reversed(found)}.values())[::-1]


def doctor_words(findings: list[Finding]) -> str:
    """The findings, one to a line, and whether anything needs to be done."""
    marks = {True: "ok", False: "TO DO", None: ""}
    lines = [f"{marks[each.ok]:<6}{each.title}: {each.sentence}" for each in findings]
    wrong = sum(each.ok is False for each in findings)
    return "\n".join([*lines, f"To do: {wrong}." if wrong else "Nothing needs to be done."])


def _carefully(title: str, look: Callable[[], Findings]) -> list[Finding]:
    """What a look at one thing finds; where it cannot be looked at, that is the finding."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except HipAnalyticsError as error:
        found.append(Finding(False, title, str(error)))
    except Exception as error:  # a damaged clinic may fail in any way
        found.append(Finding(False, title, f"{title}: this could not be looked at ({type(error).__name__}). If the "
                             "clinic is damaged, bring back the latest backup to a new place (hipanalytics restore)."))
    return found


def _folder(where: Place, folder: Path) -> list[Finding]:
    return [*_carefully("Drive", lambda: look_at_drive(folder)),
            *_carefully("Rights", lambda: look_at_rights(where, folder)),
            *_carefully("Space", lambda: look_at_space(where, folder)),
            *_carefully("Other files", lambda: look_at_other_files(folder))]


def _inside(database: Database) -> list[Finding]:
    """What a clinic whose tables are up to date says of itself."""
    found: list[Finding] = []

    def look(title: str, at: Callable[[Connection], Findings]) -> None:
        def reading() -> Findings:
            with database.reading() as connection:
                yield from at(connection)
        found.extend(_carefully(title, reading))

    def identity(connection: Connection) -> tuple[str, str]:
        clinic_id, fingerprint = connection.execute(
            select(schema.clinic.c.clinic_id, schema.clinic.c.key_fingerprint)).one()
        return clinic_id, fingerprint

    look("Key", lambda connection: look_at_key(*identity(connection)))
    look("Erasures", lambda connection: look_at_erasures(connection, identity(connection)[0]))
    look("Name list", lambda connection: look_at_names(identity(connection)[0]))
    look("Snapshot", lambda connection: look_at_snapshot(
        connection, database.place.snapshots(identity(connection)[0])))
    look("Content", _content)
    look("Receipts", _receipts)
    look("Last import", _last_import)
    look("Last backup", _last_backup)
    return found


def _database(database: Database) -> Findings:
    with database.reading() as connection:
        yield from _file(connection, database.place) if database.is_sqlite else _server(connection)


def _file(connection: Connection, place: Place) -> Findings:
    quick = place.database.stat().st_size > _QUICK_ABOVE
    said = connection.execute(text(f"PRAGMA {'quick_check' if quick else 'integrity_check'}(5)")).scalars().all()
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if list(said) == ["ok"] and not broken:
        yield Finding(True, "Database", f"The file is whole{' (quick check)' if quick else ''}.")
    else:
        yield Finding(False, "Database", "The file is damaged. Do not write to it; bring back the latest backup to a "
                      "new place (hipanalytics restore BACKUP NEW-FOLDER).")


def _server(connection: Connection) -> Findings:
    server = connection.execute(text("SHOW server_version")).scalar_one()
    size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    yield Finding(True, "Database", f"PostgreSQL {server}, {size_words(size)}.")
    is_encrypted = connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar()
    yield Finding(None, "Connection", "Encrypted." if is_encrypted else "Not encrypted. If the server is another "
                  "computer, add ?sslmode=verify-full to the address.")


def _tables(database: Database) -> Findings:
    with database.reading() as connection:
        found = version_of(connection)
        missing = sorted(set(schema.metadata.tables) - set(inspect(connection).get_table_names()))
    if found is None:
        yield Finding(False, "Tables", "The database is empty: there is no clinic in it. Check the name, or bring back "
                      "a backup to a new place (hipanalytics restore).")
    elif not check_version(found):
        yield Finding(None, "Tables", f"Version {found}; brought up to {LATEST} when the clinic is next opened.")
    elif missing:
        yield Finding(False, "Tables", f"The clinic is damaged: {', '.join(missing)} is missing. Bring back the latest "
                      "backup to a new place (hipanalytics restore).")
    else:
        yield Finding(True, "Tables", f"Version {found}, the newest.")


def _content(connection: Connection) -> Findings:
    patients, rows, decisions = (connection.execute(select(func.count()).select_from(table)).scalar_one()
                                 for table in (schema.patients, schema.log_rows, schema.decisions))
    yield Finding(None, "Content", f"{patients:,} patients, {rows:,} rows of logs, {decisions:,} decisions.")


def _receipts(connection: Connection) -> Findings:
    wrong = faults(connection)
    if wrong:
        yield Finding(False, "Receipts", f"{' '.join(wrong[:5])} Bring back the latest backup to a new place, and "
                      "import anew what came since.")
    else:
        yield Finding(True, "Receipts", "They add up, and the current rows are those of the latest imports.")


def _last_import(connection: Connection) -> Findings:
    columns = (schema.imports.c.file, schema.imports.c.author, schema.imports.c.saved_at)
    last = connection.execute(select(*columns).order_by(schema.imports.c.import_id.desc()).limit(1)).first()
    said = f"{last.file}, on {last.saved_at[:10]} by {last.author}." if last else "Nothing has been imported yet."
    yield Finding(None, "Last import", said)


def _last_backup(connection: Connection) -> Findings:
    at, action = schema.trail.c.at, schema.trail.c.action
    last = connection.execute(select(func.max(at)).where(action == "backed up")).scalar()
    later = select(func.count()).select_from(schema.trail).where(at > (last or ""), action.in_(_CHANGES))
    changes = connection.execute(later).scalar_one()
    if last is None:
        yield Finding(False if changes else None, "Last backup", "None was made yet: hipanalytics backup FILE, at best "
                      "to another disk.")
    else:
        yield Finding(None, "Last backup", f"On {last[:10]}; changes since: {changes:,}. Where it lies now, the clinic "
                      "does not know.")
