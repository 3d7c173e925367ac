"""Session logs come into the clinic: each file in one transaction, with its receipt, its rejects, and once only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection

from hipanalytics.clinic import trail
from hipanalytics.clinic.clinicians import author_of
from hipanalytics.clinic.database import insert_many
from hipanalytics.clinic.erased import refuse_erased
from hipanalytics.clinic.logs.erased_rows import without_erased
from hipanalytics.clinic.logs.placing import FindWrong, Placed, place_rows
from hipanalytics.clinic.logs.quarantine import put_aside
from hipanalytics.clinic.logs.receipts import (
    ImportReceipt,
    Source,
    find_same,
    next_import_id,
    source_of,
    write_receipt,
)
from hipanalytics.clinic.logs.staging import Staged, working_tables
from hipanalytics.clinic.schema import import_patients
from hipanalytics.clinic.session import Session
from hipanalytics.importers import (
    Batch,
    DoorReport,
    MappingProfile,
    Notice,
    Receipt,
    joined_notices,
    read_log_batches,
    read_profile,
)
from hipanalytics.pseudonyms import pseudonym_for

Paths = str | Path | Sequence[str | Path]
Progress = Callable[[str, float], None]


@dataclass
class Told:
    """What the door said of a file's batches, beside its rows."""

    counts: list[Receipt] = field(default_factory=list)
    problems: list[pd.DataFrame] = field(default_factory=list)
    cells: list[pd.DataFrame] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Keep what was said of a batch."""
        self.counts.append(batch.receipt)
        self.notices += batch.notices
        if len(batch.problems):
            self.problems.append(batch.problems)
            self.cells.append(batch.cells)

    def report(self) -> DoorReport:
        """What is told of the whole file."""
        empty = DoorReport()
        problems = pd.concat(self.problems, ignore_index=True) if self.problems else empty.problems
        return DoorReport(tuple(self.counts), problems, joined_notices(self.notices))


def import_logs(
    session: Session, files: Paths, *, mapping: MappingProfile | str | Path | None = None, zone: str | None = None,
    today: dt.date | None = None, on_progress: Progress = lambda stage, fraction: None,
) -> list[ImportReceipt]:
    """Bring session logs into the clinic. See `Clinic.import_logs`."""
    paths = [Path(files)] if isinstance(files, (str, Path)) else [Path(path) for path in files]
    profile = _profile(mapping)
    return [_import_file(session, path, profile, zone, today, on_progress) for path in paths]


def import_batches(
    session: Session, source: Source, batches: Iterable[Batch], *, keep_repeated: bool = False,
    corrects: int | None = None, find_wrong: FindWrong | None = None,
    afterwards: Callable[[Connection, int], None] = lambda connection, import_id: None,
    within: Connection | None = None,
) -> ImportReceipt:
    """Checked rows take their place in the log, with a receipt; all of it or nothing.

    Rule: the rows are kept aside until all are read, so that others can work meanwhile. `within`: the transaction of
    which this is a part.
    """
    told = Told()
    with Staged() as staged:
        for batch in batches:
            staged.add(batch.frame)
            told.add(batch)
        staged.finish(keep_repeated=keep_repeated)
        turn = session.database.writing() if within is None else nullcontext(within)
        with turn as connection, working_tables(connection):
            known = find_same(connection, source) if corrects is None else None
            if known is not None:
                return known
            refuse_erased(session, connection, staged.codes)
            receipt = _settle(connection, session, source, staged, told, corrects, find_wrong)
            afterwards(connection, receipt.import_id)
            return receipt


def _import_file(
    session: Session, path: Path, profile: MappingProfile, zone: str | None, today: dt.date | None, tell: Progress,
) -> ImportReceipt:
    tell(f"Looking at {path.name}", 0.0)
    source = source_of(path, profile, zone)
    with session.database.reading() as connection:
        author_of(session, connection)
        known = find_same(connection, source)
    if known is not None:
        return known
    key = session.key() if profile.pseudonymise else b""
    batches = read_log_batches(
        path, mapping=profile, zone=zone, today=today, on_progress=tell, refuse_identifiers=True,
        pseudonym=(lambda identifier: pseudonym_for(identifier, key)) if key else None)
    return import_batches(
        session, source, without_erased(session, batches), keep_repeated=profile.keep_repeated_rows)


def _settle(
    connection: Connection, session: Session, source: Source, staged: Staged, told: Told, corrects: int | None,
    find_wrong: FindWrong | None,
) -> ImportReceipt:
    import_id = next_import_id(connection)
    placed = place_rows(connection, staged, import_id, find_wrong)
    report = told.report()
    receipt = write_receipt(
        connection, session, source, told.counts, import_id=import_id, author=author_of(session, connection),
        members=placed.members, member_rows=placed.file_rows, rows_new=placed.rows_new, rows_known=placed.rows_known,
        rows_replaced=placed.rows_replaced, duplicates=staged.duplicates, corrects=corrects,
        remarks=[notice.sentence for notice in report.notices])
    _note_patients(connection, import_id, placed)
    put_aside(connection, import_id, report.problems, told.cells, placed)
    trail.record(connection, session, "imported" if corrects is None else "corrected", patients=len(placed.patient_nos),
                 detail=f"import {import_id}")
    return receipt


def _note_patients(connection: Connection, import_id: int, placed: Placed) -> None:
    """Note whose rows the file brought."""
    rows = zip(placed.patient_nos.tolist(), placed.patient_rows.tolist(), strict=True)
    insert_many(connection, import_patients.name, ["import_id", "patient_no", "rows"],
                [(import_id, patient_no, count) for patient_no, count in rows])


def _profile(mapping: MappingProfile | str | Path | None) -> MappingProfile:
    if mapping is None:
        return MappingProfile()
    return mapping if isinstance(mapping, MappingProfile) else read_profile(mapping)
