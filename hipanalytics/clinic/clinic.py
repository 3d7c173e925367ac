"""A clinic as everyone uses it: import, undo, correct, read."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from hipanalytics.clinic import trail
from hipanalytics.clinic.clinicians import author_of, check_clinician, clinicians_of, set_clinician
from hipanalytics.clinic.corrections import Corrected, correct, correct_as_before, dismiss
from hipanalytics.clinic.imports import import_logs
from hipanalytics.clinic.opening import open_session
from hipanalytics.clinic.patients import numbers_of
from hipanalytics.clinic.quarantine import read_quarantine, refused_per_patient
from hipanalytics.clinic.receipts import ImportReceipt, receipts_of
from hipanalytics.clinic.session import Session
from hipanalytics.clinic.snapshot import read_logs_of, read_snapshot
from hipanalytics.clinic.undoing import undo_import
from hipanalytics.cohort import Cohort
from hipanalytics.errors import ClinicError
from hipanalytics.importers import MappingProfile

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
    return Clinic(open_session(place, create=create, name=name, clinician=clinician, group_may_use=group_may_use))


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
        again = correct_as_before(self.session, today=today)
        return [*receipts, *(again.receipts if again else ())]

    def undo_import(self, import_id: int, reason: str) -> ImportReceipt:
        """Take an import back: as if it had never been made, and all others had. Raises: ClinicError."""
        return undo_import(self.session, import_id, reason)

    def imports(self) -> list[ImportReceipt]:
        """What was imported, when and by whom? The first import first."""
        return self._read(receipts_of)

    def quarantine(self, import_id: int | None = None) -> pd.DataFrame:
        """Which rows wait to be put right? See `read_quarantine`."""
        with self.session.database.writing() as connection:
            table = read_quarantine(connection, import_id)
            patients = table["patient_id"].nunique()
            trail.record(connection, self.session, "opened", patients=patients, detail="quarantine")
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

    def trail(self, patient_id: str | None = None) -> pd.DataFrame:
        """Who opened, changed or exported whose data, and when? See `read_trail`."""
        return self._read(lambda connection: trail.read_trail(connection, patient_id=patient_id))

    def _cohort(self, connection: Connection, chosen: list[str] | None) -> Cohort:
        numbers = None if chosen is None else numbers_of(connection, chosen)
        if chosen is not None and numbers is not None and len(numbers) < len(chosen):
            missing = [each for each in chosen if each not in numbers]
            raise ClinicError(f"This clinic does not know: {', '.join(missing[:10])}.")
        if numbers is not None and len(numbers) <= _FEW:
            logs = read_logs_of(connection, list(numbers.values()))
        else:
            logs = read_snapshot(self.session, connection)
        cohort = Cohort(logs, refused=refused_per_patient(connection))
        return cohort if chosen is None else _only(cohort, chosen)

    def _note_opened(self, chosen: list[str] | None) -> None:
        with self.session.database.writing() as connection:
            one = numbers_of(connection, chosen) if chosen is not None and len(chosen) == 1 else {}
            trail.record(connection, self.session, "opened", patient_no=next(iter(one.values()), None),
                         patients=None if one else None if chosen is None else len(chosen),
                         detail="" if chosen is not None else "all patients")

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
