"""The review: a cohort, thresholds and a date become one row per patient, sorted by need, each flag with its reason."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.errors import CohortError
from hipanalytics.flags.rules import FLAGS, raise_flags
from hipanalytics.flags.sentences import flag_sentences, notice_sentences, standing_words
from hipanalytics.measures.courses import default_as_of
from hipanalytics.measures.findings import Findings, measure_cohort, open_red_flags, review_figures
from hipanalytics.measures.pain import blocks_table
from hipanalytics.thresholds import ClinicThresholds, Thresholds

REVIEW_COLUMNS: Final = (
    "patient_id", "as_of", "programme_start", "plan_source", "weeks_complete", "weeks_counted", "sessions_per_week",
    "done_4w", "due_4w", "adherence_4w", "adherence_4w_logged", "adherence_all", "adherence_all_raw",
    "weeks_on_plan", "log_coverage_4w", "adherence_label", "last_log", "days_silent", "pain_baseline",
    "pain_baseline_n", "pain_baseline_from", "pain_latest", "pain_latest_n", "pain_change", "pain_change_rel",
    "pain_slope_per_week", "pain_rise_p", "pain_trend_n", "flags", "priority", "reason",
)
"""The columns that always come first, in this order."""

LAST_LOG: Final = "last-log"
"""As the day of a review: each patient's own last row."""

_LONGEST_AFTER_LOGS: Final = dt.timedelta(days=3660)
_LAST_YEAR: Final = 2100
OPEN_RED_FLAGS: Final = "OPEN RED FLAGS"
"""How the remark begins that must not be overlooked."""
_NAMED_AT_MOST: Final = 20


@dataclass(frozen=True)
class Count:
    """A number of patients, and of how many."""

    n: int
    of: int


@dataclass(frozen=True)
class Review:
    """A reviewed cohort: the table, the flags with their reasons, and what they were made from."""

    cohort: Cohort
    as_of: dt.date
    thresholds: ClinicThresholds
    findings: tuple[Findings, ...]
    """One for all patients, and one more for each set of thresholds that single patients have."""
    table: pd.DataFrame
    """One row per patient, by priority: `REVIEW_COLUMNS`, then standing (the first flag, or where the patient stands,
    in a word or two), brief (its numbers), notices, rows_used, rows_before_start, rows_after_as_of,
    rows_refused, cells_left_out."""
    flags: pd.DataFrame
    """One row per patient and flag, as `flag_sentences` gives them."""
    ended: int
    """Courses that have ended before the review (listed only if asked for)."""
    remarks: tuple[str, ...]
    """What else must be known: open red flags of patients who are not listed, and what no figure rests on."""

    @cached_property
    def weeks(self) -> pd.DataFrame:
        """The week panel of all patients; see `Panel.weeks_table`."""
        return pd.concat([each.panel.weeks_table() for each in self.findings], ignore_index=True)

    @cached_property
    def days(self) -> pd.DataFrame:
        """The pain of every rated day; see `Panel.days_table`."""
        return pd.concat([each.panel.days_table() for each in self.findings], ignore_index=True)

    @cached_property
    def blocks(self) -> pd.DataFrame:
        """Baseline and latest block of all patients; see `blocks_table`."""
        return pd.concat([blocks_table(each.panel, each.pain) for each in self.findings], ignore_index=True)

    @cached_property
    def counts(self) -> dict[str, Count]:
        """How many patients are on plan, improved, persisting, worsening, silent, not known? Each with its denominator.

        Rule: on_plan of those with a label other than too_early; improved, persisting and worsening of those whose
        change is known; silent of the open courses; not_known (42 days or more in) and too_early (before that) of all,
        so that known, not_known and too_early add up to everyone.
        """
        return _count(self.findings)


