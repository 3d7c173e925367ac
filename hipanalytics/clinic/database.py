"""One database, SQLite or PostgreSQL: transactions that wait for their turn, and faults told in plain sentences."""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import CompoundSelect, Connection, Engine, Select, create_engine, event, exc, text
from sqlalchemy.pool import NullPool

from hipanalytics.clinic.places import Place
from hipanalytics.errors import BusyError, ClinicError

WAIT_SECONDS: Final = 300
"""How long a change waits for another one, such as a long import, to end."""
_LOCK: Final = 7_214_001


class Database:
    """A clinic's database: reading sees one state throughout, writing is all or nothing and one after the other."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.engine = _server_engine(place) if place.is_server else _file_engine(place)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file."""
        return not self.place.is_server

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One unchanging state of the clinic. Raises: ClinicError."""
        with plain_faults(self.place), self.engine.connect() as connection:
            if self.place.is_server:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self, *, wait_s: int = WAIT_SECONDS) -> Iterator[Connection]:
        """All or nothing, one after the other. Raises: ClinicError (BusyError after the wait): nothing was saved."""
        with plain_faults(self.place), self.engine.connect() as connection:
            connection.info["immediate"] = self.is_sqlite
            if self.is_sqlite:
                driver: Any = connection.connection.driver_connection
                driver.execute(f"PRAGMA busy_timeout = {wait_s * 1000}")
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text(f"SET LOCAL lock_timeout = '{wait_s}s'"))
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                yield connection

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()


@contextmanager
def plain_faults(place: Place) -> Iterator[None]:
    """What the database complains of, as a sentence that says what to do. Raises: ClinicError."""
    try:
        yield
    except (UnicodeError, zlib.error, json.JSONDecodeError):
        raise ClinicError(_DAMAGED.format(place=place)) from None
    except Exception as error:
        if not _is_of_a_database(error):
            raise
        sentence = _sentence(place, error)
        kind = BusyError if sentence == _SENTENCES[0][1].format(place=place) else ClinicError
        raise kind(sentence) from None


def _is_of_a_database(error: Exception) -> bool:
    is_driver_s = type(error).__module__.partition(".")[0] == "psycopg"  # which is loaded only where it is needed
    return is_driver_s or isinstance(error, (exc.SQLAlchemyError, sqlite3.Error))


def insert_many(connection: Connection, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Many rows at once, past SQLAlchemy's own handling of each."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def read_many(connection: Connection, query: Select[Any], *, at_once: int) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Many rows, some at once, as the driver gives them: past SQLAlchemy's own handling of each."""
    words = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor() if connection.dialect.name == "sqlite" else driver.cursor(name="many_rows")
    with closing(cursor):
        cursor.execute(words)
        while rows := cursor.fetchmany(at_once):
            yield rows


def read_numbers(connection: Connection, query: Select[Any] | CompoundSelect[Any]) -> NDArray[np.int64]:
    """Rows of whole numbers, however many: one column of the array for each of the query's."""
    try:
        parts = [np.array(rows, np.int64) for rows in connection.execute(query).partitions(100_000)]
    except (TypeError, ValueError, OverflowError):
        raise sqlite3.DatabaseError("malformed: there are numbers missing") from None
    return np.concatenate(parts) if parts else np.empty((0, len(query.selected_columns)), np.int64)


def _file_engine(place: Place) -> Engine:
    engine = create_engine(
        place.url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": WAIT_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("foreign_keys = ON", "synchronous = FULL", "secure_delete = ON", "cache_size = -65536"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("immediate") else "BEGIN")

    return engine


def _server_engine(place: Place) -> Engine:
    return create_engine(place.url, pool_pre_ping=True, hide_parameters=True,
                         connect_args={"connect_timeout": 10, "application_name": "hipanalytics"})


_DAMAGED: Final = ("The clinic {place} is damaged. Do not write to it; bring back the latest backup to a new place "
                   "(hipanalytics restore BACKUP NEW-FOLDER).")
_SENTENCES: Final = (
    (r"database is locked|lock timeout|deadlock detected",
     "Someone else has been changing the clinic {place} for minutes (a long import, perhaps). Nothing was saved; try "
     "again when it has ended."),
    (r"disk is full|No space left|disk I/O error",
     "The disk is full, or failed while writing to the clinic {place}. Nothing of this step was saved; make room and "
     "repeat it."),
    (r"readonly database|read-only",
     "The clinic {place} cannot be written: its folder or file is read-only for you. Nothing was saved; ask whoever "
     "looks after this computer for the right to write there."),
    (r"unable to open database file",
     "The clinic {place} cannot be opened: its folder is missing, or you have no right to use it."),
    (r"file is not a database",
     "{place} is no clinic: the file clinic.sqlite there is not a database, or is damaged from its first bytes. Choose "
     "another folder, or bring back a backup (hipanalytics restore)."),
    (r"malformed|database corrupt|disk image|not decode", _DAMAGED),
    (r"password authentication failed|no password supplied",
     "{place} refuses the user or the password. Check both; the password is best kept in the file .pgpass."),
    (r"role \".*\" does not exist", "{place} does not know this user. Check the address, or have the user made there."),
    (r"database \".*\" does not exist",
     "{place}: there is no such database on the server. Have it made there (createdb), or correct its name."),
    (r"could not translate host|Name or service|failed to resolve|nodename nor servname",
     "There is no server of that name: {place}. Check the address."),
    (r"connection refused|timeout expired|connection timeout|server closed|could not connect|connection failed|"
     r"terminating connection|consuming input failed|connection is (closed|lost)|database system is|too many clients|"
     r"connection slots",
     "The database server of {place} cannot be reached. Nothing of this step was saved; check the network and the "
     "address, or ask whoever runs the server, and repeat it."),
    (r"permission denied|insufficient.privilege",
     "You have no right to do this in {place}. Ask whoever runs the server."),
    (r"no such table|relation \".*\" does not exist",
     "{place} is the database of another program, or damaged: a clinic's tables are missing."),
)


def _sentence(place: Place, error: Exception) -> str:
    words = str(getattr(error, "orig", error))
    for pattern, sentence in _SENTENCES:
        if re.search(pattern, words, re.IGNORECASE):
            return sentence.format(place=place)
    kind = type(getattr(error, "orig", error)).__name__
    return (f"The database of {place} reports a fault ({kind}). Nothing of this step was saved. "
            "'hipanalytics doctor' looks for the cause.")
