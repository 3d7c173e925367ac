"""What clinicians decide, saved: every change is a new row with who, when and why; nothing is overwritten."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from hipanalytics.clinic import trail
from hipanalytics.clinic.clinicians import author_of
from hipanalytics.clinic.decisions.programme_starts import ASSUMED_START, starts_to_assume
from hipanalytics.clinic.decisions.records import (
    KIND_WORDS,
    PatientFacts,
    PlanVersion,
    Record,
    changed,
    check_days,
    content_of,
    kind_of,
)
from hipanalytics.clinic.decisions.standing import Decision, current, every_change, history, latest_version
from hipanalytics.clinic.erased import erased_among
from hipanalytics.clinic.moments import moment_words
from hipanalytics.clinic.patients import number_of, numbers_of
from hipanalytics.clinic.schema import decisions, import_patients, import_undos, imports, patients
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError, ConflictError
from hipanalytics.tables import NOTE_LONGEST, PATIENT_ID_PATTERN

__all__ = ["Decision", "add_patient", "current", "discharge", "history", "latest_version", "save", "save_in",
           "take_up_again", "withdraw"]

ON_TOP: Final = ("patient", "plan", "pause", "red_flag")
"""Kinds that are saved on top of the version that the author saw; the others are events."""
_TOLD: Final = 3


def save(
    session: Session, patient_id: str, record: Record, *, reason: str = "", base: int | None = None,
    item: str | None = None, withdrawn: bool = False,
) -> Decision:
    """Keep what a clinician decided for a patient.

    Rule: a new row, signed and dated; what was there before stays in the history. With the first plan of a patient who
    has logged before, the assumed programme start is kept too.
    Parameters: base: the version that the author saw (`latest_version`; 0: none yet), for patient, plan, pause and
    red_flag. item: which one that holds is changed (`Decision.item`); none: a new pause, answer, review or quiet
    flag, or the plan of that day. withdrawn: it holds no more.
    Raises: ConflictError where someone else saved in the meantime, with what; ClinicError; then nothing was saved.
    """
    with session.database.writing() as connection:
        return save_in(
            connection, session, patient_id, record, reason=reason, base=base, item=item, withdrawn=withdrawn)


def withdraw(
    session: Session, patient_id: str, kind: str, item: str, *, reason: str = "", base: int | None = None,
) -> Decision:
    """Take a decision back: it no longer holds, and stays in the history. Raises: as `save`."""
    with session.database.writing() as connection:
        record = _of_item(connection, patient_id, kind, item).record
        return save_in(connection, session, patient_id, record, reason=reason, base=base, item=item, withdrawn=True)


def add_patient(session: Session, patient_id: str, facts: PatientFacts | None = None, reason: str = "") -> Decision:
    """A new patient, before any file names them. Raises: ClinicError, ConflictError where the pseudonym is taken."""
    if not re.fullmatch(PATIENT_ID_PATTERN.rstrip("$"), patient_id):
        raise ClinicError(f"{patient_id!r} is no pseudonym: use 1 to 64 letters, digits, '.', '_' or '-'.")
    with session.database.writing() as connection:
        known = numbers_of(connection, [patient_id])
        if known and is_here(connection, patient_id):
            raise ConflictError(f"{patient_id} is in this clinic already{_came(connection, patient_id)}. "
                                "Choose another pseudonym, or open that patient.")
        if erased_among(session, connection, [patient_id]):
            raise ClinicError("This patient was erased from the clinic, and nothing may come back under that "
                              "pseudonym. Who returns, and agrees to be here again, needs a new one.")
        if not known:
            connection.execute(insert(patients).values(patient_id=patient_id))
        return save_in(connection, session, patient_id, facts or PatientFacts(), reason=reason, base=0)


def discharge(
    session: Session, patient_id: str, on: dt.date, *, reason: str = "", base: int | None = None,
) -> Decision:
    """The last day of a patient's course. Raises: as `save`."""
    return _change_facts(session, patient_id, on, reason, base)


def take_up_again(session: Session, patient_id: str, *, reason: str = "", base: int | None = None) -> Decision:
    """A discharged patient is back: the discharge holds no more.

    Rule: the course goes on as if there had been no discharge; a plan with `new_episode` begins a new one.
    Raises: as `save`; ClinicError where the patient is not discharged.
    """
    return _change_facts(session, patient_id, None, reason, base)


def save_in(
    connection: Connection, session: Session, patient_id: str, record: Record, *, reason: str = "",
    base: int | None = None, item: str | None = None, withdrawn: bool = False,
) -> Decision:
    """`save`, as a part of a change that is under way (`Database.writing`)."""
    kind, patient_no = kind_of(record), number_of(connection, patient_id)
    author, reason = author_of(session, connection), _checked_reason(reason)
    check_days(record, session.clock().astimezone().date())
    if kind in ON_TOP:
        _check_base(connection, patient_id, kind, base)
    version = _next_version(connection, patient_no, kind)
    is_known = withdrawn or item is not None
    item = _item_of(record, item, version)
    if is_known:
        _of_item(connection, patient_id, kind, item)
    if isinstance(record, PlanVersion) and not withdrawn:
        _keep_assumed_start(connection, session, patient_id, record)
    values: dict[str, Any] = {
        "kind": kind, "version": version, "item": item, "withdrawn": withdrawn, "content": content_of(record),
        "author": author, "saved_at": session.now(), "reason": reason}
    decision_id = connection.execute(
        insert(decisions).values(patient_no=patient_no, **values).returning(decisions.c.decision_id)).scalar_one()
    trail.record(connection, session, "changed", patient_no=patient_no, detail=kind)
    return Decision(decision_id=decision_id, patient_id=patient_id, **values)


