"""Where a clinic lies: its folder, who may read it, and which folders cannot hold one."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path, user_config_path, user_data_path

from hipanalytics.errors import ClinicError

PLACE_VARIABLE: Final = "HIPANALYTICS_CLINIC"
"""Names the clinic to open where none is named."""
DATABASE_FILE: Final = "clinic.sqlite"
_REMOTE: Final = ("nfs", "cifs", "smb", "afs", "9p", "sshfs", "webdav", "davfs", "gluster", "ceph", "lustre", "beegfs",
                  "ncpfs", "gvfs", "rclone", "s3fs", "gpfs")


@dataclass(frozen=True)
class Place:
    """A clinic's place: the address of its database, and the folder beside it for what can be made again."""

    url: str = field(repr=False)
    """It may hold a password, and is never shown; `str` of the place is."""
    folder: Path | None
    """The clinic's own folder; none for a database server."""
    group_may_use: bool = False

    @property
    def is_server(self) -> bool:
        """Whether the database is on a server."""
        return self.folder is None

    @property
    def database(self) -> Path:
        """The database file. Only for a clinic in a folder."""
        if self.folder is None:
            raise ClinicError("This clinic is on a database server; it has no file of its own.")
        return self.folder / DATABASE_FILE

    def snapshots(self, clinic_id: str) -> Path:
        """Where the columnar snapshot lies: in the clinic's folder, or in this user's cache for a server."""
        own = self.folder or user_cache_path("hipanalytics", appauthor=False) / "clinics" / clinic_id
        return own / "snapshot"

    def __str__(self) -> str:
        from sqlalchemy import make_url

        return str(self.folder) if self.folder else make_url(self.url).set(query={}).render_as_string()


def find_place(place: str | Path | None, *, group_may_use: bool = False) -> Place:
    """Where does this clinic lie?

    Rule: a folder, or the address of a PostgreSQL (postgresql://user@host/name). Without one: what HIPANALYTICS_CLINIC
    names, else the folder `clinic` in the platform's folder for a user's data.
    Raises: ClinicError for an address of another kind.
    """
    given = str(place or os.environ.get(PLACE_VARIABLE) or default_folder())
    if "://" in given:
        return Place(_server_address(given), None)
    folder = _folder(given)
    if folder.name == DATABASE_FILE:
        folder = folder.parent
    return Place(file_address(folder / DATABASE_FILE), folder, group_may_use or _group_uses(folder))


def file_address(file: Path) -> str:
    """The address of a database in a file, whatever signs its name has."""
    from sqlalchemy import URL

    return URL.create("sqlite+pysqlite", database=str(file)).render_as_string()


def default_folder() -> Path:
    """The clinic that is opened where none is named."""
    return user_data_path("hipanalytics", appauthor=False) / "clinic"


def has_clinic() -> bool:
    """Whether a clinic is there to be opened where none is named: one that is set, or the one in its default folder."""
    return bool(os.environ.get(PLACE_VARIABLE)) or (default_folder() / DATABASE_FILE).exists()


def private_folder() -> Path:
    """Where keys and name lists lie: outside every clinic, for this user alone."""
    folder = user_config_path("hipanalytics", appauthor=False) / "private"
    make_folder(folder, group_may_use=False)
    return folder


def make_folder(folder: Path, *, group_may_use: bool) -> None:
    """Make a folder for its owner alone, or for its group too. Raises: ClinicError where it cannot be made."""
    try:
        for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
            missing.mkdir(0o700, exist_ok=True)
        if os.name == "posix" and (folder.stat().st_uid == os.geteuid() or not group_may_use):
            folder.chmod(0o2770 if group_may_use else 0o700)
    except OSError as error:
        raise ClinicError(f"The folder {folder} cannot be made or used ({reason_of(error)}). "
                          "Choose another one, or ask whoever looks after this computer.") from None


def new_private_file(path: Path, *, group_may_use: bool = False) -> None:
    """An empty file that its owner alone, or its group too, may read; one that exists stays as it is."""
    mode = 0o660 if group_may_use else 0o600
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, mode))
    if path.stat().st_size == 0:
        path.chmod(mode)


def refuse_network_folder(folder: Path) -> None:
    """A clinic in a folder of another machine would be damaged by two writers. Raises: ClinicError."""
    kind = _kind_of_drive(folder)
    if any(word in kind for word in _REMOTE) or kind.startswith("\\\\") or "remote" in kind:
        raise ClinicError(
            f"{folder} lies on a network drive ({kind}), where several users would damage the clinic's file. "
            "Use PostgreSQL (--clinic postgresql://user@server/name), or a folder on this computer's own disk.")


def reason_of(error: BaseException) -> str:
    """The system's own words for an error, without a path."""
    return str(getattr(error, "strerror", None) or type(error).__name__)


def _folder(given: str) -> Path:
    if re.match(r"[^/\\:]+:[^/\\@]+@[^/\\]+/", given):
        raise ClinicError("This looks like an address with a password, and not like a folder. Write a PostgreSQL as "
                          "postgresql://user@server/name.")
    try:
        folder = Path(given).expanduser().absolute()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            folder.stat()
    except (OSError, RuntimeError, ValueError):
        raise ClinicError("This cannot be the folder of a clinic: its name is too long, holds a sign that no name can "
                          "hold, or begins with ~ and a user whom this computer does not know.") from None
    return folder


def _server_address(given: str) -> str:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    scheme, _, rest = given.partition("://")
    if rest.split("/")[0].count("@") > 1:
        raise ClinicError("The address of the database has more than one @: one in a password is written as %40.")
    if scheme not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise ClinicError(f"An address that begins with {scheme}:// is not understood. "
                          "Give a folder, or a PostgreSQL as postgresql://user@server/name.")
    try:
        return make_url(f"postgresql+psycopg://{rest}").render_as_string(hide_password=False)
    except (ArgumentError, ValueError):
        raise ClinicError("The address of the database is not understood. Write it as postgresql://user@server:5432/"
                          "name (signs such as @ or / in a password as %40 or %2F).") from None


def _kind_of_drive(folder: Path) -> str:
    """The file system under a folder, in small letters; for a path of Windows, what it says of its drive."""
    import psutil

    if str(folder).startswith("\\\\"):
        return str(folder).split("\\")[2].lower()
    real = str(next(each for each in (folder, *folder.parents) if each.exists()).resolve())
    best = ("", "")
    for part in psutil.disk_partitions(all=True):
        mount = part.mountpoint.rstrip("/\\")
        if (real == mount or real.startswith(mount + os.sep)) and len(mount) >= len(best[0]):
            best = (mount, f"{part.fstype} {'remote' if 'remote' in part.opts.split(',') else ''}".strip().lower())
    return best[1]


def _group_uses(folder: Path) -> bool:
    try:
        return bool((folder / DATABASE_FILE).stat().st_mode & stat.S_IRGRP)
    except OSError:
        return False