def review_cohort(
    cohort: Cohort, as_of: dt.date | str | None = None, thresholds: Thresholds | ClinicThresholds | None = None, *,
    include_ended: bool = False, on_stage: Callable[[str], None] = lambda stage: None,
) -> Review:
    """Who is doing the plan, whose pain falls, persists or worsens, and whom do I call first?

    Rule: docs/definitions.md. Sorted by the place of the first flag, latest pain from high, days silent from high,
    patient_id.
    Missing: unknown values are missing; they are never zero, done or improved.
    Parameters: as_of: the day of the review (included); "last-log": each patient's own last row; default: the latest
    day in the logs.
    Raises: CohortError where there are no logs and no day is given, or as_of is not a day.
    """
    settings = thresholds if isinstance(thresholds, ClinicThresholds) else ClinicThresholds(thresholds or Thresholds())
    on_stage("courses")
    review_day = _review_day(as_of, cohort)
    parts = [
        measure_cohort(part, review_day, numbers, to_own_last_row=as_of == LAST_LOG, include_ended=include_ended,
                       on_stage=on_stage)
        for part, numbers in _parts(cohort, settings)]
    findings = tuple(found for found, _ in parts)
    on_stage("flags")
    flagged = [_flagged(each) for each in findings]
    table = pd.concat([rows for rows, _ in flagged], ignore_index=True)
    flags = pd.concat([flags for _, flags in flagged], ignore_index=True)
    table = _sorted(_with_refused(table, cohort))
    return Review(cohort=cohort, as_of=review_day, thresholds=settings, findings=findings, table=table, flags=flags,
                  ended=sum(ended for _, ended in parts), remarks=tuple(_remarks(cohort, table, review_day, settings)))


def _review_day(as_of: dt.date | str | None, cohort: Cohort) -> dt.date:
    """The day of the review. A mistyped year, over which every course would stretch, is refused."""
    if as_of is None or as_of == LAST_LOG:
        return default_as_of(cohort)
    try:
        day = pd.Timestamp(as_of).date()
    except ValueError:
        raise CohortError(f"as_of = {as_of!r}: give a day, such as 2026-03-15, or {LAST_LOG}.") from None
    latest = day if cohort.logs.empty else default_as_of(cohort)
    if day.year > _LAST_YEAR or day - latest > _LONGEST_AFTER_LOGS:
        raise CohortError(f"The day of the review, {day}, lies far after the latest day in the logs, {latest}: "
                          "check the year.")
    return day


def _parts(cohort: Cohort, settings: ClinicThresholds) -> list[tuple[Cohort, Thresholds]]:
    """The cohort, and apart from it the patients whose thresholds differ from the clinic's."""
    if not settings.patients:
        return [(cohort, settings.clinic)]
    special: dict[Thresholds, list[str]] = {}
    for patient, numbers in settings.patients.items():
        special.setdefault(numbers, []).append(patient)
    rest = [(_only(cohort, patients, inside=True), numbers) for numbers, patients in special.items()]
    return [(_only(cohort, list(settings.patients), inside=False), settings.clinic), *rest]


def _only(cohort: Cohort, patients: list[str], *, inside: bool) -> Cohort:
    def rows(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["patient_id"].isin(patients) == inside]

    logs = rows(cohort.logs)
    logs = logs.assign(patient_id=logs["patient_id"].cat.remove_unused_categories())
    return dataclasses.replace(
        cohort, logs=logs, plans=rows(cohort.plans), prescriptions=rows(cohort.prescriptions),
        pauses=rows(cohort.pauses), patients=rows(cohort.patients), red_flags=rows(cohort.red_flags))


