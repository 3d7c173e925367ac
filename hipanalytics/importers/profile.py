"""Mapping profiles: one TOML file per source says how its columns become those of a table.

A profile for a diary in which every row is one symptom, for one patient per file::

    description = "Pain diary of the shared tablet"
    source = "Exported by the clinic's diary app"
    table = "session_logs"            # or plans, pauses, patients, red_flags

    [file]                            # all optional: what is not said is detected
    encoding = "windows-1252"
    delimiter = ";"
    decimal = ","
    sheet = "Diary"
    missing = ["-", "none"]           # further words that mean: no value

    [columns]                         # ours = "theirs"
    pain = "intensity"
    note = "remark"

    [filter]                          # only rows with these values are read, the others are set aside and counted
    name = ["Hip Pain", "Groin Pain"]

    [constants]                       # the same value in every row
    patient_id = "P2"

    [date.performed_at]               # a date spread over several columns
    year = "startyear"
    month = "startmonth"
    day = "startday"
    time = "start time"               # optional
    no_time = ["watch", "app"]        # words in the time column that say nothing of the time of day

    [words.done]                      # their word = ours, ignoring case
    ja = "true"
    nein = "false"

    [scales.pain]                     # a straight line from their scale to ours
    from = [0, 100]
    to = [0, 10]

    [scales.effort.steps]             # or named steps
    light = 2
    hard = 7

Further entries at the top: `fill_down` (columns in which a blank cell means: as above), `date_formats` (tried in this
order, e.g. ["%d/%m/%Y", "%d.%m.%Y %H:%M"]; year-month-day is always understood), `time_formats` (for the time column
of a date in parts), `zone` (for stamps such as 10:00Z, e.g. "Europe/Berlin"), `keep_repeated_rows` (true where equal
rows are one per set, not copies), `pseudonymise` (true: every patient identifier becomes a pseudonym, by the secret key
of the clinic that the file is imported into), `keep` (columns that may hold what tells who people are: these
are neither reported nor emptied; ours or theirs, e.g. ["note"]). docs/mapping-profiles.md explains each, with examples.
"""

from __future__ import annotations

import codecs
import datetime as dt
import difflib
import tomllib
import zoneinfo
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hipanalytics.errors import CohortError, ProfileError
from hipanalytics.tables import TABLES

TABLE_NAMES = ("session_logs", "plans", "pauses", "patients", "red_flags")


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float, dt.date)) else value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Text = Annotated[str, BeforeValidator(_as_text)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FileOptions(_Part):
    """How the file is written; what is not said is detected."""

    encoding: str | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1, pattern=r"[^\"\r\n]")
    decimal: Literal[".", ","] | None = None
    sheet: str | None = None
    missing: Texts = ()

    @pydantic.field_validator("encoding")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                codecs.lookup(name)
            except (LookupError, ValueError):
                raise ValueError(f"{name!r} is not a known encoding, such as utf-8, windows-1252 or latin-1") from None
        return name


class DateParts(_Part):
    """A date spread over several columns."""

    year: str
    month: str
    day: str
    time: str | None = None
    no_time: Texts = ()


class Scale(_Part):
    """From the source's scale to ours: a straight line, or named steps."""

    low_high: tuple[float, float] | None = Field(None, alias="from")
    to: tuple[float, float] = (0, 10)
    steps: dict[str, float] = {}

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Scale:
        if bool(self.steps) == (self.low_high is not None):
            raise ValueError("give either from and to, or steps")
        if self.low_high is not None and self.low_high[0] == self.low_high[1]:
            raise ValueError("from needs two different numbers")
        return self


class MappingProfile(_Part):
    """How the columns of one source become those of a table. See this module's own text for an example."""

    description: str = ""
    source: str = ""
    table: Literal["session_logs", "plans", "pauses", "patients", "red_flags"] = "session_logs"
    file: FileOptions = FileOptions()
    columns: dict[str, str] = {}
    filter: dict[str, Texts] = {}
    constants: dict[str, Text] = {}
    date: dict[str, DateParts] = {}
    words: dict[str, dict[str, Text]] = {}
    scales: dict[str, Scale] = {}
    fill_down: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ()
    time_formats: tuple[str, ...] = ("%H:%M", "%H:%M:%S")
    zone: str | None = None
    keep_repeated_rows: bool = False
    pseudonymise: bool = False
    keep: Texts = ()

    @model_validator(mode="after")
    def _fits_its_table(self) -> MappingProfile:
        known = columns_of(self.table)
        for entry in ("columns", "constants", "date", "words", "scales"):
            for name in getattr(self, entry):
                if name not in known:
                    raise ValueError(f"[{entry}] {name} is not a column of {self.table}{near(name, known)}")
        for name in (*self.columns, *self.date):
            if (name in self.constants) + (name in self.columns) + (name in self.date) > 1:
                raise ValueError(f"{name} is given more than once, in [columns], [constants] or [date]")
        for name in self.scales:
            if name not in numeric_columns(self.table):
                raise ValueError(f"[scales.{name}]: {name} is not a number")
        if self.pseudonymise and "patient_id" in self.keep:
            raise ValueError("patient_id cannot be both kept as it is (keep) and turned into pseudonyms (pseudonymise)")
        return self

    @pydantic.field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str | None) -> str | None:
        if name is not None and (problem := _zone_problem(name)):
            raise ValueError(problem)
        return name

    @pydantic.field_validator("date_formats", "time_formats")
    @classmethod
    def _are_formats(cls, shapes: tuple[str, ...]) -> tuple[str, ...]:
        for shape in shapes:
            if "%z" in shape.lower():
                raise ValueError(f"{shape!r} names a zone; stamps such as 2026-03-12T17:30Z are understood without it")
            try:
                dt.datetime.strptime(dt.datetime(2026, 3, 12, 17, 30).strftime(shape), shape)
            except (ValueError, KeyError):
                raise ValueError(f"{shape!r} is not a date format, such as \"%d/%m/%Y\"") from None
            if "%" not in shape:
                raise ValueError(f"{shape!r} is not a date format, such as \"%d/%m/%Y\"")
        return shapes


