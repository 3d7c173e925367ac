"""A file's rows on their way in: kept aside, out of everyone's way, until all are read and can take their place."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text, text

from hipanalytics.clinic.database import insert_many
from hipanalytics.clinic.logs.prints import content_prints, item_prints, whole_prints
from hipanalytics.clinic.places import reason_of
from hipanalytics.clinic.schema import log_rows
from hipanalytics.errors import ClinicError

CONTENT: Final = tuple(column.name for column in log_rows.columns)[list(log_rows.columns.keys()).index("has_time"):]
"""What a row says, as in the session log, apart from whose it is and when."""
_IN_MEMORY: Final = 128 << 20

_metadata = MetaData()
_temporary: Final[dict[str, Any]] = {"prefixes": ["TEMPORARY"]}
incoming: Final = Table(
    "incoming", _metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("code", Integer, nullable=False),
    Column("performed_at", BigInteger, nullable=False),
    Column("item", BigInteger, nullable=False),
    Column("print", BigInteger, nullable=False),
    Column("nth", Integer, nullable=False), **_temporary)
"""The key and the content of each row of the file; `code` stands for the patient."""
incoming_patients: Final = Table(
    "incoming_patients", _metadata,
    Column("code", Integer, primary_key=True, autoincrement=False),
    Column("patient_id", Text, nullable=False),
    Column("patient_no", Integer), **_temporary)
matched: Final = Table(
    "matched", _metadata,
    Column("row_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", Integer, index=True), **_temporary)
"""Rows of the clinic that the file holds too."""
retired: Final = Table(
    "retired", _metadata,
    Column("row_id", BigInteger, primary_key=True, autoincrement=False), **_temporary)
"""Rows of the clinic that stand back for those of the file."""


@contextmanager
def working_tables(connection: Connection) -> Iterator[None]:
    """Empty temporary tables, within the transaction at hand."""
    _metadata.drop_all(connection)
    _metadata.create_all(connection)
    yield
    _metadata.drop_all(connection)


def measure(connection: Connection, *tables: Table) -> None:
    """Let the database know how small these working tables are, so that it starts from them and not from the log."""
    for table in tables:
        connection.execute(text(f"ANALYZE {table.name}"))


class Staged:
    """The rows of one file, batch by batch: small files in memory, large ones in a nameless temporary file."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.height = 0
        self.duplicates = 0
        self._kept: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        self._ends: list[int] = [0]
        self._prints: list[NDArray[np.uint64]] = []
        self._codes: list[NDArray[np.int32]] = []
        self._file_rows: list[NDArray[np.int64]] = []

    def __enter__(self) -> Staged:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what does not fit on a full disk is tried once more
            self._kept.close()

    def add(self, frame: pd.DataFrame) -> None:
        """Some rows of the file: the session log's columns, `row`, and what was left out of each."""
        codes = self._codes_of(frame)
        order = np.lexsort((frame["performed_at"].to_numpy(), codes))
        frame, codes = frame.iloc[order].reset_index(drop=True), codes[order]
        content = content_prints(frame)
        self._prints.append(whole_prints(frame, content))
        self._codes.append(codes.astype(np.int32))
        self._file_rows.append(frame["row"].to_numpy(np.int64))
        kept = frame[[name for name in ("performed_at", *CONTENT, "row") if name in frame]]
        self._keep(kept.assign(code=codes, item=item_prints(frame), print=content))
        self.height += len(frame)

    def finish(self, *, keep_repeated: bool) -> None:
        """Number the rows that are alike; unless the profile says that each counts, only the first stands."""
        nth = _occurrence(_whole(self._prints, np.uint64))
        self._prints.clear()
        self.nth = nth
        self.stands = np.ones(self.height, bool) if keep_repeated else nth == 0
        self.duplicates = int((~self.stands).sum())
        self.file_rows = _whole(self._file_rows, np.int64)
        self.row_codes = _whole(self._codes, np.int32)
        self._file_rows.clear()
        self._codes.clear()

    def batches(self) -> Iterator[tuple[int, pd.DataFrame]]:
        """The rows as they were added, in a new order within each batch: where the batch begins, and its rows.

        Beside the session log's columns: code (of the patient), item, print (see `prints.py`), nth, stands.
        """
        begin = 0
        for start, end in zip(self._ends, self._ends[1:], strict=False):
            self._kept.seek(start)
            frame = pd.read_feather(io.BytesIO(self._kept.read(end - start)))
            rows = slice(begin, begin + len(frame))
            yield begin, frame.assign(nth=self.nth[rows], stands=self.stands[rows])
            begin += len(frame)

    def put_patients(self, connection: Connection) -> None:
        """Write whose rows the file holds into the working tables."""
        if self.codes:
            connection.execute(incoming_patients.insert(), [
                {"code": code, "patient_id": patient} for patient, code in self.codes.items()])

    def put_keys(self, connection: Connection) -> None:
        """Write the key and the content of each row that stands into the working tables."""
        for begin, frame in self.batches():
            stands = frame["stands"].to_numpy()
            seq = (np.flatnonzero(stands) + begin).tolist()
            rows = frame[stands]
            columns = [rows[name].to_numpy().tolist() for name in ("code", "item", "print", "nth")]
            code, item, content, nth = columns
            insert_many(connection, "incoming", ["seq", "code", "performed_at", "item", "print", "nth"],
                        zip(seq, code, moments(rows["performed_at"]), item, content, nth, strict=True))
        measure(connection, incoming, incoming_patients)

    def _keep(self, frame: pd.DataFrame) -> None:
        self._kept.seek(self._ends[-1])
        buffer = io.BytesIO()
        frame.to_feather(buffer, compression="uncompressed")
        try:
            self._kept.write(buffer.getbuffer())
            self._kept.flush()
        except OSError as error:
            raise ClinicError(f"The disk for temporary files is full, or failed ({reason_of(error)}). Nothing was "
                              f"saved; make room in {tempfile.gettempdir()} and repeat it.") from None
        self._ends.append(self._kept.tell())

    def _codes_of(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        ids = frame["patient_id"].cat
        known = np.array([self.codes.setdefault(word, len(self.codes)) for word in ids.categories], np.int64)
        return known[ids.codes.to_numpy()]


def moments(column: pd.Series) -> list[int | None]:
    """Moments as microseconds since 1970; None where there is none."""
    values = column.to_numpy().astype("datetime64[us]")
    return _or_none(values.view(np.int64).tolist(), np.isnat(values))


def plain_values(column: pd.Series) -> list[Any]:
    """The values as the database takes them; None where there is none."""
    if column.dtype.kind == "M":
        return moments(column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        words = np.array([*column.cat.categories, None], dtype=object)
        return words[column.cat.codes.to_numpy()].tolist()
    return _or_none(column.tolist(), column.isna().to_numpy())


def _or_none(values: list[Any], missing: NDArray[np.bool_]) -> list[Any]:
    if not missing.any():
        return values
    return [None if gone else value for value, gone in zip(values, missing.tolist(), strict=True)]


def _occurrence(prints: NDArray[np.uint64]) -> NDArray[np.int32]:
    """For each row how many earlier ones are alike."""
    nth = np.zeros(len(prints), np.int32)
    ordered = np.sort(prints)
    alike = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    if len(alike):
        places = np.flatnonzero(pd.Series(prints).isin(alike).to_numpy())
        nth[places] = pd.Series(prints[places]).groupby(prints[places]).cumcount().to_numpy()
    return nth


def _whole(parts: list[NDArray[Any]], kind: Any) -> NDArray[Any]:
    return np.concatenate([*parts, np.empty(0, kind)])
