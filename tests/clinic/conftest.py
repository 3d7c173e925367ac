"""A clinic of its own for each test, so that nothing of the user's is read or written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic.files import TODAY, write_lines
from clinic.postgres import Server, find_binaries, running_server
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.clinic.opening import open_session
from hipanalytics.clinic.places import PLACE_VARIABLE
from hipanalytics.clinic.session import CLINICIAN_VARIABLE, Session

NOON = dt.datetime(2026, 3, 16, 12, tzinfo=dt.UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in (CLINICIAN_VARIABLE, PLACE_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def session(home: Path) -> Iterator[Session]:
    """A fresh clinic, at noon of 16 March 2026, with Dr Weber at work."""
    opened = open_session(home / "clinic", clinician="Dr Weber")
    opened.clock = lambda: NOON
    yield opened
    opened.database.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL of this machine's own, for as long as the tests run."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    with running_server(binaries) as started:
        yield started


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The address of an empty database on that server."""
    name = server.new_database()
    yield server.address(name)
    server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.clinic)])
def place(request: pytest.FixtureRequest, home: Path) -> str:
    """Where a clinic can be made: a folder, and a database on a server."""
    if request.param == "sqlite":
        return str(home / "clinic")
    address: str = request.getfixturevalue("database")
    return address


@pytest.fixture
def clinic(place: str) -> Iterator[Clinic]:
    """A fresh clinic of either kind, with Dr Weber at work."""
    with open_clinic(place, clinician="Dr Weber") as opened:
        yield opened


@pytest.fixture
def made(home: Path) -> Path:
    """A clinic in a folder, with 600 rows and an open quarantine entry; closed."""
    lines = [f"P{patient} | 2026-03-{day:02} 10:00 | bridge | {day % 7}"
             for patient in range(30) for day in range(1, 21)]
    lines.append("P1 | 2026-03-25 10:00 | bridge | 12")
    with open_clinic(home / "clinic", name="Hip clinic") as clinic:
        clinic.import_logs(write_lines(home / "a.csv", "\n".join(lines)), today=TODAY)
        clinic.cohort()
    return home / "clinic"