def read_profile(path_or_name: str | Path) -> MappingProfile:
    """How does this source write its columns?

    `path_or_name`: the name of a profile that comes with the package (`profile_names`), or a TOML file.
    Raises: ProfileError, naming the entry, what was found and what is allowed.
    """
    name = str(path_or_name)
    if name in profile_names():
        return _parsed(_shipped().joinpath(f"{name}.toml").read_text(encoding="utf-8"), name)
    path = Path(path_or_name)
    if not path.is_file():
        names = profile_names()
        raise ProfileError(
            f"There is no profile {path.name}{near(name, names)} Give a TOML file, or one of: {', '.join(names)}.")
    try:
        return _parsed(path.read_text(encoding="utf-8-sig"), path.name)
    except (OSError, UnicodeDecodeError):
        raise ProfileError(f"The profile {path.name} cannot be read; it must be a text file in UTF-8.") from None


def profile_names() -> list[str]:
    """Which profiles come with the package?"""
    return sorted(file.name[:-5] for file in _shipped().iterdir() if file.name.endswith(".toml"))


def check_zone(name: str) -> str:
    """The name of a time zone, unchanged. Raises: CohortError for an unknown one, with near names."""
    if problem := _zone_problem(name):
        raise CohortError(f"{problem}.")
    return name


@cache
def columns_of(table: str, *, with_made: bool = False) -> tuple[str, ...]:
    """The columns that a file of this table may have (and those that the door makes)."""
    names = list(TABLES[table].to_schema().columns)
    if table == "plans":
        names += [name for name in TABLES["prescriptions"].to_schema().columns if name not in names]
    return tuple(name for name in names if with_made or name != "has_time")


@cache
def required_columns(table: str) -> tuple[str, ...]:
    """The columns without which a row of this table says nothing."""
    return tuple(name for name, column in TABLES[table].to_schema().columns.items()
                 if (column.metadata or {}).get("required") and name not in ("has_time", "new_episode"))


@cache
def numeric_columns(table: str) -> tuple[str, ...]:
    """Those of its columns that hold numbers."""
    tables = ("plans", "prescriptions") if table == "plans" else (table,)
    return tuple(name for each in tables for name, column in TABLES[each].to_schema().columns.items()
                 if str(column.dtype) in ("float64", "int64"))


def nearest(name: str, names: Sequence[str]) -> str:
    """The most similar of some names; empty where none is similar."""
    by_small = {other.lower(): other for other in names}
    found = difflib.get_close_matches(name.lower(), list(by_small), 1, cutoff=0.6)
    return by_small[found[0]] if found else ""


def near(name: str, names: Sequence[str]) -> str:
    """A hint at the nearest of some names, as the end of a sentence."""
    found = nearest(name, names)
    return f"; did you mean {found}?" if found else "."


def _zone_problem(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        zones = zoneinfo.available_timezones()
        close = difflib.get_close_matches(name, zones, 2, cutoff=0.6)
        hint = f"did you mean {' or '.join(close)}?" if close else "give one such as Europe/Berlin"
        return f"{name!r} is not a known time zone; {hint}".rstrip("?") + ("?" if close else "")
    return ""


def _shipped() -> Any:
    return resources.files("hipanalytics.importers").joinpath("profiles")


def _parsed(text: str, name: str) -> MappingProfile:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"The profile {name} is not valid TOML: {error}.") from None
    try:
        return MappingProfile.model_validate(content)
    except pydantic.ValidationError as error:
        sentences = [_sentence(problem) for problem in error.errors()]
        raise ProfileError(f"The profile {name}: {' '.join(sentences)}") from None


def _sentence(problem: Any) -> str:
    """What pydantic says of an entry, in our words."""
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"The entry {place} is unknown{near(str(problem['loc'][-1]), _entries(problem['loc'][:-1]))}"
    if problem["type"] == "value_error":
        text = str(problem["ctx"]["error"])
        return f"{place + ': ' if place else ''}{text}" + ("" if text.endswith((".", "?")) else ".")
    if problem["type"] == "missing":
        return f"The entry {place} is missing."
    wanted = {"string_type": "text", "bool_type": "true or false", "bool_parsing": "true or false",
              "float_type": "a number", "float_parsing": "a number", "dict_type": "a table of names and values",
              "string_too_short": "one character", "string_too_long": "one character",
              "string_pattern_mismatch": "a separator such as \";\"",
              "model_type": "a table of names and values", "tuple_type": "a list"}.get(problem["type"])
    if wanted is None:
        wanted = str(problem.get("ctx", {}).get("expected", "another kind of value")).replace("'", '"')
    return f"The entry {place} = {problem['input']!r} cannot be used: {wanted} is needed."


def _entries(place: tuple[Any, ...]) -> list[str]:
    models: dict[str, type[BaseModel]] = {"file": FileOptions, "date": DateParts, "scales": Scale}
    model = models.get(str(place[0]), MappingProfile) if place else MappingProfile
    return [field.alias or name for name, field in model.model_fields.items()]
