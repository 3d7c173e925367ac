"""Plans, pauses, patients and red-flag answers come in from files: each with its receipt, and once only."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, insert, select, update

from hipanalytics.clinic import trail
from hipanalytics.clinic.clinicians import author_of
from hipanalytics.clinic.decisions.file_rows import KIND_IN, Said, print_of, read_said, subject_of
from hipanalytics.clinic.decisions.programme_starts import ASSUMED_START, first_logged_days, starts_to_assume
from hipanalytics.clinic.decisions.records import PatientFacts, content_of
from hipanalytics.clinic.decisions.standing import Decision, every_change, in_force
from hipanalytics.clinic.erased import refuse_erased
from hipanalytics.clinic.logs.erased_rows import without_erased_patients
from hipanalytics.clinic.logs.members import packed
from hipanalytics.clinic.logs.receipts import ImportReceipt, Source, find_same, next_import_id, source_of, write_receipt
from hipanalytics.clinic.patients import numbers_of
from hipanalytics.clinic.schema import decisions, import_patients, imports, patients
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError
from hipanalytics.importers import DoorReport, MappingProfile, read_profile
from hipanalytics.importers.reading import read_table, reader_for
from hipanalytics.importers.report import ROW_REFUSED
from hipanalytics.pseudonyms import pseudonym_for


@dataclass(frozen=True)
class _Placed:
    """Something that a file says, and its place in the clinic."""

    said: Said
    item: str | None
    """None: nothing like it is there yet."""
    confirms: int | None
    """The earlier decision from a file that says the same."""


def import_decisions(
    session: Session, path: str | Path, table: str, *, mapping: MappingProfile | str | Path | None = None,
    today: dt.date | None = None,
) -> tuple[ImportReceipt, DoorReport]:
    """Bring plans, pauses, patients or red-flag answers into the clinic.

    Rule: all or nothing. The same file, read in the same way, changes nothing. A row is new where it differs from what
    the clinic's files said before of the same thing (a plan by its first day, a pause by its start, an answer by day
    and question): so a file that only repeats itself does not take back what a clinician has decided since. What a
    file of patients or answers leaves empty stays as it was. The first plan of a patient who has logged before keeps
    the assumed programme start.
    Parameters: table: plans, pauses, patients or red_flags; others: as for `hipanalytics.read_plans`.
    Returns: the receipt, and what the door refused (nothing for a file that was imported before).
    Raises: FileError, ProfileError, ClinicError; then nothing was saved.
    """
    if table not in KIND_IN:
        raise ClinicError(f"There are no files of {table!r}; there are files of {', '.join(KIND_IN)}.")
    profile = MappingProfile(table=table) if mapping is None else mapping
    profile = profile if isinstance(profile, MappingProfile) else read_profile(profile)
    source = source_of(path, profile, None)
    with session.database.reading() as connection:
        author_of(session, connection)
        known = find_same(connection, source)
    if known is not None:
        return known, DoorReport()
    key = session.key() if profile.pseudonymise else b""
    reader = reader_for(table, profile, today=today, refuse_identifiers=True,
                        pseudonym=(lambda identifier: pseudonym_for(identifier, key)) if key else None)
    rows, report = without_erased_patients(session, *read_table(reader, [Path(path)]))
    if table == "plans":
        rows, report = _whole_plans(rows, report)
    with session.database.writing() as connection:
        refuse_erased(session, connection, rows["patient_id"].unique())
        known = find_same(connection, source)
        return known or _settle(connection, session, source, rows, report), report


def _whole_plans(rows: pd.DataFrame, report: DoorReport) -> tuple[pd.DataFrame, DoorReport]:
    """Without patients of whom a row was refused: a plan must not lose an exercise by a typing error."""
    broken = report.problems.loc[report.problems["effect"] == ROW_REFUSED, "patient_id"]
    kept = rows[~rows["patient_id"].isin(broken)].reset_index(drop=True)
    lost = len(rows) - len(kept)
    if not lost:
        return rows, report
    patients = sorted(set(rows["patient_id"]) & set(broken))
    told = (f"No plan of {', '.join(patients[:10])}{' and others' if len(patients) > 10 else ''} was taken from this "
            "file, because a row of theirs was refused. Correct the file and import it again.")
    first, *others = report.receipts
    first = dataclasses.replace(first, accepted=first.accepted - lost, rejected=first.rejected + lost,
                                assumptions=(*first.assumptions, told))
    return kept, dataclasses.replace(report, receipts=(first, *others))


def _settle(
    connection: Connection, session: Session, source: Source, rows: pd.DataFrame, report: DoorReport,
) -> ImportReceipt:
    kind, import_id = KIND_IN[source.table], next_import_id(connection)
    said = read_said(rows, kind)
    numbers = _know_patients(connection, [each.patient_id for each in said])
    placed = list(_placed(connection, kind, said))
    starts = _assumed_starts(connection, said) if kind == "plan" else []
    author = author_of(session, connection)
    new = sum(len(each.said.rows) for each in placed if each.confirms is None)
    none = np.empty(0, np.int64)
    receipt = write_receipt(
        connection, session, source, report.receipts, import_id=import_id, author=author, members=none,
        member_rows=none, rows_new=new, rows_known=len(rows) - new)
    signed = {"withdrawn": False, "author": author, "saved_at": receipt.saved_at, "import_id": import_id}
    _save(connection, kind, [each for each in placed if each.confirms is None], numbers, {**signed, "reason": ""})
    _save(connection, "patient", [each for each in starts if each.confirms is None], numbers,
          {**signed, "reason": ASSUMED_START})
    _keep_members(connection, import_id, [*placed, *starts])
    _keep_patients(connection, import_id, Counter(rows["patient_id"]), numbers)
    trail.record(connection, session, "imported", patients=rows["patient_id"].nunique(), detail=f"import {import_id}")
    return receipt


def _know_patients(connection: Connection, patient_ids: Sequence[str]) -> dict[str, int]:
    """The numbers of these patients; those whom the clinic does not know yet are new."""
    known = numbers_of(connection, patient_ids)
    new = [each for each in dict.fromkeys(patient_ids) if each not in known]
    if new:
        connection.execute(insert(patients), [{"patient_id": each} for each in new])
    return known | numbers_of(connection, new)


def _placed(connection: Connection, kind: str, said: Sequence[Said]) -> Iterator[_Placed]:
    """For each thing that the file says: which one of the clinic it is about, and whether a file said the same."""
    standing = [row for row in every_change(connection, kind, list({each.patient_id for each in said})) if row.stands]
    from_files = {(row.patient_id, row.item): row for row in standing
                  if row.import_id is not None and row.reason != ASSUMED_START}
    there: dict[Any, list[Decision]] = defaultdict(list)
    for row in ({(row.patient_id, row.item): row for row in in_force(standing)} | from_files).values():
        there[row.patient_id, subject_of(kind, row.content)].append(row)
    asked: dict[Any, list[Said]] = defaultdict(list)
    for each in said:
        asked[each.patient_id, subject_of(kind, each.content)].append(each)
    for subject, several in asked.items():
        yield from _paired(several, there[subject])


def _paired(several: list[Said], there: list[Decision]) -> Iterator[_Placed]:
    """Rows about the same thing, each with its counterpart: what says the same first, then in a lasting order."""
    left = sorted(there, key=lambda row: print_of(row.content))
    others = []
    for said in sorted(several, key=lambda each: print_of(each.content)):
        alike = next((row for row in left if print_of(row.content) == print_of(said.content)), None)
        if alike is None:
            others.append(said)
        else:
            left.remove(alike)
            yield _Placed(said, alike.item, alike.decision_id if alike.import_id is not None else None)
    for place, said in enumerate(others):
        yield _Placed(said, left[place].item if place < len(left) else None, None)


def _assumed_starts(connection: Connection, said: Sequence[Said]) -> list[_Placed]:
    """The programme starts that these plans make it necessary to assume; some may have been assumed for other files."""
    first: dict[str, Said] = {}
    for each in sorted(said, key=lambda each: each.record.valid_from):
        first.setdefault(each.patient_id, each)
    plans = {patient_id: each.record for patient_id, each in first.items()}
    days = starts_to_assume(connection, plans)
    new = [_Placed(Said(patient_id, None, content_of(PatientFacts(programme_start=day)), (0,)), "", None)
           for patient_id, day in days.items()]
    assumed = [row for row in every_change(connection, "patient", list(plans))
               if row.stands and row.import_id is not None and row.reason == ASSUMED_START]
    logged = first_logged_days(connection, [row.patient_id for row in assumed])
    return new + [
        _Placed(Said(row.patient_id, None, row.content, (0,)), "", row.decision_id) for row in assumed
        if not plans[row.patient_id].new_episode and row.patient_id in logged
        and logged[row.patient_id] < plans[row.patient_id].valid_from]


def _save(
    connection: Connection, kind: str, placed: Sequence[_Placed], numbers: dict[str, int], signed: dict[str, Any],
) -> None:
    highest = select(decisions.c.patient_no, func.max(decisions.c.version)).where(decisions.c.kind == kind)
    latest = connection.execute(highest.group_by(decisions.c.patient_no))
    versions = Counter({row[0]: row[1] for row in latest})
    rows = []
    for each in placed:
        patient_no = numbers[each.said.patient_id]
        versions[patient_no] += 1
        item = each.said.record.valid_from.isoformat() if kind == "plan" else "" if kind == "patient" else each.item
        rows.append({
            "patient_no": patient_no, "kind": kind, "version": versions[patient_no],
            "item": str(versions[patient_no]) if item is None else item, "content": each.said.content, **signed})
    if rows:
        connection.execute(insert(decisions), rows)


def _keep_members(connection: Connection, import_id: int, placed: Sequence[_Placed]) -> None:
    """Note in the receipt every decision that the file brought or confirmed, with its row in the file."""
    row_of = {(each.said.patient_id, each.said.content): each.said.rows[0] for each in placed}
    held = {each.confirms: each.said.rows[0] for each in placed if each.confirms is not None}
    brought = select(decisions.c.decision_id, patients.c.patient_id, decisions.c.content).select_from(
        decisions.join(patients)).where(decisions.c.import_id == import_id)
    for decision_id, patient_id, content in connection.execute(brought):
        held[decision_id] = row_of[patient_id, content]
    ordered = sorted(held.items())
    connection.execute(update(imports).where(imports.c.import_id == import_id).values(
        members=packed(np.array([member for member, _ in ordered], np.int64)),
        member_rows=packed(np.array([row for _, row in ordered], np.int64))))


def _keep_patients(connection: Connection, import_id: int, rows: Counter[str], numbers: dict[str, int]) -> None:
    if rows:
        connection.execute(insert(import_patients), [
            {"import_id": import_id, "patient_no": numbers[patient_id], "rows": count}
            for patient_id, count in rows.items()])
