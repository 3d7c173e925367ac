"""Rows of the quarantine, put right and sent through the door again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, exists, insert, select

from hipanalytics.clinic.logs.imports import import_batches
from hipanalytics.clinic.logs.members import unpacked
from hipanalytics.clinic.logs.placing import FindWrong
from hipanalytics.clinic.logs.quarantine import read_quarantine
from hipanalytics.clinic.logs.receipts import ImportReceipt, Source, receipt_of
from hipanalytics.clinic.logs.replaying import replay
from hipanalytics.clinic.schema import corrections, import_undos, imports, quarantine
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError, ConflictError
from hipanalytics.importers import Batch, DoorReport, MappingProfile, check_again
from hipanalytics.pseudonyms import pseudonym_for


@dataclass(frozen=True)
class Corrected:
    """What came of corrections: one receipt for each file they belong to, and what is still wrong (nothing of that was
    saved)."""

    receipts: tuple[ImportReceipt, ...]
    still_wrong: pd.DataFrame


def correct(
    session: Session, changes: Mapping[int, Mapping[str, str]], *, today: dt.date | None = None,
) -> Corrected:
    """Send rows of the quarantine through the door again, with these cells changed. See `Clinic.correct`."""
    entries = _entries(session, list(changes))
    right, wrong = [], [DoorReport().problems]
    for import_id, group in entries.groupby("import_id", sort=True):
        cells = [{**old, **changes[entry]} for entry, old in zip(group["entry"], group["cells"], strict=True)]
        batch, parent = _checked(session, int(str(import_id)), group, cells, today)
        wrong.append(batch.problems)
        good = ~group["row"].isin(batch.problems["row"]).to_numpy()
        if good.any():
            kept = [cell for cell, is_good in zip(cells, good, strict=True) if is_good]
            right.append((parent, group[good], kept, batch))
    with session.database.writing() as connection:
        receipts = [_send(connection, session, *rows) for rows in right]
    return Corrected(tuple(receipts), pd.concat(wrong, ignore_index=True))


def dismiss(session: Session, entries: Sequence[int], reason: str) -> list[ImportReceipt]:
    """Set rows of the quarantine aside for good: they stay refused, and are no longer listed. See `Clinic.dismiss`."""
    if not reason.strip():
        raise ClinicError("Say why these rows are set aside for good.")
    groups = [(_parent(session, int(str(import_id))), group)
              for import_id, group in _entries(session, list(entries)).groupby("import_id", sort=True)]
    with session.database.writing() as connection:
        return [_set_aside(connection, session, parent, group, reason.strip()) for parent, group in groups]


def _set_aside(
    connection: Connection, session: Session, parent: ImportReceipt, group: pd.DataFrame, reason: str,
) -> ImportReceipt:
    def note(connection: Connection, number: int) -> None:
        _remember(connection, number, group, [{"set aside": reason}] * len(group), [None] * len(group))

    return import_batches(session, _source(parent), [], corrects=parent.import_id, afterwards=note, within=connection,
                          find_wrong=_find_wrong(group, dismissed=True))


def correct_as_before(
    session: Session, import_ids: Sequence[int], *, today: dt.date | None = None,
) -> Corrected | None:
    """Repeat corrections that these imports have overridden with the very same faults. None: there are none."""
    with session.database.reading() as connection:
        entries = [entry for number in import_ids for entry in read_quarantine(connection, number)["entry"].tolist()]
        alike, known = quarantine.alias("alike"), quarantine.alias("known")
        stands = ~exists().where(import_undos.c.import_id == corrections.c.import_id)
        same = known.join(alike, alike.c.content == known.c.content)
        query = select(known.c.entry, corrections.c.cells).select_from(
            same.join(corrections, corrections.c.entry == alike.c.entry)
        ).where(stands, corrections.c.row_id.is_not(None)).order_by(corrections.c.import_id)
        open_ones = set(entries)
        before = {entry: json.loads(cells) for entry, cells in connection.execute(query) if entry in open_ones}
    with suppress(ConflictError):  # someone else is doing the same
        return correct(session, before, today=today) if before else None
    return None


def _entries(session: Session, wanted: Sequence[int]) -> pd.DataFrame:
    with session.database.reading() as connection:
        return _open_entries(connection, wanted)


def _open_entries(connection: Connection, wanted: Sequence[int]) -> pd.DataFrame:
    table = read_quarantine(connection)
    missing = sorted(set(wanted) - set(table["entry"]))
    if missing:
        raise ConflictError(f"The quarantine has no open entry {', '.join(map(str, missing))}. It may have been "
                            "corrected in the meantime; list it anew.")
    return table[table["entry"].isin(wanted)]


def _checked(
    session: Session, import_id: int, group: pd.DataFrame, cells: Sequence[Mapping[str, str]], today: dt.date | None,
) -> tuple[Batch, ImportReceipt]:
    parent = _parent(session, import_id)
    profile = MappingProfile.model_validate_json(parent.profile)
    if profile.pseudonymise:
        cells = _with_pseudonyms(session, group, cells)
    batch = check_again(
        cells, group["row"].tolist(), mapping=profile,
        zone=parent.zone or None, today=today, decimal=parent.decimal or ".", file=parent.file)
    return batch, parent


def _with_pseudonyms(
    session: Session, group: pd.DataFrame, cells: Sequence[Mapping[str, str]],
) -> list[Mapping[str, str]]:
    """The rows with a pseudonym where an identifier was typed in."""
    key, made = session.key(), []
    for old, new in zip(group["cells"], cells, strict=True):
        typed = new.get("patient_id", "")
        is_new = typed and typed != old.get("patient_id", "")
        made.append({**new, "patient_id": pseudonym_for(typed, key)} if is_new else new)
    return made


def _parent(session: Session, import_id: int) -> ImportReceipt:
    with session.database.reading() as connection:
        return receipt_of(connection, import_id)


def _source(parent: ImportReceipt) -> Source:
    return Source("session_logs", parent.file, parent.file_hash, parent.file_bytes, parent.profile, parent.zone)


def _send(
    connection: Connection, session: Session, parent: ImportReceipt, group: pd.DataFrame,
    cells: Sequence[Mapping[str, str]], batch: Batch,
) -> ImportReceipt:
    """The rows that are right now, as an import of their own, which takes its place in the file that it corrects."""
    wanted = group["row"].to_numpy()
    sent = _only(batch, wanted)

    def note(connection: Connection, import_id: int) -> None:
        members, rows = (unpacked(data) for data in connection.execute(
            select(imports.c.members, imports.c.member_rows).where(imports.c.import_id == import_id)).one())
        ids = dict(zip(rows.tolist(), members.tolist(), strict=True))
        _remember(connection, import_id, group, cells, [ids.get(row) for row in wanted.tolist()])
        replay(connection, [import_id])

    return import_batches(session, _source(parent), [sent], corrects=parent.import_id, keep_repeated=True,
                          find_wrong=_find_wrong(group), afterwards=note, within=connection)


def _only(batch: Batch, rows: Any) -> Batch:
    """The batch without the rows that are still wrong."""
    frame = batch.frame[batch.frame["row"].isin(rows)].reset_index(drop=True)
    receipt = dataclasses.replace(batch.receipt, rows_read=len(frame), accepted=len(frame), rejected=0, blank=0,
                                  filtered_out=0, cells_left_out=0)
    return dataclasses.replace(batch, frame=frame, problems=batch.problems.iloc[:0], cells=batch.cells.iloc[:0],
                               receipt=receipt, notices=())


def _find_wrong(group: pd.DataFrame, *, dismissed: bool = False) -> FindWrong:
    """The rows that stand for these entries, which must still be open: of two who correct one, the second is told."""

    def find(connection: Connection) -> list[int]:
        entries = _open_entries(connection, group["entry"].tolist())["entry"].tolist()
        standing = select(quarantine.c.row_id).where(quarantine.c.row_id.is_not(None), quarantine.c.entry.in_(entries))
        return [] if dismissed else list(connection.execute(standing).scalars())

    return find


def _remember(
    connection: Connection, import_id: int, group: pd.DataFrame, cells: Sequence[Mapping[str, str]],
    row_ids: Sequence[int | None],
) -> None:
    connection.execute(insert(corrections), [
        {"entry": entry, "import_id": import_id, "row_id": row_id, "cells": json.dumps(cell, ensure_ascii=False)}
        for entry, cell, row_id in zip(group["entry"].tolist(), cells, row_ids, strict=True)])
