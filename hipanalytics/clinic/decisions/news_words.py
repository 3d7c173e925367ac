"""What is new, in words: a line for one patient, and counts for the caseload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd

from hipanalytics.clinic.decisions.news import NEWS_COLUMNS, flags_of
from hipanalytics.clinic.moments import day_words
from hipanalytics.flags.rules import FLAGS
from hipanalytics.review import Review
from hipanalytics.thresholds import Thresholds

_TITLES: Final = {flag.code: flag.title[:1].lower() + flag.title[1:] for flag in FLAGS}


def news_sentence(row: Mapping[Any, Any], thresholds: Thresholds | None = None) -> str:
    """What is new with this patient, and what is due? Else what was decided last.

    Rule: flags since the last review that are not quiet; the weeks since then once they reach the first review's
    (`first_review_days`), and a next review that is due; what is snoozed or acknowledged; the last import once it is
    `silent_days` old.
    Parameters: row: of a review's table with the columns of `with_notes`; without them there is nothing to say.
    thresholds: the patient's; default: those of the package.
    """
    if not has_news(row):
        return ""
    return " ".join(_sentences(row, thresholds or Thresholds())) or _last_review(row)


def news_counts(review: Review) -> list[str]:
    """How many patients have something new, and how many wait for a review? What is true of nobody is left out."""
    if not has_news(review.table):
        return []
    rows, numbers = review.table.to_dict("records"), review.thresholds.clinic
    fresh = sum(bool(fresh_flags(row)) for row in rows)
    overdue = sum(_weeks_overdue(row, numbers) is not None for row in rows)
    due = sum(_is_due(row) for row in rows)
    never = sum(pd.isna(row["last_review_on"]) for row in rows)
    counts = [
        (fresh, f"patient{'' if fresh == 1 else 's'} with a flag that is new since you last looked"),
        (overdue, f"not reviewed for {numbers.first_review_days // 7} weeks or more"),
        (due, "review is due" if due == 1 else "reviews are due"),
        (never, "never reviewed"),
    ]
    return [f"{n:,} {words}" for n, words in counts if n]


def has_news(table: Mapping[Any, Any] | pd.DataFrame) -> bool:
    """Whether this table, or row of it, has the columns of `with_notes`."""
    return all(name in table for name in NEWS_COLUMNS)


def fresh_flags(row: Mapping[Any, Any]) -> list[str]:
    """Which flags has nobody seen yet, of a patient who was reviewed? Those that are quiet were seen."""
    if pd.isna(row["last_review_on"]):
        return []
    quiet = flags_of(row["flags_quiet"])
    return [flag for flag in flags_of(row["flags_new"]) if flag not in quiet]


def _sentences(row: Mapping[Any, Any], numbers: Thresholds) -> Iterator[str]:
    if pd.isna(row["last_review_on"]):
        yield "Never reviewed."
    else:
        yield from _since_the_review(row, numbers)
    quiet = flags_of(row["flags_quiet"])
    if pd.notna(row["snoozed_until"]):
        yield f"Snoozed until {day_words(row['snoozed_until'])}."
    elif quiet:
        yield f"Acknowledged: {_titles(quiet)}."
    imported = row["not_imported_since"]
    if pd.notna(imported) and (row["as_of"] - imported).days >= numbers.silent_days:
        yield f"No import since {day_words(imported)}."


def _last_review(row: Mapping[Any, Any]) -> str:
    return f"{row['last_review_by']}, {day_words(row['last_review_on'])}: {row['last_review_decision']}"


def _since_the_review(row: Mapping[Any, Any], numbers: Thresholds) -> Iterator[str]:
    fresh = fresh_flags(row)
    if fresh:
        by = row["last_review_by"]
        yield f"New since {by}'s review of {day_words(row['last_review_on'])}: {_titles(fresh)}."
    weeks = _weeks_overdue(row, numbers)
    waiting = [f"not reviewed for {weeks} week{'' if weeks == 1 else 's'}"] if weeks is not None else []
    waiting += [f"review due since {day_words(row['next_review_due'])}"] if _is_due(row) else []
    if waiting:
        words = "; ".join(waiting)
        yield f"{words[:1].upper()}{words[1:]}."


def _weeks_overdue(row: Mapping[Any, Any], numbers: Thresholds) -> int | None:
    """The weeks since the last review, once they are many."""
    weeks = row["weeks_since_review"]
    return int(weeks) if pd.notna(weeks) and weeks >= numbers.first_review_days // 7 else None


def _is_due(row: Mapping[Any, Any]) -> bool:
    return bool(pd.notna(row["next_review_due"]) and row["next_review_due"] <= row["as_of"])


def _titles(flags: list[str]) -> str:
    return "; ".join(_TITLES[flag] for flag in flags)


