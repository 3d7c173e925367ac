"""The example cohort as files: 120 simulated patients over half a year, and the truth about each of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.errors import FileError, HipAnalyticsError
from hipanalytics.exports import csv_text, replacing
from hipanalytics.schemas import dictionary_section, markdown_table
from hipanalytics.simulator import simulate_cohort

_PATIENTS, _WEEKS, _SEED, _FIRST_DAY = 120, 26, 53, dt.date(2025, 9, 15)
_FILES: Final = {"README.md", "logs.csv", "plans.csv", "pauses.csv", "patients.csv", "truth.csv"}
_TRUTH_DECIMALS: Final = 4
_TITLE: Final = "# Example cohort: not real patients"
_TRUTH_COLUMNS: Final = (
    ("patient_id", "", "Pseudonym of the patient"),
    ("course", "", "responder, slow_responder, non_responder, worsener, mild (low and unchanging), or relapse (falls, "
                   "then rises again)"),
    ("ending", "", "open, drop_out, discharged, plan_ended, or returned (after a discharge)"),
    ("records", "", "complete, plan_only (never logged), logs_only (no plan written down), ratings_only, late_plan "
                    "(none written down for 8 weeks), or no_doses (number of sessions only)"),
    ("entry", "", "same_day, late (some days later), bulk (many days in one sitting), paper (the same, without times)"),
    ("programme_start", "date", "First day of the latest course"),
    ("dropped_out_on", "date", "Last day of a drop-out, who logs nothing after it"),
    ("discharged_on", "date", "Last day of a course that a clinician ended"),
    ("returned_on", "date", "First day of the new episode"),
    ("true_pain_start", "NRS 0-10", "True pain on the first day, without noise and flares"),
    ("true_pain_now", "NRS 0-10", "The same on the last day of the course; of open courses and drop-outs, on the last "
                                  "day of all"),
    ("true_change", "NRS points", "true_pain_now - true_pain_start"),
    ("within_person_sd", "NRS points", "Standard deviation of the noise from day to day, before rounding"),
    ("sessions_due", "days", "Unpaused days of the course on which a session was meant to be"),
    ("sessions_done", "days", "Of those, days on which it was done, logged or not"),
    ("true_adherence", "fraction", "sessions_done / sessions_due"),
    ("sessions_logged", "days", "Of the days due, those on which a session was done and logged"),
    ("pain_missing_share", "fraction", "Share of sessions without a score"),
    ("scores_from", "date", "Day before which no pain was scored"),
    ("flare_from", "date", "First day of a flare"),
    ("flare_to", "date", "Last day of the flare"),
    ("aggravating_exercise", "", "Exercise that truly hurts this patient"),
)


def write_example(folder: str | Path) -> list[Path]:
    """Where can I try everything without real patients?

    Rule: writes logs.csv, plans.csv, pauses.csv, patients.csv, truth.csv and README.md, the same bytes each time. The
    last log is of 15 March 2026.
    Returns: the paths written.
    Raises: HipAnalyticsError where the folder holds anything else; FileError where it cannot be written.
    """
    folder = Path(folder)
    _check_nothing_is_lost(folder)
    files = example_files()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"The folder {folder} cannot be made: {error.strerror}.") from None
    for name, content in files.items():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(content)
    return [folder / name for name in files]


def example_files() -> dict[str, bytes]:
    """What would `write_example` write? The content of each file by its name."""
    cohort, truth = simulate_cohort(_PATIENTS, weeks=_WEEKS, seed=_SEED, first_day=_FIRST_DAY)
    tables = {
        "logs.csv": _as_typed(cohort.logs), "plans.csv": _plans_with_doses(cohort), "pauses.csv": cohort.pauses,
        "patients.csv": cohort.patients, "truth.csv": _rounded(truth)}
    return {"README.md": _read_me().encode()} | {name: csv_text(table).encode() for name, table in tables.items()}


def _check_nothing_is_lost(folder: Path) -> None:
    if not folder.is_dir():
        return
    found = {path.name for path in folder.iterdir()}
    if not found:
        return
    read_me = folder / "README.md"
    if not (found <= _FILES and read_me.is_file() and read_me.read_bytes().startswith(_TITLE.encode())):
        raise HipAnalyticsError(
            f"The folder {folder} holds other files ({', '.join(sorted(found)[:3])}): choose an empty or a new folder "
            "for the example cohort.")


def _as_typed(logs: pd.DataFrame) -> pd.DataFrame:
    """The logs as an app would export them: a day without a time stays a day."""
    stamps = logs["performed_at"].dt.strftime("%Y-%m-%d %H:%M")
    days = logs["performed_at"].dt.strftime("%Y-%m-%d")
    return logs.assign(performed_at=stamps.where(logs["has_time"], days)).drop(columns="has_time")


def _plans_with_doses(cohort: Cohort) -> pd.DataFrame:
    return cohort.plans.merge(cohort.prescriptions, how="left", on=["patient_id", "valid_from"])


def _rounded(truth: pd.DataFrame) -> pd.DataFrame:
    return truth.assign(**truth.select_dtypes("float").round(_TRUTH_DECIMALS))


def _read_me() -> str:
    return "\n\n".join([
        _TITLE,
        f"{_PATIENTS} patients who do not exist, over {_WEEKS} weeks, made by the seeded simulator of hipanalytics "
        "(`hipanalytics demo FOLDER`). They show what makes real diaries hard: people who enter one after the other, "
        "plans that change in mid-week, pauses, drop-outs, missing scores, diaries typed in weeks later, flares, and "
        "exercises that hurt. No figure of theirs says anything about real people.",
        "Try: `hipanalytics review logs.csv --plans plans.csv --pauses pauses.csv --patients patients.csv`",
        "## logs.csv", dictionary_section("session_logs"),
        "## plans.csv", dictionary_section("plans"),
        "## pauses.csv", dictionary_section("pauses"),
        "## patients.csv", dictionary_section("patients"),
        "## truth.csv", "What is true of each patient, which no clinic could know: to check what an analysis finds.",
        markdown_table(("column", "unit", "meaning"), _TRUTH_COLUMNS),
    ]) + "\n"
