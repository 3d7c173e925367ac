"""A patient is removed from the clinic for good; a keyed hash is all that remembers it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from hipanalytics.clinic import schema, trail
from hipanalytics.clinic.care.names import forget_name
from hipanalytics.clinic.care.traces import entries_about, still_named, take_out_everywhere, traces_of
from hipanalytics.clinic.care.wiping import files_that_hold, foreign_files, wipe
from hipanalytics.clinic.clinicians import author_of
from hipanalytics.clinic.erased import keyed_hash
from hipanalytics.clinic.logs.placing import next_change
from hipanalytics.clinic.logs.snapshot import drop_snapshot
from hipanalytics.clinic.patients import numbers_of
from hipanalytics.clinic.places import new_private_file, private_folder, reason_of
from hipanalytics.clinic.schema import (
    corrections,
    decisions,
    erasures,
    import_patients,
    log_changes,
    log_rows,
    patients,
    quarantine,
)
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError

_FIELDS = ("keyed_hash", "author", "erased_at", "reason")


@dataclass(frozen=True)
class Erased:
    """What became of an erasure."""

    removed: Mapping[str, int]
    """How many rows of which table."""
    texts: int
    """How many other texts named the patient; they say [erased] now."""
    doubtful: Mapping[str, int]
    """Texts that still hold the pseudonym as a word, by table and column: it may mean something else there."""
    to_do: tuple[str, ...]
    """Why it is not complete yet, and what to do. Empty: it is complete."""
    advice: tuple[str, ...]
    """What lies outside the clinic and may hold the patient."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done in the clinic itself."""
        return not self.to_do


def erase(session: Session, patient_id: str, reason: str) -> Erased:
    """Remove a patient from the clinic for good: logs, decisions, refused rows, name, and the pseudonym in every text.

    Rule: the access trail keeps that one patient's data was opened or changed, without saying whose. Receipts keep
    their counts. The erasure is remembered by a hash that needs the clinic's secret key, in the clinic and outside it,
    so that neither an import nor an old backup brings the patient back. It may be repeated, and then completes what
    could not be done before.
    Returns: what was removed, and what is left to do. Raises: ClinicError; then nothing was removed.
    """
    if not reason.strip():
        raise ClinicError("Say why the patient is erased (at the patient's request, say).")
    key = session.key()
    with session.database.writing() as connection:
        author, keyed = author_of(session, connection), keyed_hash(patient_id, key)
        known = connection.execute(select(erasures.c.keyed_hash).where(erasures.c.keyed_hash == keyed)).scalar()
        removed, texts, doubtful = remove_patient(connection, patient_id)
        if known is None:
            if not removed:
                raise ClinicError(f"There is no patient {patient_id} in this clinic.")
            said = traces_of(connection, patient_id).taken_out(reason.strip())
            connection.execute(insert(erasures).values(
                keyed_hash=keyed, author=author, erased_at=session.now(), reason=said))
            trail.record(connection, session, "erased", patients=1)
        keep_list(session, connection)
        traces = traces_of(connection, patient_id)
    forget_name(session, patient_id)
    to_do = _clean(session, patient_id, look=traces.is_telling and not traces.others and not doubtful)
    return Erased(removed, texts, doubtful, to_do, _advice(session))


def remove_patient(connection: Connection, patient_id: str) -> tuple[dict[str, int], int, dict[str, int]]:
    """All that is this patient's goes, and the pseudonym goes from all texts. Only within `writing`.

    Returns: rows removed by table, texts changed, and texts in which the pseudonym is left because it may mean
    something else.
    """
    traces = traces_of(connection, patient_id)
    patient_no = numbers_of(connection, [patient_id]).get(patient_id)
    entries = entries_about(connection, traces, patient_no)
    removed = {"corrections": _delete_entries(connection, corrections, entries),
               "quarantine": _delete_entries(connection, quarantine, entries)}
    if patient_no is not None:
        for table in (import_patients, decisions, log_rows, patients):
            if table is patients:
                _forget_in_trail(connection, patient_no)
            gone = connection.execute(delete(table).where(table.c.patient_no == patient_no))
            removed[table.name] = gone.rowcount
    texts = take_out_everywhere(connection, traces)
    connection.execute(delete(log_changes))  # so that every snapshot, wherever it lies, is made anew
    next_change(connection)
    return {name: count for name, count in removed.items() if count}, texts, still_named(connection, traces)


