"""Receipts: what each import brought, by whom and when, with counts that add up."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, func, insert, select

from hipanalytics.clinic.logs.members import packed
from hipanalytics.clinic.moments import day_words, moment_words
from hipanalytics.clinic.places import reason_of
from hipanalytics.clinic.schema import import_undos, imports
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError, FileError
from hipanalytics.importers import MappingProfile, Receipt

_COUNTS: Final = ("rows_read", "accepted", "duplicates", "rejected", "filtered_out", "blank", "cells_left_out")


@dataclass(frozen=True)
class Source:
    """Which file is imported, and how it is read: what tells whether it was imported before."""

    table: str
    file: str
    file_hash: str
    file_bytes: int
    profile: str
    zone: str


@dataclass(frozen=True)
class ImportReceipt:
    """What became of one file: read = filtered_out + accepted + duplicates + rejected; accepted = new + known."""

    import_id: int
    kind: str
    corrects: int | None
    file: str
    file_hash: str
    file_bytes: int
    file_kind: str
    sheet: str
    decimal: str
    profile: str
    zone: str
    author: str
    saved_at: str
    version: str
    rows_read: int
    accepted: int
    duplicates: int
    rejected: int
    filtered_out: int
    blank: int
    cells_left_out: int
    rows_new: int
    rows_known: int
    rows_replaced: int
    data_up_to: str | None
    remarks: tuple[str, ...]
    undone_by: str | None = None
    undone_at: str | None = None
    undone_because: str | None = None
    already_imported: bool = False
    """Whether the same file had been imported before, so that nothing was changed."""

    def __post_init__(self) -> None:
        if self.rows_read != self.filtered_out + self.accepted + self.duplicates + self.rejected:
            raise AssertionError("rows were lost on the way")

    @property
    def is_undone(self) -> bool:
        """Whether this import has been undone."""
        return self.undone_at is not None


_UNDONE: Final = ("undone_by", "undone_at", "undone_because")
RECEIPT_COLUMNS: Final = tuple(
    name for name in ImportReceipt.__dataclass_fields__ if name not in (*_UNDONE, "already_imported"))


def source_of(path: str | Path, profile: MappingProfile, zone: str | None) -> Source:
    """The file's own print, and how it is to be read. Raises: FileError."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
    except IsADirectoryError:
        raise FileError(f"{path.name} is a folder; give the file itself.") from None
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({reason_of(error)})"
        raise FileError(f"{path.name} {reason}.") from None
    kept = _without_people(profile).model_dump_json(exclude_defaults=True)
    return Source(profile.table, path.name, digest, size, kept, zone or "")


def _without_people(profile: MappingProfile) -> MappingProfile:
    """The profile without its words for patients, which may be names; a print of them tells profiles apart."""
    words = profile.words.get("patient_id")
    if not words:
        return profile
    digest = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()
    return profile.model_copy(update={"words": {**profile.words, "patient_id": {"not kept": digest[:16]}}})


def find_same(connection: Connection, source: Source) -> ImportReceipt | None:
    """The import of the same file, read in the same way, that stands."""
    same = [
        imports.c.kind == source.table, imports.c.file_hash == source.file_hash, imports.c.profile == source.profile,
        imports.c.zone == source.zone, imports.c.corrects.is_(None), import_undos.c.import_id.is_(None)]
    found = _receipts(connection, *same)
    return _with(found[-1], already_imported=True) if found else None


def next_import_id(connection: Connection) -> int:
    """The number of the import at hand. Only within `writing`."""
    return int(connection.execute(select(func.coalesce(func.max(imports.c.import_id), 0))).scalar_one()) + 1


