"""One patient's course on one time axis: pain above, sessions below. All that is seen is decided here.

`draw_timeline` in `timeline_figure` draws these facts and decides nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import shorten
from typing import Any, Final, Literal

import pandas as pd

from hipanalytics.charts.axis import Axis, LabelRows, Side
from hipanalytics.charts.patient_rows import ReviewRows, rows_of
from hipanalytics.charts.plan_words import PlanChange, plan_changes, plan_versions
from hipanalytics.charts.standing import change_sentence, is_late, limits_of, looks_of, missing_sentence
from hipanalytics.charts.theme import Tone, day_text
from hipanalytics.errors import CohortError
from hipanalytics.measures.pauses import merge_pauses
from hipanalytics.review import Review

DotKind = Literal["done", "open", "dash", "ahead"]

LABEL_ROWS: Final = 3
"""Rows of words above the chart."""

_FEWEST_DOT_ROWS: Final = 3
_LONGEST_WORDS: Final = 52
_EPOCH: Final = dt.date(1970, 1, 1)
_LAST_DAY: Final = (dt.date.max - _EPOCH).days


@dataclass(frozen=True)
class PainPoint:
    """Pain on a day or in a week; None where there was no score, which breaks the line."""

    day: dt.date
    pain: float | None
    words: str


@dataclass(frozen=True)
class Block:
    """A block of rated days, from the first to the last of them."""

    first_day: dt.date
    last_day: dt.date
    mean: float | None
    n: int
    words: str
    side: Side
    row: int
    """Row of its words above the chart: 0 is the lowest."""


@dataclass(frozen=True)
class Pause:
    """Days on which nothing was due."""

    first_day: dt.date
    last_day: dt.date
    words: str

    @property
    def middle(self) -> dt.date:
        """The day in its middle."""
        return self.first_day + (self.last_day - self.first_day) // 2


@dataclass(frozen=True)
class PlanLabel:
    """The day of a plan change, with its words as far as there is room."""

    day: dt.date
    words: str
    full_words: str
    side: Side
    row: int


@dataclass(frozen=True)
class Dot:
    """One session of a week: where it stands (row 1 is the lowest) and what became of it."""

    day: dt.date
    row: int
    kind: DotKind
    words: str


@dataclass(frozen=True)
class Timeline:
    """All that a patient's timeline shows."""

    patient_id: str
    axis: Axis
    rated: tuple[PainPoint, ...]
    weekly: tuple[PainPoint, ...]
    """One for each week, at its middle day."""
    blocks: tuple[Block, ...]
    pauses: tuple[Pause, ...]
    plan_labels: tuple[PlanLabel, ...]
    dots: tuple[Dot, ...]
    dot_rows: int
    """Rows of dots to leave room for."""
    running_week: dt.date | None
    """Middle day of the week in progress, if there is one."""
    sessions_title: str
    acceptable_pain: float
    tone: Tone
    """Of the patient's first flag: the colour of the line."""
    sentence: str
    """What the chart says, for the line below it."""
    empty: str
    """What stands in place of pain where there is none."""


def timeline_facts(review: Review, patient_id: str) -> Timeline:
    """How did this patient's pain and sessions go, from the programme start to the day of the review?

    Rule: a dot for each rated day, a point for each week's mean, the first and the latest block with mean and n,
    pauses, plan changes, and for each week a column of its sessions: done (beyond those due, too), due and not done,
    or due while nothing was logged. Due sessions of a prorated week are rounded up. In the running week, what is not
    yet done is still ahead.
    Missing: a week without a score has no point and breaks the line. Nothing missing is drawn as 0.
    Raises: CohortError where the review does not list the patient.
    """
    rows = rows_of(review)
    listed = rows.of("table", patient_id)
    if listed.empty:
        raise CohortError(f"Patient {patient_id} is not in this review.")
    row, limits = listed.iloc[0], limits_of(review, patient_id)
    weeks, days = rows.of("weeks", patient_id), rows.of("days", patient_id)
    start, as_of = row["programme_start"].date(), row["as_of"].date()
    axis = Axis.spanning(start, as_of, weeks=len(weeks))
    dots, labels = tuple(_dots(weeks)), LabelRows(LABEL_ROWS)
    blocks = rows.of("blocks", patient_id)
    return Timeline(
        patient_id=patient_id,
        axis=axis,
        rated=tuple(_rated_days(days)),
        weekly=tuple(_weekly_means(weeks)),
        blocks=tuple(_blocks(blocks, axis, labels, late=is_late(row), needed=limits.block_rated_needed)),
        pauses=tuple(_pauses(rows.of("pauses", patient_id), patient_id, start, as_of)),
        plan_labels=tuple(_plan_labels(_changes(rows, patient_id, start, as_of), axis, labels)),
        dots=dots,
        dot_rows=max([_FEWEST_DOT_ROWS, *(dot.row for dot in dots)]),
        running_week=next((_middle(week) for week in _each(weeks[~weeks["complete"]])), None),
        sessions_title=_sessions_title(weeks),
        acceptable_pain=limits.acceptable_pain,
        tone=looks_of(row)[0].tone,
        sentence=f"{change_sentence(row, limits.block_rated_needed)} {missing_sentence(weeks)}",
        empty="" if len(days) else f"No pain scores up to {day_text(as_of)}",
    )


