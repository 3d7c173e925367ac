"""Backups: the whole clinic in one file, as it was at one moment, whoever is writing meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

from hipanalytics.clinic import trail
from hipanalytics.clinic.care.copying import copy_clinic, counts_of, prints_of
from hipanalytics.clinic.care.erasure import keep_list
from hipanalytics.clinic.care.leftovers import sweep, working_prefix
from hipanalytics.clinic.database import Database, plain_faults
from hipanalytics.clinic.migrating import LATEST, migrate
from hipanalytics.clinic.places import DATABASE_FILE, Place, file_address, new_private_file, reason_of
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError, FileError
from hipanalytics.exports import replacing

ENDING: Final = ".hipclinic"
MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
CHUNK: Final = 1 << 20
Progress = Callable[[str, float], None]
_NOT_WHOLE: Final = (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError, ValueError,
                     TypeError)
_WORKING: Final = ".hipclinic-"


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself."""

    clinic_id: str
    clinic_name: str
    made_at: str
    tables: str
    """The version of the clinic's tables."""
    program: str
    """The version of hipanalytics that made it."""
    rows: dict[str, int]
    content: dict[str, str]
    """For each table the SHA-256 of its content."""
    database_bytes: int
    database_sha256: str
    format: int = FORMAT


@dataclass(frozen=True)
class BackupReceipt:
    """Where a backup lies, and what it holds."""

    file: Path
    file_bytes: int
    manifest: Manifest


def backup(
    session: Session, to_file: str | Path, on_progress: Progress = lambda stage, fraction: None,
) -> BackupReceipt:
    """Write the whole clinic into one file (.hipclinic), as it is at this moment.

    Rule: others may go on working. The file appears once it is complete and has been read back; its owner alone may
    read it. It holds all patient data, unencrypted, but neither the clinic's secret key nor any name.
    Parameters: to_file: a new file, or a folder, in which it gets the clinic's name and the day.
    Raises: ClinicError, FileError; then there is no file.
    """
    path = _target(session, Path(to_file).expanduser().absolute())
    with session.database.reading() as connection:
        keep_list(session, connection)
    try:
        sweep(path.parent, _WORKING, f".*{ENDING}.*.part")
        with tempfile.TemporaryDirectory(
                dir=path.parent, prefix=working_prefix(_WORKING)) as folder, replacing(path) as temporary:
            copy, made_at = Path(folder) / DATABASE_FILE, session.now()
            on_progress("Copying the clinic", 0.0)
            _copy_to(session, copy, lambda fraction: on_progress("Copying the clinic", fraction * 0.5))
            on_progress("Counting", 0.5)
            manifest = _manifest_of(session, copy, made_at)
            on_progress("Packing", 0.7)
            new_private_file(temporary)
            _pack(temporary, copy, manifest)
            on_progress("Reading it back", 0.85)
            check_backup(temporary)
            size = temporary.stat().st_size
    except OSError as error:
        raise FileError(f"The backup cannot be written to {path.parent} ({reason_of(error)}). Choose another place, or "
                        "make room there.") from None
    with session.database.writing() as connection:
        trail.record(connection, session, "backed up", patients=manifest.rows["patients"], detail=path.name)
    on_progress("Backed up", 1.0)
    return BackupReceipt(path, size, manifest)


def check_backup(file: Path, extract_to: Path | None = None) -> Manifest:
    """Is this a backup, whole and unchanged? If so, its database may be extracted on the way.

    Raises: FileError with what is wrong; ClinicError for a backup of a newer version.
    """
    try:
        with _opened(file) as archive:
            manifest = _read_manifest(archive, file)
            with archive.open(DATABASE_FILE) as packed:
                digest = _copied(packed, extract_to, manifest.database_bytes)
    except _NOT_WHOLE:
        raise FileError(f"{file.name} is no backup of a clinic, or is damaged or cut off. Take another one.") from None
    except OSError as error:
        raise FileError(f"{file.name} cannot be unpacked ({reason_of(error)}). Make room, and repeat it.") from None
    if digest != manifest.database_sha256:
        raise FileError(f"{file.name} is damaged: what it holds is not what was written. Take another backup.")
    return manifest


