"""What is new since a patient was last reviewed, and which flags stay quiet: columns beside the review table."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from hipanalytics.clinic.decisions.records import Quiet, ReviewNote
from hipanalytics.measures.days import EQUAL_WITHIN
from hipanalytics.review import Review

NEWS_COLUMNS: Final = {
    "last_review_on": "datetime64[us]", "last_review_by": "str", "last_review_decision": "str",
    "weeks_since_review": "Int64", "flags_new": "str", "next_review_due": "datetime64[us]", "flags_quiet": "str",
    "snoozed_until": "datetime64[us]", "not_imported_since": "datetime64[us]",
}
"""The columns that `with_notes` adds, in this order, and their types."""
ALWAYS_SEEN: Final = "red_flag"
"""The flag that is never quiet: it is acknowledged on the answer itself."""


@dataclass(frozen=True)
class Notes:
    """What a clinic knows of its patients beside logs and plans."""

    reviews: Sequence[tuple[str, str, ReviewNote]] = ()
    """Patient, clinician and note, in the order in which they were made."""
    quiets: Sequence[tuple[str, Quiet]] = ()
    """Patient and entry, in the order in which they were made, without those that were withdrawn. Of several of one
    flag the latest holds."""
    last_imports: Mapping[str, dt.date] = field(default_factory=dict)
    """Per patient the day of the last import, not undone, that held rows of the patient."""


def with_notes(review: Review, notes: Notes) -> Review:
    """What is new since each patient was last reviewed, who is due, and which flags stay quiet?

    Rule: docs/definitions.md, "What is new". All of it is judged on the review's day alone; what was noted at a review
    of a later day does not exist yet.
    Missing: a patient who was never reviewed has no last_review_on, last_review_by, weeks_since_review and
    next_review_due, and all flags are new; without an import, not_imported_since is missing.
    Returns: the review, its table with `NEWS_COLUMNS` after all others; nothing else is changed.
    """
    made = sorted((each for each in notes.reviews if each[2].as_of <= review.as_of), key=lambda each: each[2].as_of)
    last_reviews = {patient_id: (by, note) for patient_id, by, note in made}
    quiets: defaultdict[str, dict[str, Quiet]] = defaultdict(dict)
    for patient_id, entry in notes.quiets:
        if entry.as_of <= review.as_of:
            quiets[patient_id][entry.flag] = entry
    news = []
    for patient_id, codes, pain in review.table[["patient_id", "flags", "pain_latest"]].itertuples(index=False):
        flags, (by, note) = flags_of(codes), last_reviews.get(patient_id, (None, None))
        rise = review.thresholds.patients.get(patient_id, review.thresholds.clinic).quiet_returns_at_rise
        held = [each for each in quiets[patient_id].values() if _holds(each, flags, pain, note, rise, review.as_of)]
        news.append({**_since(note, flags, review.as_of), "last_review_by": by, **_quiet(held, flags),
                     "not_imported_since": notes.last_imports.get(patient_id)})
    columns = {name: _column([each[name] for each in news], dtype, review.table.index)
               for name, dtype in NEWS_COLUMNS.items()}
    return dataclasses.replace(review, table=review.table.assign(**columns))


def flags_of(codes: object) -> list[str]:
    """The flags of a cell of the review table, in their order; none where it is empty."""
    return codes.split(";") if isinstance(codes, str) and codes else []


def _since(note: ReviewNote | None, flags: Sequence[str], as_of: dt.date) -> dict[str, object]:
    return {
        "last_review_on": note and note.as_of,
        "last_review_decision": note and note.decision,
        "weeks_since_review": note and (as_of - note.as_of).days // 7,
        "flags_new": _joined(flag for flag in flags if note is None or flag not in note.flags),
        "next_review_due": note and note.next_review_by,
    }


def _quiet(held: Sequence[Quiet], flags: Sequence[str]) -> dict[str, object]:
    quiet = {each.flag for each in held}
    return {
        "flags_quiet": _joined(flag for flag in flags if flag in quiet),
        "snoozed_until": min((each.until for each in held if each.until), default=None),
    }


def _holds(
    entry: Quiet, flags: Sequence[str], pain: float, last: ReviewNote | None, rise: float, as_of: dt.date,
) -> bool:
    """Whether a flag that is raised is still quiet."""
    if entry.flag not in flags or entry.flag == ALWAYS_SEEN:
        return False
    is_over = entry.until is not None and as_of >= entry.until
    has_risen = entry.pain_latest is not None and pain >= entry.pain_latest + rise - EQUAL_WITHIN
    another_joined = not set(flags) <= set(entry.flags)
    had_cleared = last is not None and last.as_of > entry.as_of and entry.flag not in last.flags
    return not (is_over or has_risen or another_joined or had_cleared)


def _joined(flags: Iterable[str]) -> str | None:
    return ";".join(flags) or None


def _column(values: list[object], dtype: Any, index: pd.Index[Any]) -> pd.Series[Any]:
    return pd.Series(values, index=index, dtype="object").astype(dtype)
