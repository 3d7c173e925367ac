"""The readers that everyone calls: logs, plans, pauses, patients, red flags, and all of them as a cohort."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.errors import ProfileError
from hipanalytics.importers.conflicts import VERSION_COLUMNS
from hipanalytics.importers.mapping import Pseudonym
from hipanalytics.importers.profile import MappingProfile, read_profile
from hipanalytics.importers.reading import Profile, Progress, read_table, reader_for
from hipanalytics.importers.report import DoorReport, joined
from hipanalytics.tables import TABLES, empty_table
from hipanalytics.thresholds import Thresholds

Paths = str | Path | Sequence[str | Path]


def read_logs(
    paths: Paths, *, mapping: Profile | None = None, zone: str | None = None, today: dt.date | None = None,
    on_progress: Progress | None = None, thresholds: Thresholds | None = None, pseudonym: Pseudonym | None = None,
    refuse_identifiers: bool = False,
) -> tuple[pd.DataFrame, DoorReport]:
    """What did the patients do and feel, according to these files?

    Rule: each file is CSV (or another text table), Excel or Parquet, in the columns of the session log or in those
    that a mapping profile names. A bad cell in an optional column is left out and its row stands; in patient_id or
    performed_at it refuses the row. Rows equal in every column count once, over all files.
    Missing: stays missing. Without a column `done`, rows with an exercise were done; an empty `done` is not known.

    Parameters:
        paths: one file, or several of the same kind.
        mapping: a profile that comes with the package, a TOML file, or a profile. See `read_profile`.
        zone: the patients' time zone, for stamps such as 10:00Z; a profile's own goes first.
        today: the day of reading; later dates are refused. Default: today, in the zone.
        on_progress: called with what is being done and how far it is (0-1).
        thresholds: from when an entry is late, or a bulk entry; default: the package's.
        pseudonym: what makes a pseudonym of an identifier, for profiles that say `pseudonymise`.
        refuse_identifiers: refuse a file whose patients have names, health numbers or the like instead of pseudonyms.
    Returns: the session log (`hipanalytics.tables.SessionLogs`) with `file` and `row` of each row, and the report.
    Raises: FileError where a file as a whole cannot be used, ProfileError, CohortError for an unknown zone.
    """
    reader = reader_for(
        "session_logs", mapping, zone=zone, today=today, on_progress=on_progress, thresholds=thresholds,
        pseudonym=pseudonym, refuse_identifiers=refuse_identifiers)
    return read_table(reader, _several(paths))


def read_plans(
    path: str | Path, *, mapping: Profile | None = None, today: dt.date | None = None,
    pseudonym: Pseudonym | None = None, refuse_identifiers: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame, DoorReport]:
    """What was prescribed, according to this file?

    Rule: one row per version of a patient's plan, or one per exercise of it (exercise, side, sets, reps, hold_s,
    load_kg); rows of one patient and day that agree in sessions_per_week, valid_to and new_episode are one version.
    Versions of one day that differ are refused, all of them; so is one that ends before it starts.
    Returns: plans, prescriptions (both as in `hipanalytics.tables`), and the report.
    """
    reader = reader_for("plans", mapping, today=today, pseudonym=pseudonym, refuse_identifiers=refuse_identifiers)
    table, report = read_table(reader, [Path(path)])
    plans = table[["patient_id", "valid_from", *VERSION_COLUMNS]].drop_duplicates(ignore_index=True)
    return plans[list(empty_table(TABLES["plans"]))], _prescriptions(table), report


def read_pauses(
    path: str | Path, *, mapping: Profile | None = None, today: dt.date | None = None,
    pseudonym: Pseudonym | None = None, refuse_identifiers: bool = False,
) -> tuple[pd.DataFrame, DoorReport]:
    """When was nothing due, according to this file? A pause that ends before it starts is refused."""
    return _read_one("pauses", path, mapping, today, pseudonym, refuse_identifiers=refuse_identifiers)


def read_patients(
    path: str | Path, *, mapping: Profile | None = None, today: dt.date | None = None,
    pseudonym: Pseudonym | None = None, refuse_identifiers: bool = False,
) -> tuple[pd.DataFrame, DoorReport]:
    """What is known of the patients beside logs and plans? One listed twice with different values is refused, both."""
    return _read_one("patients", path, mapping, today, pseudonym, refuse_identifiers=refuse_identifiers)


def read_red_flags(
    path: str | Path, *, mapping: Profile | None = None, today: dt.date | None = None,
    pseudonym: Pseudonym | None = None, refuse_identifiers: bool = False,
) -> tuple[pd.DataFrame, DoorReport]:
    """Which red-flag questions were answered, according to this file?"""
    return _read_one("red_flags", path, mapping, today, pseudonym, refuse_identifiers=refuse_identifiers)


def load_cohort(
    logs: Paths, *, plans: str | Path | None = None, pauses: str | Path | None = None,
    patients: str | Path | None = None, red_flags: str | Path | None = None,
    mapping: Profile | Sequence[Profile] | None = None, zone: str | None = None, today: dt.date | None = None,
    on_progress: Progress | None = None, thresholds: Thresholds | None = None,
) -> tuple[Cohort, DoorReport]:
    """Whose course do these files tell?

    Rule: as for each file by itself. `mapping` may be several profiles: each is used for the table it names.
    Returns: the cohort, with what was refused per patient, and one report over all files.
    """
    profiles = profiles_by_table(mapping)
    today = today or reader_for("session_logs", profiles.get("session_logs"), zone=zone).door.today
    table, report = read_logs(
        logs, mapping=profiles.get("session_logs"), zone=zone, today=today, on_progress=on_progress,
        thresholds=thresholds)
    tables: dict[str, Any] = {"logs": table}
    reports = [report]
    if plans is not None:
        tables["plans"], tables["prescriptions"], report = read_plans(plans, mapping=profiles.get("plans"), today=today)
        reports.append(report)
    for name, path in (("pauses", pauses), ("patients", patients), ("red_flags", red_flags)):
        if path is not None:
            tables[name], report = _read_one(name, path, profiles.get(name), today)
            reports.append(report)
    whole = joined(reports)
    return Cohort(**tables, refused=whole.refused_per_patient), whole


def _several(paths: Paths) -> list[Path]:
    return [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]


def profiles_by_table(mapping: Profile | Sequence[Profile] | None) -> dict[str, MappingProfile]:
    """For each table the profile that is given for it. Raises: ProfileError where there are two."""
    if mapping is None:
        return {}
    given = [mapping] if isinstance(mapping, (str, Path, MappingProfile)) else list(mapping)
    profiles = [one if isinstance(one, MappingProfile) else read_profile(one) for one in given]
    tables = [profile.table for profile in profiles]
    for table in tables:
        if tables.count(table) > 1:
            raise ProfileError(f"Two profiles are for the table {table}; give one for each table.")
    return dict(zip(tables, profiles, strict=True))


def _read_one(
    name: str, path: str | Path, mapping: Profile | None, today: dt.date | None, pseudonym: Pseudonym | None = None,
    *, refuse_identifiers: bool = False,
) -> tuple[pd.DataFrame, DoorReport]:
    reader = reader_for(name, mapping, today=today, pseudonym=pseudonym, refuse_identifiers=refuse_identifiers)
    table, report = read_table(reader, [Path(path)])
    return table[list(empty_table(TABLES[name]))], report


def _prescriptions(table: pd.DataFrame) -> pd.DataFrame:
    empty = empty_table(TABLES["prescriptions"])
    if "exercise" not in table:
        return empty
    return table.loc[table["exercise"].notna(), list(empty)].reset_index(drop=True)