def _keep_assumed_start(connection: Connection, session: Session, patient_id: str, plan: PlanVersion) -> None:
    """Where this is the first plan: keep since when the patient has logged, so that it erases nothing."""
    for day in starts_to_assume(connection, {patient_id: plan}).values():
        facts = next((each.record for each in current(connection, "patient", [patient_id])), PatientFacts())
        save_in(connection, session, patient_id, changed(facts, programme_start=day), reason=ASSUMED_START,
                base=latest_version(connection, patient_id, "patient"))


def _change_facts(
    session: Session, patient_id: str, discharged_on: dt.date | None, reason: str, base: int | None,
) -> Decision:
    with session.database.writing() as connection:
        number_of(connection, patient_id)
        facts = next((each.record for each in current(connection, "patient", [patient_id])), PatientFacts())
        if discharged_on is None and facts.discharged_on is None:
            raise ClinicError(f"{patient_id} is not discharged.")
        return save_in(connection, session, patient_id, changed(facts, discharged_on=discharged_on), reason=reason,
                       base=base)


def _next_version(connection: Connection, patient_no: int, kind: str) -> int:
    highest = connection.execute(select(func.max(decisions.c.version)).where(
        decisions.c.patient_no == patient_no, decisions.c.kind == kind)).scalar()
    return (highest or 0) + 1


def _item_of(record: Record, item: str | None, version: int) -> str:
    if isinstance(record, PatientFacts):
        return ""
    if isinstance(record, PlanVersion):
        return record.valid_from.isoformat()
    return str(version) if item is None else item


def _of_item(connection: Connection, patient_id: str, kind: str, item: str) -> Decision:
    found = [each for each in current(connection, kind, [patient_id]) if each.item == item]
    if not found:
        raise ClinicError(f"In {KIND_WORDS[kind]} of {patient_id} there is no {item!r} that holds.")
    return found[0]


def _checked_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if len(reason) > NOTE_LONGEST or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in reason):
        raise ClinicError(f"Give the reason in at most {NOTE_LONGEST:,} letters, without control characters.")
    return reason


def _check_base(connection: Connection, patient_id: str, kind: str, base: int | None) -> None:
    """Is the version that the author saw still the latest? Raises: ConflictError with what has changed."""
    if base is None:
        raise ClinicError(f"Say which version of {KIND_WORDS[kind]} you saw (base; 0: there was none).")
    changes = history(connection, kind, patient_id)
    latest = max((row.version for row in changes if row.stands), default=0)
    if latest != base:
        newer = [row for row in changes if row.stands and row.version > base]
        told = [_change_told(row) for row in newer[-_TOLD:]] or [_undo_told(connection, changes, base)]
        before = f"{len(newer) - _TOLD:,} earlier changes, then: " if len(newer) > _TOLD else ""
        raise ConflictError(f"{before}{' '.join(told)} Nothing of yours was saved: look at it, and save again.")


def _change_told(row: Decision) -> str:
    words = list(row.changes) or ["the same again"]
    words += [f"import {row.import_id}"] if row.import_id is not None else []
    words += [f"reason: {row.reason}"] if row.reason else []
    return f"{row.author} changed {KIND_WORDS[row.kind]} on {moment_words(row.saved_at)} ({'; '.join(words)})."


def _undo_told(connection: Connection, changes: list[Decision], base: int) -> str:
    """What happened to a version that is no longer there."""
    seen = next((row for row in changes if row.version == base), None)
    undo = connection.execute(select(import_undos.c.author, import_undos.c.saved_at).where(
        import_undos.c.import_id == (seen.import_id if seen else None))).first()
    if undo is None:
        return f"There is no version {base} to save on top of."
    return f"{undo.author} undid the import that brought the version you saw, on {moment_words(undo.saved_at)}."


def is_here(connection: Connection, patient_id: str) -> bool:
    """Whether a decision, or an import that stands, holds the patient: not so where all of them were undone."""
    held = select(import_patients.c.patient_no).join(
        patients, patients.c.patient_no == import_patients.c.patient_no).where(
        patients.c.patient_id == patient_id,
        import_patients.c.import_id.not_in(select(import_undos.c.import_id)))
    return bool(connection.execute(held.limit(1)).first() or every_change(connection, "patient", [patient_id]))


def _came(connection: Connection, patient_id: str) -> str:
    """Who brought this patient, and when, as the end of a sentence."""
    added = every_change(connection, "patient", [patient_id])[:1]
    first = connection.execute(
        select(imports.c.author, imports.c.saved_at).select_from(imports.join(import_patients).join(patients))
        .where(patients.c.patient_id == patient_id).order_by(imports.c.import_id)).first()
    if added and (first is None or added[0].saved_at <= first.saved_at):
        return f": {added[0].author} added the patient on {moment_words(added[0].saved_at)}"
    return f": {first.author} imported rows of this patient on {moment_words(first.saved_at)}" if first else ""
