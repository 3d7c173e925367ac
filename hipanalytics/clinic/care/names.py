"""Who is behind a pseudonym: a list on this computer alone, outside the clinic, so that a person can be called."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import pandas as pd

from hipanalytics.clinic import trail
from hipanalytics.clinic.patients import number_of, numbers_of
from hipanalytics.clinic.places import new_private_file, private_folder, reason_of
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError, FileError
from hipanalytics.exports import replacing
from hipanalytics.importers import MappingProfile
from hipanalytics.importers.reading import read_raw
from hipanalytics.pseudonyms import pseudonym_for

NAME_COLUMNS: Final = ("patient_id", "name", "phone", "note")
_LONGEST: Final = 500
_NEW, _OTHER, _SAME, _UNKNOWN, _TWICE = "new", "changes", "as before", "not in the clinic", "more than once in the file"


@dataclass(frozen=True)
class PersonName:
    """Who a patient is, and how to reach them."""

    name: str
    phone: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            text = getattr(self, field.name)
            if len(text) > _LONGEST or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
                raise ClinicError(f"The {field.name} must be at most {_LONGEST} letters, without control characters.")
        if not self.name.strip():
            raise ClinicError("Give the person's name.")


def names_file(clinic_id: str) -> Path:
    """Where the name list of this clinic lies on this computer, if there is one."""
    return private_folder() / f"{clinic_id}.names.csv"


def show_name(session: Session, patient_id: str) -> PersonName | None:
    """Who is this patient? The access trail notes that it was asked. Raises: ClinicError."""
    with session.database.writing() as connection:
        number = number_of(connection, patient_id)
        trail.record(connection, session, "named", patient_no=number)
        return _read(session.clinic_id).get(patient_id)


def set_name(session: Session, patient_id: str, person: PersonName) -> None:
    """Put a patient's name on this computer's list, or another one in its place. Raises: ClinicError."""
    with session.database.writing() as connection:
        number = number_of(connection, patient_id)
        _write(session.clinic_id, {**_read(session.clinic_id), patient_id: person})
        trail.record(connection, session, "named", patient_no=number, detail="name list")


def forget_name(session: Session, patient_id: str) -> None:
    """Take a patient off this computer's list. Raises: ClinicError."""
    with session.database.writing():
        names = _read(session.clinic_id)
        if patient_id in names:
            _write(session.clinic_id, {each: name for each, name in names.items() if each != patient_id})


def preview_names(session: Session, file: str | Path, *, pseudonymise: bool = False) -> pd.DataFrame:
    """What would this file (CSV or Excel, with the columns patient_id, name, phone, note) bring to the name list?

    Returns: patient_id, name, phone, note, and `what`: new, changes, as before; or why a row is left out (not in the
    clinic, more than once in the file). Raises: FileError, ClinicError.
    """
    table = _table(Path(file))
    if pseudonymise:
        key = session.key()
        table = table.assign(patient_id=[pseudonym_for(each, key) for each in table["patient_id"]])
    with session.database.reading() as connection:
        known = set(numbers_of(connection, table["patient_id"]))
    return table.assign(what=_what(table, known, _read(session.clinic_id)))


def find_pseudonym(session: Session, identifier: str) -> str:
    """Under which pseudonym does the clinic hold the person with this identifier (a health number, say)?

    Raises: ClinicError where the clinic holds nobody by that pseudonym, or the clinic's key is missing.
    """
    pseudonym = pseudonym_for(identifier, session.key())
    with session.database.writing() as connection:
        patient_no = numbers_of(connection, [pseudonym]).get(pseudonym)
        if patient_no is None:
            raise ClinicError("The clinic holds nobody under the pseudonym that its key makes of this identifier.")
        trail.record(connection, session, "named", patient_no=patient_no, detail="pseudonym")
    return pseudonym


def import_names(session: Session, file: str | Path, *, pseudonymise: bool = False) -> pd.DataFrame:
    """Bring the names of this file to the list, of patients whom the clinic has. See `preview_names`."""
    seen = preview_names(session, file, pseudonymise=pseudonymise)
    wanted = seen[seen["what"].isin((_NEW, _OTHER))]
    new = {patient: PersonName(*person) for patient, *person in wanted[list(NAME_COLUMNS)].itertuples(index=False)}
    if new:
        with session.database.writing() as connection:
            _write(session.clinic_id, {**_read(session.clinic_id), **new})
            trail.record(connection, session, "named", patients=len(new), detail="name list")
    return seen


def names_words(seen: pd.DataFrame) -> str:
    """What a file brings to the name list, in counts; the patients that are left out by pseudonym."""
    counts = seen["what"].value_counts()
    words = [f"{len(seen):,} rows: " + ", ".join(f"{count:,} {what}" for what, count in counts.items()) + "."]
    for what in (_UNKNOWN, _TWICE):
        left = seen.loc[seen["what"] == what, "patient_id"].unique().tolist()
        more = f" and {len(left) - 10:,} more" if len(left) > 10 else ""
        words += [f"Left out ({what}): {', '.join(left[:10])}{more}."] if left else []
    return "\n".join(words)


def _what(table: pd.DataFrame, known: set[str], names: dict[str, PersonName]) -> list[str]:
    twice = set(table.loc[table["patient_id"].duplicated(), "patient_id"])
    what = []
    for patient_id, *person in table[list(NAME_COLUMNS)].itertuples(index=False):
        before = names.get(patient_id)
        same = before == PersonName(*person)
        what.append(_UNKNOWN if patient_id not in known else _TWICE if patient_id in twice
                    else _NEW if before is None else _SAME if same else _OTHER)
    return what


def _table(file: Path) -> pd.DataFrame:
    """The file's text in the columns of the name list. Raises: FileError, ClinicError."""
    raw = read_raw(file, MappingProfile(table="patients"), "patients")
    columns = {raw.name_in_file(key).strip().casefold(): column for key, column in raw.columns.items()}
    missing = [name for name in NAME_COLUMNS[:2] if name not in columns]
    if missing:
        raise FileError(f"{file.name} has no column {' and no column '.join(missing)}. A name list has the columns "
                        f"{', '.join(NAME_COLUMNS)}.")
    texts = {name: columns[name].to_pylist() if name in columns else [""] * raw.height for name in NAME_COLUMNS}
    table = pd.DataFrame({name: [" ".join(str("" if text is None else text).split()) for text in column]
                          for name, column in texts.items()}, dtype="str")
    return table[(table != "").any(axis=1)].reset_index(drop=True)


def _read(clinic_id: str) -> dict[str, PersonName]:
    path = names_file(clinic_id)
    try:
        header, *rows = [row for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))) if row]
        if tuple(header) != NAME_COLUMNS:
            raise ValueError
        return {patient_id: PersonName(*person) for patient_id, *person in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, csv.Error):
        raise ClinicError(f"The name list {path} cannot be read. Mend it, or bring back a copy of it.") from None


def _write(clinic_id: str, names: dict[str, PersonName]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, NAME_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({"patient_id": patient_id, **asdict(names[patient_id])} for patient_id in sorted(names))
    path = names_file(clinic_id)
    try:
        with replacing(path) as temporary:
            new_private_file(temporary)
            temporary.write_text(text.getvalue(), encoding="utf-8", newline="")
    except (OSError, FileError) as error:
        said = str(error) if isinstance(error, FileError) else reason_of(error)
        raise ClinicError(f"The name list cannot be written: {said}") from None
