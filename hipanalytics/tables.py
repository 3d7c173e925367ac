"""One model per table: its columns, their units, ranges and meanings. `schemas/` is generated from this file."""

from __future__ import annotations

from typing import Any, Final, cast

import pandas as pd
import pandera.pandas as pa
from pandera.typing.pandas import Series

PATIENT_ID_PATTERN: Final = r"^[A-Za-z0-9._-]{1,64}$"
SIDES: Final = ("left", "right", "both")
STOP_REASONS: Final = ("pain", "fatigue", "time", "equipment", "other")
APPROACHES: Final = ("posterior", "anterior", "lateral")
EXERCISE_LONGEST: Final = 80
NOTE_LONGEST: Final = 10_000


def _column(meaning: str, unit: str = "", *, required: bool = False, **checks: Any) -> Any:
    return pa.Field(nullable=not required, description=meaning, metadata={"unit": unit, "required": required}, **checks)


def _score(meaning: str) -> Any:
    return _column(meaning, "NRS 0-10", ge=0, le=10)


def _whole(series: Series[float]) -> Series[bool]:
    return cast(Series[bool], series.isna() | (series % 1 == 0))


class _Table(pa.DataFrameModel):
    class Config:
        strict = False


class SessionLogs(_Table):
    """What patients did and felt: one row per exercise done in a session, or per rating.

    A row with an `exercise`, or with a `done`, is a session row; one with neither is a rating.
    """

    patient_id: Series[pd.CategoricalDtype] = _column(
        "Pseudonym of the patient: letters, digits, '.', '_', '-'", "1-64 characters", required=True)
    performed_at: Series[pa.DateTime] = _column(
        "When it was done, by the patient's own clock; a date alone has no time of day", "date, or date and time",
        required=True)
    has_time: Series[bool] = _column(
        "Made by the reader: whether performed_at has a time of day", "true/false", required=True)
    exercise: Series[pd.CategoricalDtype] = _column(
        "Catalogue id of the exercise, or a clinic's own", f"up to {EXERCISE_LONGEST} characters")
    done: Series[pd.BooleanDtype] = _column(
        "Whether it was done. No such column: rows with an exercise were done; an empty cell: not known", "true/false")
    pain: Series[float] = _score("Usual pain at the start of the session")
    side: Series[pd.CategoricalDtype] | None = _column("Side exercised", isin=SIDES)
    pain_side: Series[pd.CategoricalDtype] | None = _column(
        "Side that the pain scores speak of; empty: the patient's hip", isin=SIDES)
    sets: Series[float] | None = _column("Sets done", "whole number", ge=0)
    reps: Series[float] | None = _column("Repetitions per set", "whole number", ge=0)
    hold_s: Series[float] | None = _column("Time each repetition is held", "seconds", ge=0)
    load_kg: Series[float] | None = _column("Load", "kg", ge=0)
    pain_during: Series[float] | None = _score("Highest pain during the exercise")
    pain_after: Series[float] | None = _score("Pain after the exercise")
    pain_next_morning: Series[float] | None = _score("Pain on the next morning")
    effort: Series[float] | None = _column("Perceived effort", "RPE 0-10", ge=0, le=10)
    stop_reason: Series[pd.CategoricalDtype] | None = _column("Why it was stopped early", isin=STOP_REASONS)
    logged_at: Series[pa.DateTime] | None = _column("When the row was typed in", "date, or date and time")
    note: Series[str] | None = _column("Free text", f"up to {NOTE_LONGEST} characters")

    @pa.check("sets", "reps", name="whole")
    @classmethod
    def _is_whole(cls, series: Series[float]) -> Series[bool]:
        return _whole(series)


class Plans(_Table):
    """What was prescribed: one row per version of a patient's plan."""

    patient_id: Series[str] = _column(
        "Pseudonym of the patient", "1-64 characters", required=True, str_matches=PATIENT_ID_PATTERN)
    valid_from: Series[pa.DateTime] = _column("First day of this version", "date", required=True)
    sessions_per_week: Series[int] = _column(
        "Sessions due, on different days", "sessions/week", required=True, ge=1, le=7)
    valid_to: Series[pa.DateTime] = _column(
        "Last day of this version; empty: until the next version", "date")
    new_episode: Series[bool] = _column(
        "Whether a returning patient's course starts anew here; empty: no", "true/false", required=True)


