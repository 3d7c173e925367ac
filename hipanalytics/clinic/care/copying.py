"""A clinic's whole content, table by table, from one database to another: SQLite or PostgreSQL, either way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

from sqlalchemy import Boolean, Connection, Table, func, select, text

from hipanalytics.clinic.database import insert_many
from hipanalytics.clinic.schema import metadata

_AT_ONCE: Final = 20_000
Counted = Callable[[int], None]


def copy_clinic(source: Connection, target: Connection, on_rows: Counted = lambda rows: None) -> None:
    """Every row of every table into the same tables, which are empty, some rows at a time.

    Rule: numbers that were given to rows once are not given again in the copy either. `on_rows` hears how many more
    rows were copied.
    """
    for table in metadata.sorted_tables:
        names = [column.name for column in table.columns]
        rows = _rows(source, table, on_rows)
        if target.dialect.name != "sqlite":
            rows = _with_truth(rows, table)
        insert_many(target, table.name, [f'"{name}"' for name in names], rows)
    for table in metadata.sorted_tables:
        _set_highest(target, table, _highest(source, table))


def prints_of(connection: Connection, on_rows: Counted = lambda rows: None) -> dict[str, str]:
    """For each table the SHA-256 of its whole content: the same for the same content in any database."""
    return {table.name: _print(_rows(connection, table, on_rows)) for table in metadata.sorted_tables}


def counts_of(connection: Connection) -> dict[str, int]:
    """How many rows does each table have?"""
    return {table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables}


def _print(rows: Iterator[tuple[Any, ...]]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(row).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _rows(connection: Connection, table: Table, on_rows: Counted) -> Iterator[tuple[Any, ...]]:
    """The rows by their key, as plain values: truth as 0 and 1."""
    is_sqlite = connection.dialect.name == "sqlite"
    columns = ", ".join(f'"{column.name}"::int' if isinstance(column.type, Boolean) and not is_sqlite
                        else f'"{column.name}"' for column in table.columns)
    keys = ", ".join(f'"{column.name}"{"" if is_sqlite else _LIKE_SQLITE.get(str(column.type), "")}'
                     for column in table.primary_key.columns)
    driver: Any = connection.connection.driver_connection
    with closing(driver.cursor() if is_sqlite else driver.cursor(name="copied")) as cursor:
        cursor.execute(f"SELECT {columns} FROM {table.name} ORDER BY {keys}")  # noqa: S608
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from rows
            on_rows(len(rows))


_LIKE_SQLITE: Final = {"TEXT": ' COLLATE "C"'}
"""Keys that are text are sorted by their bytes, as SQLite sorts them."""


def _with_truth(rows: Iterator[tuple[Any, ...]], table: Table) -> Iterator[tuple[Any, ...]]:
    """The rows with truth as PostgreSQL takes it."""
    places = [place for place, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    for row in rows:
        values = list(row)
        for place in places:
            values[place] = None if row[place] is None else bool(row[place])
        yield tuple(values)


def _counted(table: Table) -> str | None:
    """The column whose numbers the database itself gives out, each once."""
    return next(iter(table.primary_key.columns)).name if table.dialect_options["sqlite"]["autoincrement"] else None


def _highest(connection: Connection, table: Table) -> int:
    """The highest number that was ever given to a row of this table."""
    column = _counted(table)
    if column is None:
        return 0
    if connection.dialect.name == "sqlite":
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return connection.execute(query, {"name": table.name}).scalar() or 0
    sequence = connection.execute(text("SELECT pg_get_serial_sequence(:name, :column)"),
                                  {"name": table.name, "column": column}).scalar_one()
    last, is_called = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
    return int(last) if is_called else 0


def _set_highest(connection: Connection, table: Table, highest: int) -> None:
    column = _counted(table)
    if column is None or not highest:
        return
    if connection.dialect.name == "sqlite":
        values = {"name": table.name, "seq": highest}
        changed = connection.execute(text("UPDATE sqlite_sequence SET seq = :seq WHERE name = :name"), values).rowcount
        if not changed:
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), values)
    else:
        connection.execute(text("SELECT setval(pg_get_serial_sequence(:name, :column), :highest)"),
                           {"name": table.name, "column": column, "highest": highest})
