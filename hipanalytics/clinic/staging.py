"""A file's rows on their way in: in temporary tables of one connection, where they hold up nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, SmallInteger, Table, Text, delete, update
from sqlalchemy.sql import bindparam

from hipanalytics.clinic.database import insert_many
from hipanalytics.clinic.prints import content_prints, item_prints, whole_prints
from hipanalytics.clinic.schema import log_rows

CONTENT: Final = tuple(column.name for column in log_rows.columns)[list(log_rows.columns.keys()).index("has_time"):]
"""What a row says, as in the session log, apart from whose it is and when."""

_metadata = MetaData()
_temporary: Final[dict[str, Any]] = {"prefixes": ["TEMPORARY"]}
incoming: Final = Table(
    "incoming", _metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("code", Integer, nullable=False),
    Column("performed_at", BigInteger, nullable=False),
    Column("item", BigInteger, nullable=False),
    Column("print", BigInteger, nullable=False),
    Column("nth", SmallInteger, nullable=False),
    Column("file_row", BigInteger, nullable=False),
    *(Column(name, log_rows.c[name].type) for name in CONTENT), **_temporary)
incoming_patients: Final = Table(
    "incoming_patients", _metadata,
    Column("code", Integer, primary_key=True, autoincrement=False),
    Column("patient_id", Text, nullable=False),
    Column("patient_no", Integer), **_temporary)
matched: Final = Table(
    "matched", _metadata,
    Column("row_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, index=True), **_temporary)
"""Rows of the clinic that the file holds too. Without `seq`: rows that a correction leaves beside its own."""
retired: Final = Table(
    "retired", _metadata,
    Column("row_id", BigInteger, primary_key=True, autoincrement=False),
    Column("patient_no", Integer, nullable=False), **_temporary)


@contextmanager
def staging(connection: Connection) -> Iterator[Staged]:
    """Empty temporary tables for one file; they vanish with the connection, whatever happens."""
    with connection.begin():
        _metadata.drop_all(connection)
        _metadata.create_all(connection)
    try:
        yield Staged(connection)
    finally:
        if not connection.invalidated and not connection.in_transaction():
            with connection.begin():
                _metadata.drop_all(connection)


class Staged:
    """The rows of one file, batch by batch, and what becomes known of them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.codes: dict[str, int] = {}
        self._prints: list[NDArray[np.uint64]] = []
        self._file_rows: list[NDArray[np.int64]] = []
        self.height = 0
        self.duplicates = 0

    def add(self, frame: pd.DataFrame) -> None:
        """Some rows of the file: the session log's columns, `row`, and what was left out of each."""
        codes = self._codes_of(frame)
        order = np.lexsort((frame["performed_at"].to_numpy(), codes))
        frame, codes = frame.iloc[order], codes[order]
        content = content_prints(frame)
        self._prints.append(whole_prints(frame, content))
        self._file_rows.append(frame["row"].to_numpy(np.int64))
        present = [name for name in CONTENT if name in frame]
        columns = [
            np.arange(self.height, self.height + len(frame)).tolist(), codes.tolist(),
            _moments(frame["performed_at"]), item_prints(frame).tolist(), content.tolist(), [0] * len(frame),
            frame["row"].tolist(), *(_plain(frame[name]) for name in present)]
        names = ["seq", "code", "performed_at", "item", "print", "nth", "file_row", *present]
        insert_many(self.connection, "incoming", names, zip(*columns, strict=True))
        self.height += len(frame)

    def finish(self, *, keep_repeated: bool) -> None:
        """Number the rows that are alike; unless the profile says that each counts, only the first stands."""
        nth = _occurrence(self.prints)
        repeated = np.flatnonzero(nth)
        if len(repeated):
            rows = [{"at": int(place), "count": int(nth[place])} for place in repeated]
            statement = update(incoming).where(incoming.c.seq == bindparam("at")).values(nth=bindparam("count"))
            drop = delete(incoming).where(incoming.c.seq == bindparam("at"))
            self.connection.execute(statement if keep_repeated else drop, rows)
        self.duplicates = 0 if keep_repeated else len(repeated)
        self.stands = np.ones(self.height, bool) if keep_repeated else nth == 0
        self.file_rows = np.concatenate([*self._file_rows, np.empty(0, np.int64)])
        self._file_rows.clear()
        if self.codes:
            self.connection.execute(incoming_patients.insert(), [
                {"code": code, "patient_id": patient} for patient, code in self.codes.items()])

    @property
    def prints(self) -> NDArray[np.uint64]:
        """For each row what it says, patient and moment included, as one number."""
        return np.concatenate([*self._prints, np.empty(0, np.uint64)])

    def _codes_of(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        ids = frame["patient_id"].cat
        known = np.array([self.codes.setdefault(word, len(self.codes)) for word in ids.categories], np.int64)
        return known[ids.codes.to_numpy()]


def _occurrence(prints: NDArray[np.uint64]) -> NDArray[np.int64]:
    """For each row how many earlier ones are alike."""
    order = np.argsort(prints, kind="stable")
    ordered = prints[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(prints) else order
    counts = np.diff(np.append(starts, len(prints)))
    nth = np.empty(len(prints), np.int64)
    nth[order] = np.arange(len(prints)) - np.repeat(starts, counts)
    return nth


def _moments(column: pd.Series) -> list[Any]:
    """Moments as microseconds since 1970; None where there is none."""
    moments = column.to_numpy().astype("datetime64[us]")
    numbers = moments.view(np.int64).tolist()
    missing = np.isnat(moments)
    return [None if gone else number for number, gone in zip(numbers, missing.tolist(), strict=True)] \
        if missing.any() else numbers


def _plain(column: pd.Series) -> list[Any]:
    """The values as the database takes them; None where there is none."""
    if str(column.dtype).startswith("datetime64"):
        return _moments(column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        words = np.array([*column.cat.categories, None], dtype=object)
        return words[column.cat.codes.to_numpy()].tolist()
    values = column.astype(object) if column.dtype.kind not in "fb" else column
    if column.isna().any():
        values = values.astype(object).where(column.notna(), None)
    return values.tolist()
