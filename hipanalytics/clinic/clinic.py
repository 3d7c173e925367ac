"""A clinic as everyone uses it: import, undo, correct, read."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from hipanalytics.clinic import trail
from hipanalytics.clinic.clinicians import author_of, check_clinician, clinicians_of, set_clinician
from hipanalytics.clinic.decisions.files import import_decisions
from hipanalytics.clinic.decisions.news import Notes, with_notes
from hipanalytics.clinic.decisions.records import PatientFacts, Record
from hipanalytics.clinic.decisions.review_notes import acknowledge, notes_of, review_patient, snooze
from hipanalytics.clinic.decisions.saving import (
    Decision,
    add_patient,
    current,
    discharge,
    history,
    latest_version,
    save,
    take_up_again,
    withdraw,
)
from hipanalytics.clinic.decisions.tables import decided_tables
from hipanalytics.clinic.logs.corrections import Corrected, correct, correct_as_before, dismiss
from hipanalytics.clinic.logs.imports import import_logs
from hipanalytics.clinic.logs.quarantine import read_quarantine, refused_per_patient
from hipanalytics.clinic.logs.receipts import ImportReceipt, receipts_of
from hipanalytics.clinic.logs.row_history import row_history
from hipanalytics.clinic.logs.snapshot import read_logs_of, read_snapshot
from hipanalytics.clinic.logs.undoing import undo_import
from hipanalytics.clinic.opening import open_session
from hipanalytics.clinic.patients import numbers_of
from hipanalytics.clinic.session import CLINICIAN_VARIABLE, Session
from hipanalytics.cohort import Cohort
from hipanalytics.errors import ClinicError
from hipanalytics.importers import DoorReport, MappingProfile
from hipanalytics.review import Review, review_cohort
from hipanalytics.thresholds import ClinicThresholds, Thresholds

_FEW = 200
"""Patients up to whom their logs are read from the database itself."""


def open_clinic(
    place: str | Path | None = None, *, create: bool = True, name: str = "", clinician: str | None = None,
    group_may_use: bool = False,
) -> Clinic:
    """Where do this clinic's logs and decisions live?

    Rule: a folder with one SQLite file, made on first use and readable by its owner alone, or a PostgreSQL by its
    address. A clinic of an earlier version is brought up to date.

    Parameters:
        place: a folder, or postgresql://user@server/name. Default: what HIPANALYTICS_CLINIC names, else the folder
            `clinic` in the platform's folder for a user's data.
        create: whether to make the clinic where there is none yet.
        name: of a clinic that is made.
        clinician: who is at work; see `Clinic.sign_as`.
        group_may_use: a clinic in a folder that is made may be used by the owner's group, too.
    Raises: ClinicError for a folder that holds something else, a damaged database, a network drive, a server that
    cannot be reached, a clinic of a newer version; with what to do.
    """
    clinic = Clinic(open_session(place, create=create, name=name, group_may_use=group_may_use))
    if clinician := clinician or os.environ.get(CLINICIAN_VARIABLE):
        clinic.sign_as(clinician)
    return clinic


class Clinic:
    """One clinic, opened by one person."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __enter__(self) -> Clinic:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        try:
            trail.catch_up(self.session)
        finally:
            self.session.database.close()

    @property
    def place(self) -> str:
        """The folder, or the address without its password."""
        return str(self.session.database.place)

    # Who is at work

    @property
    def clinicians(self) -> list[str]:
        """Who works in this clinic?"""
        return self._read(clinicians_of)

    @property
    def clinician(self) -> str:
        """Who signs what is done now? Raises: ClinicError where someone must be chosen first."""
        return self._read(lambda connection: author_of(self.session, connection))

    def sign_as(self, name: str) -> None:
        """Choose who is at work, for this session. Raises: ClinicError for a name that is not on the clinic's list."""
        self.session.clinician = check_clinician(name, self.clinicians)

    def add_clinician(self, name: str) -> None:
        """Put a clinician on the clinic's list."""
        set_clinician(self.session, name, works_here=True)

    def remove_clinician(self, name: str) -> None:
        """Take a clinician off the list; what was signed stays signed."""
        set_clinician(self.session, name, works_here=False)

    # Logs

    def import_logs(
        self, files: str | Path | Sequence[str | Path], *, mapping: MappingProfile | str | Path | None = None,
        zone: str | None = None, today: dt.date | None = None,
        on_progress: Callable[[str, float], None] = lambda stage, fraction: None,
    ) -> list[ImportReceipt]:
        """Bring session logs into the clinic.

        Rule: one import for each file, in the order given, each all or nothing. A file that was imported before, read
        in the same way, changes nothing. Rows that the clinic has already are known; the rows of a key (patient,
        moment, exercise, side) that come with other values replace the earlier ones, which are kept. Refused rows and
        cells left out go to the quarantine.
        Parameters: as for `hipanalytics.read_logs`.
        Returns: a receipt for each file; where corrections were made again because a file repeats a fault, theirs too.
        Raises: FileError, ProfileError, ClinicError; then nothing of that file was saved.
        """
        receipts = import_logs(self.session, files, mapping=mapping, zone=zone, today=today, on_progress=on_progress)
        new = [each.import_id for each in receipts if not each.already_imported]
        again = correct_as_before(self.session, new, today=today)
        return [*receipts, *(again.receipts if again else ())]

    def undo_import(self, import_id: int, reason: str) -> ImportReceipt:
        """Take an import back: as if it had never been made, and all others had. Raises: ClinicError."""
        return undo_import(self.session, import_id, reason)

    def imports(self) -> list[ImportReceipt]:
        """What was imported, when and by whom? The first import first."""
        return self._read(receipts_of)

    def quarantine(self, import_id: int | None = None) -> pd.DataFrame:
        """Which rows wait to be put right? See `read_quarantine`."""
        table: pd.DataFrame = self._read(lambda connection: read_quarantine(connection, import_id))
        trail.record_reading(
            self.session, "opened", None, patients=table["patient_id"].nunique(), detail="quarantine")
        return table

    def correct(self, changes: Mapping[int, Mapping[str, str]], *, today: dt.date | None = None) -> Corrected:
        """Put rows of the quarantine right.

        Rule: each row, with these cells changed, goes through the same door as its file. Rows that pass take their
        place as if they had stood in the file; the others stay as they are.
        Parameters: changes: for each entry the cells that change, {column: text}; "" empties a cell.
        Raises: ClinicError for an entry that is not open, or a change of the key of a row that stands.
        """
        return correct(self.session, changes, today=today)

    def dismiss(self, entries: Sequence[int], reason: str) -> list[ImportReceipt]:
        """Set rows of the quarantine aside for good. Undoing the receipt's import lists them again."""
        return dismiss(self.session, entries, reason)

    def cohort(self, patients: Iterable[str] | None = None) -> Cohort:
        """Whose courses are to be reviewed? All patients, or these, each with the whole log.

        Missing: as in the files. Raises: ClinicError for a patient whom the clinic does not know.
        """
        chosen = None if patients is None else list(dict.fromkeys(patients))
        with self.session.database.reading() as connection:
            cohort = self._cohort(connection, chosen)
        self._note_opened(chosen)
        return cohort

    def review(
        self, as_of: dt.date | str | None = None, thresholds: Thresholds | ClinicThresholds | None = None, *,
        include_ended: bool = False, on_stage: Callable[[str], None] = lambda stage: None,
    ) -> Review:
        """Who needs me, why, and what is new since I last looked?

        Rule: `hipanalytics.review_cohort` of the whole clinic; after its columns those of `news.NEWS_COLUMNS`.
        """
        on_stage("read")
        with self.session.database.reading() as connection:
            cohort, notes = self._cohort(connection, None), notes_of(connection)
        self._note_opened(None)
        return with_notes(
            review_cohort(cohort, as_of, thresholds, include_ended=include_ended, on_stage=on_stage), notes)

    def notes(self) -> Notes:
        """Who was reviewed when, which flags are quiet, whose logs came in last when? For `news.with_notes`."""
        return self._read(notes_of)

    # Decisions

    def import_decisions(
        self, file: str | Path, table: str, *, mapping: MappingProfile | str | Path | None = None,
        today: dt.date | None = None,
    ) -> tuple[ImportReceipt, DoorReport]:
        """Bring plans, pauses, patients or red_flags in from a file. See `decision_files.import_decisions`."""
        return import_decisions(self.session, file, table, mapping=mapping, today=today)

    def version(self, patient_id: str, kind: str) -> int:
        """Which version of a patient's plan, pauses ... is the latest? What a change is saved on top of."""
        return self._read(lambda connection: latest_version(connection, patient_id, kind))

    def decided(self, kind: str, patients: Sequence[str] | None = None) -> list[Decision]:
        """What holds now: of patient, plan, pause, red_flag, review, quiet."""
        return self._read(lambda connection: current(connection, kind, patients))

    def history(self, kind: str, patient_id: str) -> list[Decision]:
        """Every change of one kind for one patient, the oldest first, with who, when and why."""
        return self._read(lambda connection: history(connection, kind, patient_id))

    def save(
        self, patient_id: str, record: Record, *, reason: str = "", base: int | None = None, item: str | None = None,
    ) -> Decision:
        """Keep what was decided for a patient. See `decisions.save`. Raises: ConflictError, ClinicError."""
        return save(self.session, patient_id, record, reason=reason, base=base, item=item)

    def withdraw(
        self, patient_id: str, kind: str, item: str, *, reason: str = "", base: int | None = None,
    ) -> Decision:
        """Take a decision back; it stays in the history. Raises: ConflictError, ClinicError."""
        return withdraw(self.session, patient_id, kind, item, reason=reason, base=base)

    def add_patient(self, patient_id: str, facts: PatientFacts | None = None, reason: str = "") -> Decision:
        """A new patient, before any file names them. Raises: ClinicError, ConflictError."""
        return add_patient(self.session, patient_id, facts, reason)

    def discharge(self, patient_id: str, on: dt.date, *, reason: str = "", base: int | None = None) -> Decision:
        """The last day of a patient's course. Raises: ConflictError, ClinicError."""
        return discharge(self.session, patient_id, on, reason=reason, base=base)

    def take_up_again(self, patient_id: str, *, reason: str = "", base: int | None = None) -> Decision:
        """A discharged patient is back. Raises: ConflictError, ClinicError."""
        return take_up_again(self.session, patient_id, reason=reason, base=base)

    def review_patient(
        self, review: Review, patient_id: str, decision: str = "", next_review_by: dt.date | None = None,
    ) -> Decision:
        """Note that I looked at this patient, at which flags, and what I decided. Raises: ClinicError."""
        return review_patient(self.session, review, patient_id, decision, next_review_by)

    def acknowledge(self, review: Review, patient_id: str, flag: str, reason: str) -> Decision:
        """Keep a flag quiet until pain rises or another flag joins it. Raises: ClinicError."""
        return acknowledge(self.session, review, patient_id, flag, reason)

    def snooze(self, review: Review, patient_id: str, flag: str, until: dt.date, reason: str) -> Decision:
        """Keep a flag quiet until a day, or sooner if pain rises or another flag joins it. Raises: ClinicError."""
        return snooze(self.session, review, patient_id, flag, until, reason)

    # Who looked

    def rows_of(self, patient_id: str) -> pd.DataFrame:
        """Every row that ever came in for a patient, replaced ones too, and whence. See `row_history`."""
        table: pd.DataFrame = self._read(lambda connection: row_history(connection, patient_id))
        self._note_opened([patient_id])
        return table

    def trail(self, patient_id: str | None = None) -> pd.DataFrame:
        """Who opened, changed or exported whose data, and when? See `read_trail`."""
        return self._read(lambda connection: trail.read_trail(connection, patient_id=patient_id))

    def note_export(self, what: str, patients: int) -> None:
        """Note that data of so many patients leave the clinic in a file."""
        trail.record_reading(self.session, "exported", None, patients=patients, detail=what)

    def _cohort(self, connection: Connection, chosen: list[str] | None) -> Cohort:
        numbers = None if chosen is None else numbers_of(connection, chosen)
        if chosen is not None and numbers is not None and len(numbers) < len(chosen):
            missing = [each for each in chosen if each not in numbers]
            raise ClinicError(f"This clinic does not know: {', '.join(missing[:10])}.")
        if numbers is not None and len(numbers) <= _FEW:
            logs = read_logs_of(connection, list(numbers.values()))
        else:
            logs = read_snapshot(self.session, connection)
        decided = decided_tables(connection, chosen)
        cohort = Cohort(logs, decided["plans"], decided["prescriptions"], decided["pauses"], decided["patients"],
                        decided["red_flags"], refused_per_patient(connection, chosen))
        return cohort if chosen is None else _only(cohort, chosen)

    def _note_opened(self, chosen: list[str] | None) -> None:
        if chosen is None or len(chosen) > _FEW:
            trail.record_reading(self.session, "opened", None, patients=None if chosen is None else len(chosen),
                                 detail="all patients" if chosen is None else "")
            return
        numbers = self._read(lambda connection: numbers_of(connection, chosen))
        trail.record_reading(self.session, "opened", list(numbers.values()))

    def _read(self, look: Callable[[Connection], Any]) -> Any:
        with self.session.database.reading() as connection:
            return look(connection)


def _only(cohort: Cohort, chosen: Sequence[str]) -> Cohort:
    def rows(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["patient_id"].isin(chosen)].reset_index(drop=True)

    logs = rows(cohort.logs)
    logs = logs.assign(patient_id=logs["patient_id"].cat.remove_unused_categories())
    return dataclasses.replace(
        cohort, logs=logs, plans=rows(cohort.plans), prescriptions=rows(cohort.prescriptions),
        pauses=rows(cohort.pauses), patients=rows(cohort.patients), red_flags=rows(cohort.red_flags),
        refused=rows(cohort.refused))
