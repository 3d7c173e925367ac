"""What a clinician does at a review: look at a patient, acknowledge or snooze a flag, and take it back."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, Literal

import pandas as pd
from sqlalchemy import Connection, func, select

from hipanalytics.clinic.decisions.news import ALWAYS_SEEN, Notes, flags_of
from hipanalytics.clinic.decisions.records import Quiet, ReviewNote
from hipanalytics.clinic.decisions.saving import Decision, current, save, save_in, withdraw
from hipanalytics.clinic.schema import import_patients, import_undos, imports, patients
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError
from hipanalytics.review import Review

SEEN: Final = "Seen."
"""What is noted of a patient who was looked at when nothing else was decided."""
_AT_MOST: Final = dt.timedelta(days=366)


def notes_of(connection: Connection) -> Notes:
    """Who was reviewed when, which flags were made quiet, and whose logs came in last when? For `with_notes`."""
    return Notes(
        reviews=[(each.patient_id, each.author, each.record) for each in current(connection, "review")],
        quiets=[(each.patient_id, each.record) for each in current(connection, "quiet")],
        last_imports=_last_imports(connection))


def review_patient(
    session: Session, review: Review, patient_id: str, decision: str = "", next_review_by: dt.date | None = None,
) -> Decision:
    """Note that I have looked at this patient, at the flags raised in this review, and what I decided.

    Parameters: decision: in the clinician's words; empty: "Seen.". next_review_by: a day after the review's as_of, at
    most a year later.
    Raises: ClinicError; then nothing was saved.
    """
    flags, pain = _found(review, patient_id)
    note = ReviewNote(as_of=review.as_of, flags=dict.fromkeys(flags, pain), decision=decision.strip() or SEEN,
                      next_review_by=next_review_by)
    _check_later(note.next_review_by, review, "The next review")
    return save(session, patient_id, note)


def acknowledge(session: Session, review: Review, patient_id: str, flag: str, reason: str) -> Decision:
    """Keep a flag quiet because it is known, until pain rises or another flag joins it.

    Rule: docs/definitions.md, "What is new". It takes the place of an earlier entry of the same flag.
    Raises: ClinicError for a red flag, a flag that is not raised in this review, or no reason; then nothing was saved.
    """
    return _make_quiet(session, review, patient_id, flag, "acknowledged", None, reason)


def snooze(
    session: Session, review: Review, patient_id: str, flag: str, until: dt.date, reason: str,
) -> Decision:
    """Keep a flag quiet until a day, or sooner if pain rises or another flag joins it.

    Rule: as `acknowledge`. Parameters: until: the day on which it comes back, at most a year after the review's as_of.
    Raises: as `acknowledge`; ClinicError for a day that does not lie ahead.
    """
    return _make_quiet(session, review, patient_id, flag, "snoozed", until, reason)


def undo(session: Session, patient_id: str, kind: Literal["review", "quiet"], item: str, reason: str) -> Decision:
    """Take a review, or an acknowledged or snoozed flag, back; it stays in the history. Raises: ClinicError."""
    if kind not in ("review", "quiet"):
        raise ClinicError(f"{kind!r} cannot be taken back here: it is 'review' or 'quiet'.")
    return withdraw(session, patient_id, kind, item, reason=_given(reason))


def _make_quiet(
    session: Session, review: Review, patient_id: str, flag: str, kind: Literal["acknowledged", "snoozed"],
    until: dt.date | None, reason: str,
) -> Decision:
    flags, pain = _found(review, patient_id)
    _check_flag(flag, flags, patient_id, review)
    entry = Quiet(as_of=review.as_of, flag=flag, kind=kind, until=until, pain_latest=pain, flags=tuple(flags))
    _check_later(entry.until, review, "The end of the snooze")
    reason = _given(reason)
    with session.database.writing() as connection:
        same = [each.item for each in current(connection, "quiet", [patient_id]) if each.record.flag == flag]
        return save_in(connection, session, patient_id, entry, reason=reason, item=same[-1] if same else None)


def _found(review: Review, patient_id: str) -> tuple[list[str], float | None]:
    """The patient's flags and latest pain in this review."""
    rows: list[dict[Any, Any]] = review.table[review.table["patient_id"] == patient_id].to_dict("records")
    if not rows:
        raise ClinicError(f"{patient_id} is not in this review: there is no such patient, or the course has ended, or "
                          "has not begun by the day of the review.")
    pain = rows[0]["pain_latest"]
    return flags_of(rows[0]["flags"]), None if pd.isna(pain) else float(pain)


def _check_flag(flag: str, raised: list[str], patient_id: str, review: Review) -> None:
    if flag == ALWAYS_SEEN:
        raise ClinicError("A red flag is neither snoozed nor acknowledged here: acknowledge it on the answer itself, "
                          "with who, when and what was done.")
    if flag not in raised:
        known = f"raised are {', '.join(raised)}" if raised else "none is raised"
        raise ClinicError(f"{patient_id} has no flag {flag!r} on {review.as_of}: {known}.")


def _check_later(day: dt.date | None, review: Review, what: str) -> None:
    if day is not None and not review.as_of < day <= review.as_of + _AT_MOST:
        raise ClinicError(f"{what} cannot be {day}: give a day after the review's, {review.as_of}, and at most a year "
                          "later.")


def _given(reason: str) -> str:
    if not reason.strip():
        raise ClinicError("Give the reason: whoever looks next must understand it.")
    return reason


def _last_imports(connection: Connection) -> dict[str, dt.date]:
    """Per patient the day, on this computer's calendar, of the last import that held rows and was not undone.

    Corrections are none: they bring nothing new from the patient.
    """
    query = (
        select(patients.c.patient_id, func.max(imports.c.saved_at))
        .join_from(patients, import_patients).join(imports, imports.c.import_id == import_patients.c.import_id)
        .where(imports.c.kind == "session_logs", imports.c.corrects.is_(None),
               imports.c.import_id.not_in(select(import_undos.c.import_id)))
        .group_by(patients.c.patient_id))
    return {patient_id: dt.datetime.fromisoformat(saved_at).astimezone().date()
            for patient_id, saved_at in connection.execute(query)}
