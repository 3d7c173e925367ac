"""Every clinical number, with its unit, meaning and source. To change one for a clinic, see `read_thresholds`."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hipanalytics.errors import ThresholdError

VERSION = "1.0"
"""Version of the default values. It changes whenever one of them does."""

PAIN_POLICIES = {
    "article": "pain during or after the exercise above the pain at the start",
    "nemex": "pain during or after above 5 and above the pain at the start, or next morning 2 or more above it",
    "silbernagel": "pain during or after above 5 and above the pain at the start, or 4-5 and next morning above it",
}
"""The rules by which an exercise is said to hurt; a clinic chooses one."""

_DEFINITIONS = "hipanalytics definitions 1.0"


def _threshold(value: Any, unit: str, meaning: str, *, low: float = 0, high: float = 10, source: str) -> Any:
    return dataclasses.field(
        default=value,
        metadata={"unit": unit, "meaning": meaning, "low": low, "high": high, "source": source, "version": VERSION},
    )


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Every number that decides a figure, a label or a flag."""

    # The plan
    assumed_sessions_per_week: int = _threshold(
        3, "sessions/week", "Sessions due where no plan says otherwise", low=1, high=7,
        source="the article: three times a week")

    # Adherence
    adherence_recent_weeks: int = _threshold(
        4, "weeks", "Counted weeks that the recent adherence and its label rest on", low=1, high=26,
        source=_DEFINITIONS)
    adherence_label_weeks: int = _threshold(
        2, "weeks", "Counted weeks needed before a label is given", low=1, high=26, source=_DEFINITIONS)
    adherence_full: float = _threshold(
        0.8, "fraction", "Recent adherence from which the plan counts as done (full)", high=1,
        source="Bailey 2018, BJSM 54:326: 80-99% is the commonest satisfactory range")
    adherence_part: float = _threshold(
        0.5, "fraction", "Recent adherence from which the plan counts as partly done (part)", high=1,
        source=_DEFINITIONS)
    coverage_recorded: float = _threshold(
        0.5, "fraction", "Share of weeks with any log below which adherence is unrecorded", high=1,
        source=_DEFINITIONS)

    # Blocks of rated days
    block_days: int = _threshold(
        14, "days", "Length of a block of rated days", low=1, high=90, source=_DEFINITIONS)
    block_days_longest: int = _threshold(
        21, "days", "Length up to which a thin block is extended", low=1, high=90, source=_DEFINITIONS)
    block_rated_wanted: int = _threshold(
        6, "rated days", "Rated days that a thin block is extended to", low=1, high=90, source=_DEFINITIONS)
    block_rated_needed: int = _threshold(
        4, "rated days", "Rated days without which a block has no mean", low=1, high=90, source=_DEFINITIONS)

    # Change in pain
    improved_points: float = _threshold(
        1.5, "NRS points", "Fall in pain that counts as improved", low=0.1,
        source="Tubach 2005, PMC1755212: 15.3 mm of 100")
    improved_fraction: float = _threshold(
        0.3, "fraction", "Relative fall in pain that counts as improved", low=0.01, high=1,
        source="Tubach 2005: 32%; Farrar 2001, Dworkin 2008: 30%")
    acceptable_pain: float = _threshold(
        3.5, "NRS 0-10", "Pain at or below this is acceptable to most patients (PASS)",
        source="Tubach 2005, PMC1755171: 35 mm of 100")

    # Pain that rises
    rise_points: float = _threshold(
        2.0, "NRS points", "Rise between blocks that counts by itself", low=0.1,
        source="clinical proposal: act at +2, on two-week means only")
    rise_points_with_trend: float = _threshold(
        1.5, "NRS points", "Rise between blocks that counts together with a rising trend", low=0.1,
        source=_DEFINITIONS)
    rise_p: float = _threshold(
        0.05, "probability", "One-sided Mann-Kendall p below which a trend counts as rising", high=1,
        source=_DEFINITIONS)
    rise_confirmed_after_days: int = _threshold(
        7, "days", "Days before, at which the rise must have held too", low=1, high=60, source=_DEFINITIONS)
    trend_days: int = _threshold(
        42, "days", "Days that the trend looks back over", low=7, high=365, source=_DEFINITIONS)
    trend_rated_needed: int = _threshold(
        5, "rated days", "Rated days without which there is no trend", low=3, high=42, source=_DEFINITIONS)

    # Flags that were made quiet
    quiet_returns_at_rise: float = _threshold(
        1.0, "NRS points", "Rise in pain at which an acknowledged or snoozed flag comes back", low=0.1,
        source="clinical proposal: watch at +1")

    # Pain that persists
    first_review_days: int = _threshold(
        42, "days", "Unpaused days after which pain can be called persistent (6-week review)", low=7, high=365,
        source="APTA 2017; NICE QS87: review at 6 and 12 weeks")
    second_review_days: int = _threshold(
        84, "days", "Unpaused days of the 12-week review", low=7, high=365,
        source="APTA 2017; NICE QS87: review at 6 and 12 weeks")
    still_high_pain: float = _threshold(
        5.0, "NRS 0-10", "Pain that is still high although improved",
        source="BMC Musculoskelet Disord 9:55: moderate from 5")

    # Flares
    flare_pain: float = _threshold(4.0, "NRS 0-10", "Pain that each day of a flare reaches", source=_DEFINITIONS)
    flare_points: float = _threshold(
        2.0, "NRS points", "How far above the usual pain each day of a flare lies", low=0.1, source=_DEFINITIONS)
    flare_run: int = _threshold(
        2, "rated days", "Rated days in a row that make a flare", low=1, high=14,
        source="Osteoarthritis Cartilage 2021, S1063-4584(21)00702-0: sudden, sustained for a day or more")
    flare_days: int = _threshold(
        14, "days", "Days within which all of a flare lies", low=2, high=60, source=_DEFINITIONS)
    flare_usual_days: int = _threshold(
        28, "days", "Days before a flare that tell the usual pain", low=7, high=180, source=_DEFINITIONS)
    flare_usual_rated_needed: int = _threshold(
        6, "rated days", "Rated days without which the usual pain is not known", low=1, high=90, source=_DEFINITIONS)

    # Exercises that hurt
    pain_policy: str = _threshold(
        "nemex", "policy", "The rule by which an exercise is said to hurt", source="NEMEX; Silbernagel; the article")
    policy_high_pain: float = _threshold(
        5.0, "NRS 0-10", "Pain during or after an exercise above which nemex and silbernagel say stop",
        source="NEMEX: acceptable up to 5; Silbernagel: up to 5")
    policy_moderate_pain: float = _threshold(
        4.0, "NRS 0-10", "Pain from which silbernagel looks at the next morning", source="Silbernagel")
    policy_next_morning_points: float = _threshold(
        2.0, "NRS points", "Rise to the next morning at which nemex says stop", low=0.1, source="NEMEX")
    aggravating_sessions: int = _threshold(
        3, "sessions", "Last scored sessions of an exercise that are looked at", low=1, high=20, source=_DEFINITIONS)
    aggravating_stops: int = _threshold(
        2, "sessions", "Sessions of these in which the policy says stop", low=1, high=20, source=_DEFINITIONS)

    # Silence and missing data
    silent_days: int = _threshold(
        14, "days", "Unpaused days without a row that raise the silent flag", low=1, high=365, source=_DEFINITIONS)
    silent_notice_days: int = _threshold(
        7, "days", "Unpaused days without a row that give a notice", low=1, high=365, source=_DEFINITIONS)
    too_little_data_days: int = _threshold(
        42, "days", "Days since the start after which an unknown change is flagged", low=1, high=365,
        source=_DEFINITIONS)
    late_entry_days: int = _threshold(
        3, "days", "Days between a session and its typing from which the entry is late", low=1, high=365,
        source=_DEFINITIONS)
    bulk_entry_days: int = _threshold(
        4, "days", "Different days typed in on one day from which the entry is a bulk entry", low=2, high=365,
        source=_DEFINITIONS)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check_value(field, getattr(self, field.name))
        _check_order(self)

    def replaced(self, values: Mapping[str, object], *, where: str = "") -> Thresholds:
        """These thresholds with some values changed.

        Raises: ThresholdError for an unknown name (a near one is suggested) or an impossible value.
        """
        for name in values:
            _check_name(name, where=where)
        try:
            return dataclasses.replace(self, **cast(dict[str, Any], dict(values)))
        except ThresholdError as error:
            raise ThresholdError(f"{where + ': ' if where else ''}{error}") from None


