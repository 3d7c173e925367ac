"""The caseload as rows to choose from: which are shown, and which patient is chosen. No widgets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from hipanalytics.charts.standing import limits_of, looks_of
from hipanalytics.charts.theme import Tone
from hipanalytics.clinic.decisions.news_words import fresh_flags, has_news, news_sentence
from hipanalytics.review import Review


@dataclass(frozen=True)
class CaseloadRow:
    """One patient as the list shows them."""

    patient_id: str
    mark: str
    word: str
    tone: Tone
    more: str
    """The marks and words of further flags."""
    brief: str
    """The numbers behind the first flag, or where the patient stands."""
    reason: str
    """The whole reason, shown on hovering and searched."""
    sessions: str
    """Sessions done of those due in the last four weeks; a dash where none is known."""
    new: str
    """A word for a patient with a flag that nobody has looked at yet; else empty."""
    news: str
    """What is new since the last review, what is snoozed or due; empty without a clinic."""

    def as_dict(self) -> dict[str, str]:
        """The row as the browser takes it."""
        return asdict(self)


class CaseloadState:
    """Which patients are listed, in the order of need, and which of them is chosen.

    Rule: the list starts whole, with its first patient chosen. A search keeps the rows whose patient, words, reason or
    news hold every word of it; a chosen patient who drops out makes way for the first who is left.
    """

    def __init__(self, review: Review) -> None:
        self.review = review
        self.rows = caseload_rows(review)
        self.shown = list(range(len(self.rows)))
        self.chosen: str | None = self.rows[0].patient_id if self.rows else None
        self._texts = [" ".join(row.as_dict().values()).casefold() for row in self.rows]

    def search(self, text: str) -> None:
        """Show the rows that hold every word of the text; without words, all."""
        words = text.casefold().split()
        self.shown = [place for place, row in enumerate(self._texts) if all(word in row for word in words)]
        left = [self.rows[place].patient_id for place in self.shown]
        if self.chosen not in left:
            self.chosen = left[0] if left else None

    def choose(self, patient_id: str) -> None:
        """Choose a patient of the list; anyone else is left unchosen."""
        if any(self.rows[place].patient_id == patient_id for place in self.shown):
            self.chosen = patient_id


def caseload_rows(review: Review) -> list[CaseloadRow]:
    """Whom does the list name, and why? In the order of the review table."""
    return [_row(row, review) for row in review.table.to_dict("records")]


def _row(row: dict[Any, Any], review: Review) -> CaseloadRow:
    look, *more = looks_of(row)
    brief = str(row["brief"])
    return CaseloadRow(
        str(row["patient_id"]), look.mark, look.word, look.tone, "  ".join(f"{each.mark} {each.word}" for each in more),
        brief[:1].upper() + brief[1:], str(row["reason"]),
        sessions_text(row["done_4w"], row["due_4w"], row["adherence_4w_logged"]),
        "New" if has_news(row) and fresh_flags(row) else "",
        news_sentence(row, limits_of(review, row["patient_id"])))


def sessions_text(done: float, due: float, logged: float) -> str:
    """Sessions done of those due, "11 of 12"; a dash where no week counts yet, or none of them has a log."""
    return "–" if pd.isna(done) or pd.isna(due) or pd.isna(logged) else f"{done:.0f} of {round(due, 1):g}"
