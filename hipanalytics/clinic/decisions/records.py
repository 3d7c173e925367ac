"""What clinicians decide: one frozen record for each kind of decision, checked as it is made."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    model_validator,
)

from hipanalytics.errors import ClinicError
from hipanalytics.importers.door import EARLIEST, EARLIEST_REPLACEMENT, PAST_ONLY, PLANNED_AHEAD_YEARS, ahead
from hipanalytics.tables import EXERCISE_LONGEST, NOTE_LONGEST

Side: TypeAlias = Literal["left", "right", "both"]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NOTE_LONGEST)]
MaybeWords = Annotated[Words | None, BeforeValidator(lambda text: None if text == "" else text)]
ExerciseName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=EXERCISE_LONGEST)]
FlagCode = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}\z")]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=0, le=10**9)]
Pain = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _in_plain_words(cls, values: Any, check: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return check(values)
        except ValidationError as error:
            sentences = dict.fromkeys(_sentence(problem, list(cls.model_fields)) for problem in error.errors())
            raise ClinicError(" ".join(sentences)) from None


class PatientFacts(_Checked):
    """What is known of a patient beside logs and plans."""

    hip_side: Side | None = None
    clinician: MaybeWords = None
    programme_start: dt.date | None = None
    replacement_date: dt.date | None = None
    replacement_approach: Literal["posterior", "anterior", "lateral"] | None = None
    discharged_on: dt.date | None = None


class PrescribedExercise(_Checked):
    """An exercise of a plan, with its dose."""

    exercise: ExerciseName
    side: Side | None = None
    sets: Whole | None = None
    reps: Whole | None = None
    hold_s: Amount | None = None
    load_kg: Amount | None = None


class PlanVersion(_Checked):
    """What is prescribed from a day on, until the next version or its own last day."""

    valid_from: dt.date
    sessions_per_week: Annotated[int, Field(ge=1, le=7)]
    valid_to: dt.date | None = None
    new_episode: bool = False
    exercises: tuple[PrescribedExercise, ...] = ()

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        return _in_order(self, "valid_from", "valid_to")


class Pause(_Checked):
    """Days on which nothing is due; without an end it is still open."""

    start: dt.date
    end: dt.date | None = None
    reason: MaybeWords = None

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        return _in_order(self, "start", "end")


class RedFlagAnswer(_Checked):
    """The answer to a red-flag question; a positive one stays open until it is acknowledged."""

    answered_on: dt.date
    question: MaybeWords = None
    positive: bool
    acknowledged_on: dt.date | None = None
    what_was_done: MaybeWords = None


class ReviewNote(_Checked):
    """A clinician looked at a patient: up to which day, at which flags, and what was decided."""

    as_of: dt.date
    flags: dict[FlagCode, Pain | None] = {}
    """The flags as seen, each with the latest pain mean then, where it was known."""
    decision: Words
    next_review_by: dt.date | None = None


class Quiet(_Checked):
    """A flag that was acknowledged, or snoozed until a day, and how the patient was then."""

    as_of: dt.date
    flag: FlagCode
    kind: Literal["acknowledged", "snoozed"]
    until: dt.date | None = None
    pain_latest: Pain | None = None
    flags: tuple[FlagCode, ...] = ()
    """The flags raised then."""

    @model_validator(mode="after")
    def _is_until_a_day_if_snoozed(self) -> Self:
        if self.kind == "snoozed" and self.until is None:
            raise ClinicError("Say until which day the flag is snoozed.")
        if self.kind == "acknowledged" and self.until is not None:
            raise ClinicError("A flag is either acknowledged, or snoozed until a day.")
        return _in_order(self, "as_of", "until")


Record: TypeAlias = PatientFacts | PlanVersion | Pause | RedFlagAnswer | ReviewNote | Quiet
KINDS: Final[dict[str, type[Record]]] = {
    "patient": PatientFacts, "plan": PlanVersion, "pause": Pause, "red_flag": RedFlagAnswer, "review": ReviewNote,
    "quiet": Quiet}
"""Every kind of decision and its record."""
KIND_WORDS: Final = {
    "patient": "the facts on the patient", "plan": "the plan", "pause": "the pauses",
    "red_flag": "the red-flag answers", "review": "the reviews", "quiet": "the acknowledged and snoozed flags"}


def kind_of(record: Record) -> str:
    """Which kind of decision is this?"""
    return next(kind for kind, model in KINDS.items() if isinstance(record, model))


def content_of(record: Record) -> str:
    """The record as it is stored: JSON with sorted names, dates as 2026-03-12, without what is not known."""
    return json.dumps(record.model_dump(mode="json", exclude_none=True), sort_keys=True)


def record_from(kind: str, content: str) -> Any:
    """The record that was stored."""
    return KINDS[kind].model_validate_json(content)


def changed(record: Any, **changes: Any) -> Any:
    """The record with other values, checked. Raises: ClinicError."""
    return type(record)(**{**dict(record), **changes})


def check_days(record: Record, today: dt.date) -> None:
    """Can these days be meant? Raises: ClinicError for one before 2000, or after today or the next two years.

    Rule: as at the door; a replacement may lie as far back as 1950.
    """
    for name, day in record:
        if isinstance(day, dt.date):
            earliest = EARLIEST_REPLACEMENT if name == "replacement_date" else EARLIEST
            latest = today if name in PAST_ONLY else ahead(today, PLANNED_AHEAD_YEARS)
            if not earliest <= day <= latest:
                raise ClinicError(f"{_words(name)} cannot be {day}: give a day from {earliest} to {latest}.")


def _in_order(record: Any, first: str, last: str) -> Any:
    start, end = getattr(record, first), getattr(record, last)
    if end is not None and end < start:
        raise ClinicError(f"{_words(last)} ({end}) lies before {_words(first)} ({start}).")
    return record


def _sentence(problem: Any, names: list[str]) -> str:
    """What is wrong with a value, in our words."""
    place = [str(part) for part in problem["loc"]]
    name = _words(next(iter(place), "this"))
    if problem["type"] == "extra_forbidden":
        return f"There is no {place[0]!r} here; there is {', '.join(names)}."
    if problem["type"] == "missing":
        return f"{name} is missing."
    return f"{name} cannot be {_short(problem['input'])}: {_wanted(problem)} is needed."


def _wanted(problem: Any) -> str:
    kind, limits = str(problem["type"]), problem.get("ctx", {})
    if kind.startswith(("greater_than", "less_than")):
        return f"a number of {limits['ge']:g} or more" if "ge" in limits else f"a number of {limits['le']:g} or less"
    if kind == "string_too_long":
        return f"text of at most {limits['max_length']:,} characters"
    if kind == "literal_error":
        return str(limits["expected"]).replace("'", "")
    kinds = {"date": "a day such as 2026-03-12", "int": "a whole number", "float": "a number", "finite": "a number",
             "bool": "true or false", "string_too_short": "some text", "string_pattern": "the code of a flag",
             "string": "text", "tuple": "a list", "dict": "a table of flags and values",
             "model": "a set of named values"}
    return next((words for start, words in kinds.items() if kind.startswith(start)), "another value")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "..."


def _words(name: str) -> str:
    return name.replace("_", " ")