def write_receipt(
    connection: Connection, session: Session, source: Source, counts: Sequence[Receipt], *, import_id: int,
    author: str, members: NDArray[np.int64], member_rows: NDArray[np.int64], rows_new: int, rows_known: int,
    rows_replaced: int = 0, duplicates: int = 0, corrects: int | None = None, remarks: Sequence[str] = (),
) -> ImportReceipt:
    """Keep what became of a file: the door's counts of all its batches, and what the clinic made of it.

    `duplicates`: rows that the door accepted and of which an earlier one in the file is alike.
    """
    sums: dict[str, Any] = {name: sum(getattr(count, name) for count in counts) for name in _COUNTS}
    sums["accepted"] -= duplicates
    sums["duplicates"] += duplicates
    days = [count.data_up_to for count in counts if count.data_up_to is not None]
    first = counts[0] if counts else Receipt(source.file, source.table, "")
    said = [*dict.fromkeys(sentence for count in counts for sentence in count.assumptions), *remarks]
    values = {
        "import_id": import_id, "kind": source.table, "corrects": corrects, "file": source.file,
        "file_hash": source.file_hash, "file_bytes": source.file_bytes, "file_kind": first.kind, "sheet": first.sheet,
        "decimal": first.decimal, "profile": source.profile, "zone": source.zone, "author": author,
        "saved_at": session.now(), "version": version("hipanalytics"), **sums, "rows_new": rows_new,
        "rows_known": rows_known, "rows_replaced": rows_replaced,
        "data_up_to": max(days).date().isoformat() if days else None, "remarks": json.dumps(said)}
    connection.execute(insert(imports).values(
        **values, members=packed(members), member_rows=packed(member_rows)))
    return ImportReceipt(**{**values, "remarks": tuple(said)})


def receipts_of(connection: Connection) -> list[ImportReceipt]:
    """All imports, the first one first."""
    return _receipts(connection)


def receipt_of(connection: Connection, import_id: int) -> ImportReceipt:
    """The receipt of one import. Raises: ClinicError where there is none of that number."""
    found = _receipts(connection, imports.c.import_id == import_id)
    if not found:
        raise ClinicError(f"There is no import {import_id}. 'hipanalytics imports' lists them all.")
    return found[0]


def receipts_table(receipts: Sequence[ImportReceipt]) -> pd.DataFrame:
    """Receipts as a table: one row for each import."""
    rows = [{name: getattr(each, name) for name in ImportReceipt.__dataclass_fields__ if name != "already_imported"}
            for each in receipts]
    table = pd.DataFrame(rows, columns=[*RECEIPT_COLUMNS, *_UNDONE])
    return table.assign(remarks=[" ".join(each.remarks) for each in receipts])


def receipt_words(receipt: ImportReceipt) -> str:
    """What an import brought, in one or two sentences."""
    when = moment_words(receipt.saved_at)
    if receipt.already_imported:
        return (f"{receipt.file} was imported before (import {receipt.import_id}, {when}, by {receipt.author}): "
                "nothing was changed.")
    words = [f"{receipt.rows_new:,} new", f"{receipt.rows_known:,} known already"]
    words += [_counted(receipt.duplicates, "duplicate")] if receipt.duplicates else []
    words += [f"{receipt.rejected:,} rejected"] if receipt.rejected else []
    words += [f"{receipt.filtered_out:,} set aside by the profile's filter"] if receipt.filtered_out else []
    read = _counted(receipt.rows_read, "row")
    text = f"Import {receipt.import_id}, {receipt.file}: {read} read = {' + '.join(words)}."
    if receipt.corrects:
        what = "corrections to" if receipt.rows_read else "rows set aside of"
        text = f"Import {receipt.import_id}, {what} import {receipt.corrects} ({receipt.file})"
        text += f": {read} read = {' + '.join(words)}." if receipt.rows_read else "."
    if receipt.rows_replaced:
        text += f" Replaced by other values of the same sessions: {_counted(receipt.rows_replaced, 'earlier row')}."
    if receipt.cells_left_out:
        text += f" Left out: {_counted(receipt.cells_left_out, 'cell')}."
    if receipt.data_up_to:
        text += f" Data up to {day_words(dt.date.fromisoformat(receipt.data_up_to))}."
    if receipt.is_undone:
        text += f" Undone on {moment_words(str(receipt.undone_at))} by {receipt.undone_by}: {receipt.undone_because}"
    return text


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _receipts(connection: Connection, *conditions: Any) -> list[ImportReceipt]:
    columns = [imports.c[name] for name in RECEIPT_COLUMNS]
    undone = [column.label(name) for name, column in zip(
        _UNDONE, (import_undos.c.author, import_undos.c.saved_at, import_undos.c.reason), strict=True)]
    query = select(*columns, *undone).select_from(imports.outerjoin(import_undos)).where(*conditions)
    rows = connection.execute(query.order_by(imports.c.import_id)).mappings()
    return [ImportReceipt(**{**row, "remarks": tuple(json.loads(row["remarks"]))}) for row in rows]


def _with(receipt: ImportReceipt, **changes: Any) -> ImportReceipt:
    return ImportReceipt(**{**{name: getattr(receipt, name) for name in ImportReceipt.__dataclass_fields__}, **changes})
