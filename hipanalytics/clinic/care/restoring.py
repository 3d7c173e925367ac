"""A backup becomes a clinic again, in a new place; who was erased since stays erased."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path
from sqlalchemy import Connection, insert, select

from hipanalytics.clinic import trail
from hipanalytics.clinic.care.backup import Manifest, Progress, check_backup
from hipanalytics.clinic.care.copying import copy_clinic, counts_of, prints_of
from hipanalytics.clinic.care.erasure import keep_list, list_file, read_list, remove_patient
from hipanalytics.clinic.care.leftovers import sweep, working_prefix
from hipanalytics.clinic.care.wiping import wipe
from hipanalytics.clinic.database import Database, plain_faults
from hipanalytics.clinic.erased import keyed_hash
from hipanalytics.clinic.keys import key_file
from hipanalytics.clinic.migrating import bring_up_to_date, check_version, migrate, version_of
from hipanalytics.clinic.places import (
    DATABASE_FILE,
    Place,
    file_address,
    find_place,
    make_folder,
    new_private_file,
    reason_of,
    refuse_network_folder,
)
from hipanalytics.clinic.schema import clinic, erasures, patients, quarantine
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError, FileError

WORKING: Final = ".restoring-"


@dataclass(frozen=True)
class RestoreReceipt:
    """What a backup became."""

    place: str
    manifest: Manifest
    erased_again: int
    """Patients whom the backup still held and who had been erased since."""
    has_list: bool
    """Whether this computer has a list of the clinic's erasures."""
    has_key: bool


def restore(
    backup_file: str | Path, to_place: str | Path, on_progress: Progress = lambda stage, fraction: None, *,
    clinician: str | None = None, group_may_use: bool = False, key_is_lost: bool = False,
) -> RestoreReceipt:
    """Make a clinic of a backup, in a new place: an empty or new folder, or an empty PostgreSQL.

    Rule: the backup is checked as a whole before anything is put in place; then patients who were erased since it was
    made are erased from it again (by the lists in the backup and on this computer), and tables of an earlier version
    brought up to date. The clinic appears in its place complete, or not at all.
    Parameters: key_is_lost: restore although nobody can say who was erased since, because the clinic's secret key is
        gone for good.
    Raises: FileError, ClinicError; then the new place is as it was.
    """
    file, place = Path(backup_file).expanduser(), find_place(to_place, group_may_use=group_may_use)
    with _working_folder(place) as folder:
        on_progress("Checking the backup", 0.0)
        copy = folder / DATABASE_FILE
        new_private_file(copy)
        manifest = check_backup(file, copy)
        check_version(manifest.tables)
        _check_rows(copy, manifest, file)
        on_progress("Bringing it up to date", 0.4)
        with _opened(folder, manifest, clinician) as session:
            receipt = _settle(session, manifest, str(place), key_is_lost=key_is_lost)
            on_progress("Putting it in place", 0.6)
            if place.folder is None:
                _send(session.database, place)
        if place.folder is not None:
            _put_in_place(copy, place)
    on_progress("Restored", 1.0)
    return receipt


def restored_words(receipt: RestoreReceipt) -> str:
    """What came back, as of when, and what to do now."""
    rows, manifest = receipt.manifest.rows, receipt.manifest
    words = [f"The clinic {manifest.clinic_name or manifest.clinic_id[:8]} is back in {receipt.place}, as it was on "
             f"{manifest.made_at[:16].replace('T', ' at ')} (UTC): {rows['patients']:,} patients, {rows['log_rows']:,} "
             f"rows of logs, {rows['decisions']:,} decisions."]
    if receipt.erased_again:
        words.append(f"{receipt.erased_again:,} of them had been erased since, and were erased again.")
    if not receipt.has_list and receipt.has_key:
        words.append("This computer has no list of erasures of this clinic. If patients were erased since the backup, "
                     "on another computer, erase them again, or copy the list from there (hipanalytics doctor there "
                     "says where it lies) and restore once more.")
    if not receipt.has_key:
        words.append("The clinic's secret key is not on this computer: bring it back before the next import or "
                     "erasure. Whoever was erased since the backup is there again, and has to be erased again.")
    words.append("What was done since the backup is not in it: import the files of that time again.")
    return "\n".join(words)


def _put_in_place(copy: Path, place: Place) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as every clinic in a folder
    copy.chmod(0o660 if place.group_may_use else 0o600)
    if place.database.exists():
        raise ClinicError(f"Someone else has made a clinic in {place} meanwhile. Nothing was restored.")
    copy.replace(place.database)
    for left in place.database.parent.glob(f"{WORKING}*"):  # by a restore that was killed
        if left != copy.parent:
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _working_folder(place: Place) -> Iterator[Path]:
    """Where the backup is unpacked: within the new place, or in this user's cache for a server.

    Raises: ClinicError where the place is not new.
    """
    folder = place.folder
    if folder is None:
        _check_empty(place)
        inside = user_cache_path("hipanalytics", appauthor=False)
    else:
        inside = folder
        _check_new(folder)
    was_there = inside.exists()
    make_folder(inside, group_may_use=place.group_may_use)
    try:
        sweep(inside, WORKING)
        with tempfile.TemporaryDirectory(dir=inside, prefix=working_prefix(WORKING)) as working:
            yield Path(working)
    except OSError as error:
        raise ClinicError(f"The backup cannot be restored in {inside} ({reason_of(error)}). Make room there, or choose "
                          "another place.") from None
    finally:
        if not was_there:
            with suppress(OSError):
                inside.rmdir()