@dataclass(frozen=True)
class ClinicThresholds:
    """The clinic's thresholds, and those that differ for single patients."""

    clinic: Thresholds = dataclasses.field(default_factory=Thresholds)
    patients: Mapping[str, Thresholds] = dataclasses.field(default_factory=dict)


def read_thresholds(path: str | Path) -> ClinicThresholds:
    """Which numbers does this clinic use instead of the defaults?

    Rule: a TOML file with a table `[thresholds]` for the clinic and `[patients."P-1"]` for a single patient.
    Missing: a number that is not named keeps its default (a patient's: the clinic's value).
    Raises: ThresholdError, naming the line's threshold, what was found and what is allowed.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ThresholdError(f"The settings file {Path(path).name} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ThresholdError(f"The settings file {Path(path).name} is not valid TOML: {error}.") from None
    unknown = sorted(set(content) - {"thresholds", "patients"})
    if unknown:
        raise ThresholdError(
            f"The settings file {Path(path).name} has an unknown table [{unknown[0]}]; "
            "allowed are [thresholds] and [patients.\"ID\"].")
    file = Path(path).name
    clinic = Thresholds().replaced(_table(content, "thresholds", file), where=file)
    patients = {
        patient: clinic.replaced(_table({patient: values}, patient, file), where=f"{file}, patient {patient}")
        for patient, values in _table(content, "patients", file).items()
    }
    return ClinicThresholds(clinic, patients)


def _table(content: Mapping[str, Any], name: str, file: str) -> Mapping[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise ThresholdError(f"In {file}, {name} must be a table of names and values, not {table!r}.")
    return table


def _check_name(name: str, *, where: str) -> None:
    names = [field.name for field in dataclasses.fields(Thresholds)]
    if name in names:
        return
    near = difflib.get_close_matches(name, names, 1)
    hint = f"; did you mean {near[0]}?" if near else "."
    raise ThresholdError(f"{where + ': ' if where else ''}{name} is not a threshold{hint}")


def _check_value(field: dataclasses.Field[Any], value: object) -> None:
    low, high, unit = field.metadata["low"], field.metadata["high"], field.metadata["unit"]
    if unit == "policy":
        if value not in PAIN_POLICIES:
            raise ThresholdError(f"{field.name} = {value!r}: allowed are {', '.join(PAIN_POLICIES)}.")
        return
    whole = isinstance(field.default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise ThresholdError(f"{field.name} = {value!r}: a {'whole ' if whole else ''}number ({unit}) is needed.")
    if not low <= cast(float, value) <= high:
        raise ThresholdError(f"{field.name} = {value!r} {unit}: allowed is {low:g} to {high:g}.")


def _check_order(values: Thresholds) -> None:
    for smaller, larger in [
        ("adherence_part", "adherence_full"),
        ("block_days", "block_days_longest"),
        ("block_rated_needed", "block_rated_wanted"),
        ("rise_points_with_trend", "rise_points"),
        ("first_review_days", "second_review_days"),
        ("silent_notice_days", "silent_days"),
        ("policy_moderate_pain", "policy_high_pain"),
        ("aggravating_stops", "aggravating_sessions"),
        ("block_rated_wanted", "block_days_longest"),
        ("trend_rated_needed", "trend_days"),
        ("flare_run", "flare_days"),
        ("flare_usual_rated_needed", "flare_usual_days"),
        ("adherence_label_weeks", "adherence_recent_weeks"),
    ]:
        if getattr(values, smaller) > getattr(values, larger):
            raise ThresholdError(
                f"{smaller} = {getattr(values, smaller):g} is above {larger} = {getattr(values, larger):g}; "
                "it must be the same or less.")