def erased_words(erased: Erased) -> str:
    """What came of an erasure, and what is left to do."""
    names = {"log_rows": "rows of the log", "decisions": "decisions", "quarantine": "refused rows"}
    counts = [f"{count:,} {names[table]}" for table, count in erased.removed.items() if table in names]
    words = ["The patient was erased" + (f": {', '.join(counts)} removed." if counts else ".")]
    words += [f"{erased.texts:,} other texts named the patient; they say [erased] now."] if erased.texts else []
    if erased.doubtful:
        places = ", ".join(f"{count:,} in {name}" for name, count in erased.doubtful.items())
        words.append(f"Texts that hold the same letters as a word were left, for they may mean something else: "
                     f"{places}. Look at them yourself.")
    words = [*([] if erased.is_complete else ["NOT COMPLETE."]), *words, *erased.to_do, *erased.advice]
    return "\n".join(words)


# The list of erasures

def list_file(clinic_id: str) -> Path:
    """Where the erasures of this clinic are listed outside it, on this computer."""
    return private_folder() / f"{clinic_id}.erasures"


def read_list(clinic_id: str) -> list[dict[str, str]] | None:
    """The erasures as listed outside the clinic; None where there is no list. Raises: ClinicError."""
    path = list_file(clinic_id)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [{name: str(entry[name]) for name in _FIELDS} for entry in map(json.loads, filter(None, lines))]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise ClinicError(f"The list of erasures {path} cannot be read. Bring back a copy of it.") from None


def keep_list(session: Session, connection: Connection) -> None:
    """Note every erasure of the clinic outside it too, so that an old backup does not undo it. Raises: ClinicError."""
    listed = {entry["keyed_hash"] for entry in read_list(session.clinic_id) or ()}
    rows = connection.execute(select(*(erasures.c[name] for name in _FIELDS)).order_by(erasures.c.erased_at)).mappings()
    new = [json.dumps(dict(row)) + "\n" for row in rows if row["keyed_hash"] not in listed]
    path = list_file(session.clinic_id)
    try:
        if new:
            new_private_file(path)
            with path.open("a", encoding="utf-8") as file:
                file.write("".join(new))
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        raise ClinicError(f"The list of erasures {path} cannot be written ({reason_of(error)}). Nothing was "
                          "changed.") from None


# The steps

def _delete_entries(connection: Connection, table: Table, entries: list[int]) -> int:
    if not entries:
        return 0
    gone = delete(table).where(table.c.entry == bindparam("gone"))
    return connection.execute(gone, [{"gone": each} for each in entries]).rowcount


def _forget_in_trail(connection: Connection, patient_no: int) -> None:
    rows = schema.trail
    connection.execute(update(rows).where(rows.c.patient_no == patient_no).values(patient_no=None, patients=1))


def _clean(session: Session, patient_id: str, *, look: bool) -> tuple[str, ...]:
    """No byte of the clinic's folder may hold the patient any more: why it may still, where it may."""
    place = session.database.place
    drop_snapshot(place.snapshots(session.clinic_id))
    problem = wipe(session.database)
    if problem or place.folder is None or not look:
        return (problem,) if problem else ()
    held = files_that_hold(place.folder, patient_id)
    return (f"The letters {patient_id} still stand in {', '.join(held)}. Close the clinic everywhere and repeat this "
            "command; a file that is not the clinic's own must be looked at by hand.",) if held else ()


def _advice(session: Session) -> tuple[str, ...]:
    folder = session.database.place.folder
    words = ["Backups made before still hold the patient: delete them when newer ones are made. (Restoring "
                        "one erases the patient again, with the key and the list of erasures of this computer.)"]
    if folder is None:
        words.append("The database server's own files (its journal, its backups) are not the clinic's: ask whoever "
                     "runs it.")
    elif others := foreign_files(folder):
        words.append("These files in the clinic's folder are not its own, and may hold the patient: "
                     f"{', '.join(others)}.")
    return tuple(words)