class Prescriptions(_Table):
    """The exercises of each plan version with their doses: one row per exercise and side."""

    patient_id: Series[str] = _column(
        "Pseudonym of the patient", "1-64 characters", required=True, str_matches=PATIENT_ID_PATTERN)
    valid_from: Series[pa.DateTime] = _column("First day of the plan version", "date", required=True)
    exercise: Series[str] = _column(
        "Catalogue id of the exercise, or a clinic's own", f"up to {EXERCISE_LONGEST} characters", required=True)
    side: Series[str] = _column("Side to exercise", isin=SIDES)
    sets: Series[float] = _column("Sets prescribed", "whole number", ge=0)
    reps: Series[float] = _column("Repetitions per set prescribed", "whole number", ge=0)
    hold_s: Series[float] = _column("Time to hold each repetition", "seconds", ge=0)
    load_kg: Series[float] = _column("Load prescribed", "kg", ge=0)

    @pa.check("sets", "reps", name="whole")
    @classmethod
    def _is_whole(cls, series: Series[float]) -> Series[bool]:
        return _whole(series)


class Pauses(_Table):
    """Days on which nothing is due: illness, holidays, an operation."""

    patient_id: Series[str] = _column(
        "Pseudonym of the patient", "1-64 characters", required=True, str_matches=PATIENT_ID_PATTERN)
    start: Series[pa.DateTime] = _column("First day of the pause", "date", required=True)
    end: Series[pa.DateTime] = _column("Last day of the pause; empty: still open", "date")
    reason: Series[str] = _column("Why", "free text")


class Patients(_Table):
    """What is known of each patient beside logs and plans."""

    patient_id: Series[str] = _column(
        "Pseudonym of the patient", "1-64 characters", required=True, unique=True, str_matches=PATIENT_ID_PATTERN)
    hip_side: Series[str] = _column("The painful hip", isin=SIDES)
    clinician: Series[str] = _column("Who follows the patient", "free text")
    programme_start: Series[pa.DateTime] = _column("First day of the home programme", "date")
    replacement_date: Series[pa.DateTime] = _column("Day of a hip replacement", "date")
    replacement_approach: Series[str] = _column("Surgical approach of the replacement", isin=APPROACHES)
    discharged_on: Series[pa.DateTime] = _column("Last day of the course", "date")


class RedFlags(_Table):
    """Answers to the red-flag questions, entered by a clinician."""

    patient_id: Series[str] = _column(
        "Pseudonym of the patient", "1-64 characters", required=True, str_matches=PATIENT_ID_PATTERN)
    answered_on: Series[pa.DateTime] = _column("Day of the answer", "date", required=True)
    question: Series[str] = _column("The question asked", "free text")
    positive: Series[bool] = _column("Whether the answer was yes", "true/false", required=True)
    acknowledged_on: Series[pa.DateTime] = _column(
        "Day on which a clinician acknowledged it; empty: not yet", "date")


TABLES: Final[dict[str, type[_Table]]] = {
    "session_logs": SessionLogs,
    "plans": Plans,
    "prescriptions": Prescriptions,
    "pauses": Pauses,
    "patients": Patients,
    "red_flags": RedFlags,
}


def empty_table(model: type[_Table]) -> pd.DataFrame:
    """A table of this kind without rows: every column, with its type."""
    return pd.DataFrame({name: _empty_column(str(column.dtype)) for name, column in model.to_schema().columns.items()})


def _empty_column(dtype: str) -> pd.Series[Any]:
    if dtype == "category":
        return pd.Series(pd.Categorical([], categories=pd.Index([], dtype="str")))
    if dtype.startswith("datetime64"):
        return pd.Series([], dtype="datetime64[us]")
    return pd.Series([], dtype="str" if dtype.startswith("str") else dtype)
