"""One person's work with one open clinic: which database, who signs, what time it is."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from hipanalytics.clinic.database import Database
from hipanalytics.clinic.keys import read_key

CLINICIAN_VARIABLE: Final = "HIPANALYTICS_CLINICIAN"


def login_name() -> str:
    """The user of JupyterHub, or of the operating system."""
    try:
        return os.environ.get("JUPYTERHUB_USER") or getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass
class Session:
    """What every step in a clinic needs to know: the database, the clinic's identity, who is at work, the time."""

    database: Database
    clinic_id: str
    name: str
    key_fingerprint: str
    login: str = field(default_factory=login_name)
    clinician: str | None = None
    """The clinician who was chosen; without one, the login signs (see `clinicians.author_of`)."""
    clock: Callable[[], dt.datetime] = _now
    not_yet_noted: list[dict[str, Any]] = field(default_factory=list)
    """Entries of the access trail that wait for others to finish writing."""

    def now(self) -> str:
        """The time as it is stored: in UTC, to the millisecond."""
        return self.clock().astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def key(self) -> bytes:
        """The clinic's secret key. Raises: ClinicError where it is missing or another clinic's."""
        return read_key(self.clinic_id, self.key_fingerprint)
