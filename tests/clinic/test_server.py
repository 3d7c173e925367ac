"""A server that cannot be reached, refuses, holds something else or goes away: one sentence, never the password."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from clinic.files import TODAY, drawn, sentence_of, write_lines
from clinic.postgres import PASSWORD, Server
from hipanalytics.clinic.clinic import open_clinic
from hipanalytics.clinic.database import Database, insert_many, read_many
from hipanalytics.clinic.places import find_place
from hipanalytics.clinic.schema import log_changes
from hipanalytics.errors import ClinicError

SECRET = "S3cr3t!pw"
ADDRESSES = [
    "postgresql://weber:{secret}@127.0.0.1:1/clinic", "postgresql://weber:{secret}@no-such-host.invalid/clinic",
    "postgresql://weber:{secret}@127.0.0.1:port/clinic", "postgresql://weber:{secret}@127.0.0.1:99999/clinic",
    "postgresql://127.0.0.1:1/clinic?user=weber&password={secret}", "postgres://weber:{secret}@[::1/clinic",
    "postgresql://weber:{secret}@127.0.0.1:1/clinic?nonsense={secret}", "postgresql+psycopg2://weber:{secret}@h/clinic",
    "postgresql://weber:{secret}@127.0.0.1:1/", "postgresql://weber:{secret}@127.0.0.1:1/a\0b"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_unreachable_server_and_never_the_password(home: Path, address: str) -> None:
    said = sentence_of(lambda: open_clinic(address.format(secret=SECRET)))
    assert SECRET not in said
    with suppress(ClinicError):
        place = find_place(address.format(secret=SECRET))
        for shown in (repr(place), str(place), repr(Database(place)), repr(Database(place).engine)):
            assert SECRET not in shown


@pytest.mark.clinic
def test_a_wrong_password(server: Server, database: str, home: Path) -> None:
    said = sentence_of(lambda: open_clinic(database.replace(PASSWORD, SECRET)))
    assert "refuses the user or the password" in said
    assert SECRET not in said
    assert "refuses the user or the password" in sentence_of(lambda: open_clinic(database.replace(f":{PASSWORD}", "")))


@pytest.mark.clinic
def test_the_password_is_shown_nowhere(database: str, home: Path) -> None:
    with open_clinic(database) as clinic:
        session = clinic.session
        for shown in (clinic, session, session.database, session.database.place, session.database.engine):
            assert PASSWORD not in f"{shown} {shown!r}"
        assert PASSWORD not in clinic.place


@pytest.mark.clinic
def test_a_database_that_is_not_there_or_another_s(server: Server, database: str, home: Path) -> None:
    assert "no such database" in sentence_of(lambda: open_clinic(server.address("nowhere")))
    assert "There is no clinic" in sentence_of(lambda: open_clinic(database, create=False))
    name = database.rpartition("/")[2]
    server.run("CREATE TABLE tunes (title text)", name)
    assert "another program's" in sentence_of(lambda: open_clinic(database))
    assert server.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name) == [(1,)]


@pytest.mark.clinic
def test_a_user_without_rights(server: Server, database: str, home: Path) -> None:
    open_clinic(database).close()
    server.run(f"CREATE ROLE guest{os.getpid()} LOGIN PASSWORD '{PASSWORD}'")
    guest = database.replace("postgres:", f"guest{os.getpid()}:")
    try:
        assert "no right" in sentence_of(lambda: open_clinic(guest))
        assert "no right" in sentence_of(lambda: open_clinic(f"{guest.rpartition('/')[0]}/{server.new_database()}"))
    finally:
        server.run(f"DROP ROLE guest{os.getpid()}")


@pytest.mark.clinic
def test_a_server_that_goes_away(server: Server, database: str, home: Path) -> None:
    """Every connection is ended in the middle of the work; the next step finds its way again."""
    with open_clinic(database) as clinic:
        clinic.import_logs(write_lines(home / "a.csv", "P1|2026-03-01|bridge|5"), today=TODAY)
        name = database.rpartition("/")[2]
        end_all = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"

        def ended_midway(step: Callable[[Connection], None]) -> None:
            with clinic.session.database.writing() as connection:
                server.run(end_all)
                step(connection)

        for step in (lambda connection: connection.execute(insert(log_changes).values(change=99, token="")),
                     lambda connection: insert_many(connection, "log_changes", ["change", "token"], [(99, "")]),
                     lambda connection: list(read_many(connection, select(log_changes), at_once=5))):
            assert "cannot be reached" in sentence_of(lambda step=step: ended_midway(step))
        assert len(drawn(clinic)) == 1
        server.run(end_all)
        clinic.import_logs(write_lines(home / "b.csv", "P2|2026-03-01|bridge|5"), today=TODAY)
        assert len(drawn(clinic)) == 2


@pytest.mark.clinic
@pytest.mark.parametrize("note", ["a\0b", "\ud800"])
def test_text_that_a_server_cannot_hold(database: str, home: Path, note: str) -> None:
    path = home / "odd.csv"
    path.write_bytes(f'patient_id,performed_at,note\nP1,2026-03-01,"{note}"\n'.encode("utf-8", "surrogatepass"))
    with open_clinic(database) as clinic, suppress(ClinicError):
        clinic.import_logs(path, today=TODAY)
    with open_clinic(database) as clinic:
        assert len(clinic.imports()) == len(clinic.cohort().logs)