def backup_words(receipt: BackupReceipt) -> str:
    """Where the backup lies, what it holds, and how to keep it."""
    rows = receipt.manifest.rows
    return (f"Backed up to {receipt.file} ({receipt.file_bytes / 1e6:,.1f} MB): {rows['patients']:,} patients, "
            f"{rows['log_rows']:,} rows of logs, {rows['decisions']:,} decisions.\nIt holds patient data and is not "
            "encrypted: keep it where only you can read it. It holds neither the clinic's secret key nor the name "
            "list; 'hipanalytics doctor' says where those lie.")


def _target(session: Session, path: Path) -> Path:
    if path.is_dir():
        name = "".join(letter if letter.isalnum() else "-" for letter in session.name).strip("-")
        path /= f"{name or 'clinic'}-{session.now()[:10]}{ENDING}"
    elif path.suffix != ENDING:
        path = path.with_name(path.name + ENDING)
    if path.exists():
        raise FileError(f"{path} is there already. Give another name; a backup never takes another one's place.")
    if not path.parent.is_dir():
        raise FileError(f"{path.parent} is not a folder. Give a folder that is there.")
    own = session.database.place.folder
    if own is not None and own.resolve() in path.resolve().parents:
        raise FileError("A backup in the clinic's own folder would be lost with it. Give another place, at best on "
                        "another disk.")
    return path


def _copy_to(session: Session, copy: Path, tell: Callable[[float], None]) -> None:
    """One state of the clinic as a database file of its own."""
    if not session.database.is_sqlite:
        _copy_rows(session.database, copy, tell)
        return
    with closing(sqlite3.connect(session.database.place.database, isolation_level=None)) as connection:
        try:
            connection.execute("VACUUM INTO ?", (str(copy),))
        except sqlite3.Error as error:
            if "full" in str(error):
                raise OSError(28, "the disk is full") from None
            with plain_faults(session.database.place):
                raise


def _copy_rows(database: Database, copy: Path, tell: Callable[[float], None]) -> None:
    target = Database(Place(file_address(copy), copy.parent))
    try:
        with database.reading() as source, target.writing() as connection:
            whole, done = sum(counts_of(source).values()) or 1, 0

            def on_rows(rows: int) -> None:
                nonlocal done
                done += rows
                tell(done / whole)

            migrate(connection, "head")
            copy_clinic(source, connection, on_rows)
    finally:
        target.close()


def _manifest_of(session: Session, copy: Path, made_at: str) -> Manifest:
    database = Database(Place(file_address(copy), copy.parent))
    try:
        with database.reading() as connection:
            rows = counts_of(connection)
            content = prints_of(connection)
    finally:
        database.close()
    with copy.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Manifest(session.clinic_id, session.name, made_at, LATEST, version("hipanalytics"), rows, content,
                    copy.stat().st_size, digest)


def _pack(path: Path, copy: Path, manifest: Manifest) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
        archive.write(copy, DATABASE_FILE)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except OSError as error:
        raise FileError(f"{file.name} cannot be read ({reason_of(error)}).") from None


def _read_manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    """Raises: KeyError, ValueError, TypeError where there is none."""
    values: Any = json.loads(archive.read(MANIFEST)) if archive.getinfo(MANIFEST).file_size < CHUNK else {}
    if int(values["format"]) > FORMAT:
        raise ClinicError(f"{file.name} was made by a newer version of hipanalytics ({values.get('program')}). "
                          "Install that version.")
    manifest = Manifest(**values)
    if not (isinstance(manifest.rows, dict) and all(isinstance(each, int) for each in manifest.rows.values())):
        raise ValueError
    return manifest


def _copied(packed: IO[bytes], extract_to: Path | None, size: int) -> str:
    """The SHA-256 of what is unpacked, where it is as long as it should be; not much more is read."""
    digest, left = hashlib.sha256(), size
    target = open(extract_to if extract_to is not None else os.devnull, "wb")  # noqa: SIM115
    with target:
        while left >= 0 and (part := packed.read(CHUNK)):
            digest.update(part)
            target.write(part)
            left -= len(part)
        if extract_to is not None:
            target.flush()
            os.fsync(target.fileno())
    return digest.hexdigest() if left == 0 else ""