def _each(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, columns as attributes."""
    return table.itertuples(index=False)


def _rated_days(days: pd.DataFrame) -> Iterator[PainPoint]:
    for day in _each(days):
        yield PainPoint(day.day.date(), day.pain, f"{day_text(day.day)}: pain {day.pain:.1f}")


def _weekly_means(weeks: pd.DataFrame) -> Iterator[PainPoint]:
    for week in _each(weeks):
        if pd.isna(week.pain):
            yield PainPoint(_middle(week), None, f"{_name(week)}: no score")
        else:
            words = f"{_name(week)}: mean {week.pain:.1f} (n {week.rated_days})"
            yield PainPoint(_middle(week), week.pain, words)


def _name(week: Any) -> str:
    last_day = week.first_day + pd.Timedelta(days=6)
    so_far = "" if week.complete else ", in progress"
    return f"Week {week.week + 1}, {week.first_day.day} {week.first_day:%b} to {day_text(last_day)}{so_far}"


def _middle(week: Any) -> dt.date:
    middle: dt.date = (week.first_day + pd.Timedelta(days=3)).date()
    return middle


def _dots(weeks: pd.DataFrame) -> Iterator[Dot]:
    for week in _each(weeks):
        due = -(-week.due_sevenths // 7)
        not_done: DotKind = "ahead" if not week.complete else "open" if week.logged else "dash"
        words = _week_words(week, due)
        for row in range(1, max(due, week.done_days) + 1):
            yield Dot(_middle(week), row, "done" if row <= week.done_days else not_done, words)


def _week_words(week: Any, due: int) -> str:
    if not week.logged and week.complete:
        return f"{_name(week)}: nothing logged, {due} due"
    return f"{_name(week)}: {week.done_days} done, {due} due"


def _sessions_title(weeks: pd.DataFrame) -> str:
    due = set(weeks.loc[weeks["counted"] & (weeks["paused_days"] == 0), "due_sevenths"])
    whole = [sevenths // 7 for sevenths in due if sevenths % 7 == 0]
    return f"Sessions of {whole[0]}" if len(due) == len(whole) == 1 else "Sessions"


def _blocks(
    blocks: pd.DataFrame, axis: Axis, labels: LabelRows, *, late: bool, needed: int,
) -> Iterator[Block]:
    names = {"baseline": "late first block" if late else "first block", "latest": "latest block"}
    for block in _each(blocks.sort_values("block")):
        first_day, last_day = block.first_day.date(), block.last_day.date()
        words = f"{names[block.block]}: {_block_words(block, needed)}"
        side = axis.side(first_day if block.block == "baseline" else last_day)
        stretch = axis.stretch(first_day if side == "left" else last_day, words, side)
        row = labels.take(stretch, from_top=True)
        mean = None if pd.isna(block.mean) else block.mean
        yield Block(first_day, last_day, mean, block.n, words, side, LABEL_ROWS - 1 if row is None else row)


def _block_words(block: Any, needed: int) -> str:
    if pd.isna(block.mean):
        return f"{block.n} of {needed} rated days"
    return f"mean {block.mean:.1f} (n {block.n})"


def _pauses(pauses: pd.DataFrame, patient_id: str, start: dt.date, as_of: dt.date) -> Iterator[Pause]:
    if pauses.empty:
        return
    for stretch in _each(merge_pauses(pauses, pd.Index([patient_id]))):
        first_day = max(_date(stretch.first), start)
        last_day = min(_date(min(stretch.last, _LAST_DAY)), as_of)
        if first_day <= last_day:
            yield Pause(first_day, last_day, _pause_words(pauses, first_day, last_day))


def _date(day: int) -> dt.date:
    return _EPOCH + dt.timedelta(days=day)


def _pause_words(pauses: pd.DataFrame, first_day: dt.date, last_day: dt.date) -> str:
    within = (pauses["start"] <= pd.Timestamp(last_day)) & ~(pauses["end"] < pd.Timestamp(first_day))
    reasons = ", ".join(pauses.loc[within, "reason"].dropna().unique())
    words = f"Pause, {day_text(first_day)} to {day_text(last_day)}"
    return f"{words}: {shorten(reasons, _LONGEST_WORDS, placeholder=' …')}" if reasons else words


def _changes(rows: ReviewRows, patient_id: str, start: dt.date, as_of: dt.date) -> list[PlanChange]:
    versions = plan_versions(
        rows.of("plans", patient_id), rows.of("prescriptions", patient_id), start=start, as_of=as_of)
    return plan_changes(versions, start=start, as_of=as_of)


def _plan_labels(changes: list[PlanChange], axis: Axis, labels: LabelRows) -> Iterator[PlanLabel]:
    """Words beside each line; where there is no room left, only the plan's name, or nothing."""
    for change in changes:
        full_words = f"{change.name}: {change.words}"
        brief = shorten(f"{change.name}: {change.brief}", _LONGEST_WORDS, placeholder=" …")
        side = axis.side(change.day)
        for words in (brief, change.name, ""):
            row = labels.take(axis.stretch(change.day, words, side)) if words else 0
            if row is not None:
                yield PlanLabel(change.day, words, full_words, side, row)
                break