def _flagged(findings: Findings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The review table's rows, unsorted, and the flags' sentences."""
    raised = raise_flags(findings)
    flags = flag_sentences(findings, raised)
    first_flag = np.select([raised[flag.code] for flag in FLAGS], list(range(len(FLAGS))), len(FLAGS))
    first = flags.drop_duplicates("patient").set_index("patient").reindex(np.arange(len(first_flag)))
    table = review_figures(findings).assign(
        flags=_joined(flags, "flag", ";", len(first_flag)),
        priority=first_flag,
        reason=_joined(flags, "sentence", " ", len(first_flag)),
        standing=first["title"],
        brief=first["brief"],
        notices=pd.Series(notice_sentences(findings), dtype="str"),
        rows_used=findings.panel.rows_used,
        rows_before_start=findings.panel.rows_before_start,
        rows_after_as_of=findings.panel.rows_after_as_of,
    )
    without = np.flatnonzero(first_flag == len(FLAGS))
    words = standing_words(findings, without)
    for place, column in enumerate(("standing", "reason", "brief")):
        table.loc[without, column] = [each[place] for each in words]
    return table, flags.drop(columns="patient")


def _joined(flags: pd.DataFrame, column: str, by: str, patients: int) -> pd.Series:
    texts: list[list[str]] = [[] for _ in range(patients)]
    for patient, text in zip(flags["patient"].tolist(), flags[column].tolist(), strict=True):
        texts[patient].append(text)
    return pd.Series([by.join(each) or None for each in texts], dtype="str")


def _with_refused(table: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    refused = cohort.refused.set_index("patient_id").reindex(table["patient_id"])
    counts = {name: refused[name].fillna(0).to_numpy(dtype=np.int64) for name in ("rows_refused", "cells_left_out")}
    notices = [
        f"{notice} {_refused_text(rows, cells, what)}".strip() if rows or cells else notice
        for notice, rows, cells, what in zip(table["notices"], *counts.values(), refused["what"], strict=True)]
    return table.assign(notices=pd.Series(notices, dtype="str", index=table.index), **counts)


def _refused_text(rows: int, cells: int, what: str) -> str:
    counts = [f"{n} {word}{'' if n == 1 else 's'} {done}" for n, word, done in
            ((rows, "row", "refused"), (cells, "cell", "left out")) if n]
    return f"{' and '.join(counts).capitalize()} at the door ({what}): these figures may be incomplete."


def _remarks(cohort: Cohort, table: pd.DataFrame, review_day: dt.date, settings: ClinicThresholds) -> Iterator[str]:
    listed = set(table["patient_id"])
    flagged = [patient for patient in open_red_flags(cohort, review_day) if patient not in listed]
    if flagged:
        yield f"{OPEN_RED_FLAGS} of patients who are not listed: {_named(flagged)}."
    known = {*cohort.logs["patient_id"].cat.categories, *cohort.plans["patient_id"]}
    lost = sorted(set(cohort.refused.loc[cohort.refused["rows_refused"] > 0, "patient_id"]) - known)
    if lost:
        yield f"Not listed, because all their rows were refused: {_named(lost)}."
    touched = int((table[["rows_refused", "cells_left_out"]].sum(axis=1) > 0).sum())
    if touched:
        yield f"Rows were refused or cells left out of {touched:,} of these patients: their figures may be incomplete."
    unused = len(cohort.logs) - int(table["rows_used"].sum())
    if unused:
        before, after = (int(table[name].sum()) for name in ("rows_before_start", "rows_after_as_of"))
        why = [f"{n:,} {words}" for n, words in (
            (before, "before a programme start"), (after, "after a patient's as-of day"),
            (unused - before - after, "of patients who are not listed")) if n]
        yield f"{unused:,} of {len(cohort.logs):,} rows enter no figure: {', '.join(why)}."
    strangers = sorted(set(settings.patients) - known)
    if strangers:
        yield f"The settings name patients who are not here: {_named(strangers)}."


def _named(patients: list[str]) -> str:
    more = len(patients) - _NAMED_AT_MOST
    return ", ".join(patients[:_NAMED_AT_MOST]) + (f" and {more:,} more" if more > 0 else "")


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    need = pd.DataFrame({
        "flag": table["priority"],
        "latest": -table["pain_latest"].round(9),
        "silent": -table["days_silent"],
        "patient_id": table["patient_id"],
    }).sort_values(["flag", "latest", "silent", "patient_id"], na_position="last")
    ordered = table.loc[need.index].reset_index(drop=True)
    return ordered.assign(priority=np.arange(1, len(ordered) + 1))


def _count(findings: tuple[Findings, ...]) -> dict[str, Count]:
    totals: dict[str, list[int]] = {}
    for each in findings:
        raised = raise_flags(each)
        known, label = each.pain.known, each.adherence["adherence_label"].to_numpy()
        late = each.days_in >= each.thresholds.too_little_data_days
        still_open = ~each.courses["ended"].to_numpy()
        everyone = np.ones(len(known), dtype=bool)
        for name, counted, of in [
            ("patients", everyone, everyone),
            ("on_plan", label == "full", label != "too_early"),
            ("improved", each.pain.improved, known),
            ("persisting", raised["persistent"], known),
            ("worsening", raised["worsening"], known),
            ("silent", raised["silent"], still_open),
            ("not_known", ~known & late, everyone),
            ("too_early", ~known & ~late, everyone),
        ]:
            total = totals.setdefault(name, [0, 0])
            total[0] += int((counted & of).sum())
            total[1] += int(of.sum())
    return {name: Count(n, of) for name, (n, of) in totals.items()}