def _check_new(folder: Path) -> None:
    refuse_network_folder(folder)
    try:
        holds_something = folder.exists() and any(
            each.name != ".DS_Store" and not each.name.startswith(WORKING) for each in folder.iterdir())
    except OSError as error:
        raise ClinicError(f"The folder {folder} cannot be used ({reason_of(error)}). Give a new folder.") from None
    if holds_something:
        raise ClinicError(f"{folder} is not empty. A backup is restored to a new place, so that nothing is "
                          "overwritten: give a new folder.")


def _check_empty(place: Place) -> None:
    database = Database(place)
    try:
        with database.reading() as connection:
            if version_of(connection) is not None:
                raise ClinicError(f"{place} holds a clinic already. A backup is restored to an empty database.")
    finally:
        database.close()


def _check_rows(copy: Path, manifest: Manifest, file: Path) -> None:
    """Does the backup's database hold what its manifest says? Raises: FileError."""
    with closing(sqlite3.connect(copy)) as connection, plain_faults(Place(str(file), copy.parent)):
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        tables = {name for (name,) in connection.execute(names)} - {"alembic_version"}
        counts = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608
    if counts != manifest.rows:
        raise FileError(f"{file.name} is damaged: it does not hold the rows that it lists. Take another backup.")


@contextmanager
def _opened(folder: Path, manifest: Manifest, clinician: str | None) -> Iterator[Session]:
    """The unpacked clinic, with its tables up to date."""
    database = Database(Place(file_address(folder / DATABASE_FILE), folder))
    try:
        bring_up_to_date(database)
        with database.reading() as connection:
            identity = connection.execute(
                select(clinic.c.clinic_id, clinic.c.name, clinic.c.key_fingerprint)).one_or_none()
        if identity is None or identity[0] != manifest.clinic_id:
            raise FileError("The backup is damaged: it does not say which clinic it is. Take another one.")
        yield Session(database, *identity, clinician=clinician)
    finally:
        database.close()


def _settle(session: Session, manifest: Manifest, place: str, *, key_is_lost: bool) -> RestoreReceipt:
    """Erase again who was erased since, and note in the trail that the clinic was restored."""
    listed = read_list(session.clinic_id)
    with session.database.writing() as connection:
        own = set(connection.execute(select(erasures.c.keyed_hash)).scalars())
        new = [entry for entry in listed or () if entry["keyed_hash"] not in own]
        key = _key(session, must_be=bool(new) or listed is None, key_is_lost=key_is_lost)
        if new:
            connection.execute(insert(erasures), new)
        again = _erase_again(connection, key) if key else 0
        trail.record(connection, session, "restored", detail=f"backup of {manifest.made_at[:16]}")
        keep_list(session, connection)
    if again and (problem := wipe(session.database)):
        raise ClinicError(problem)
    return RestoreReceipt(place, manifest, again, listed is not None, bool(key))


def _key(session: Session, *, must_be: bool, key_is_lost: bool) -> bytes:
    """The clinic's key; none where it is not needed, or said to be lost. Raises: ClinicError."""
    try:
        return session.key()
    except ClinicError as error:
        if key_is_lost or not must_be:
            return b""
        key, erased = key_file(session.clinic_id), list_file(session.clinic_id)
        raise ClinicError(
            f"{error} Without it nobody can tell who was erased since this backup was made, and they would be back. "
            f"Bring {key.name} and, if there is one, {erased.name} to {key.parent}; 'hipanalytics doctor' on the "
            "clinic's own computer says where they lie. Only if the key is lost for good: --key-is-lost.") from None


def _erase_again(connection: Connection, key: bytes) -> int:
    hashes = set(connection.execute(select(erasures.c.keyed_hash)).scalars())
    if not hashes:
        return 0
    everyone = select(patients.c.patient_id).union(select(quarantine.c.patient_text))
    found = [each for each in connection.execute(everyone).scalars() if keyed_hash(each, key) in hashes]
    for patient_id in found:
        remove_patient(connection, patient_id)
    return len(found)


def _send(source: Database, place: Place) -> None:
    """The unpacked clinic into an empty PostgreSQL, wholly or not at all. Raises: ClinicError."""
    target = Database(place)
    try:
        with source.reading() as sent, target.writing() as connection:
            if version_of(connection) is not None:
                raise ClinicError(f"Someone else has made a clinic in {place} meanwhile. Nothing was restored.")
            migrate(connection, "head")
            copy_clinic(sent, connection)
            if counts_of(connection) != counts_of(sent) or prints_of(connection) != prints_of(sent):
                raise ClinicError(f"What arrived in {place} is not what was sent. Nothing was restored; repeat it, and "
                                  "tell whoever runs the server.")
    finally:
        target.close()
