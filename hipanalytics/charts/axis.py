"""The days that a chart spans, and room for words along them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, Literal

Side = Literal["left", "right"]
"""Where words begin: "left", they run to the right of their day; "right", they end at it."""

_FEWEST_DAYS: Final = 42
_LETTER: Final = 6 / 600
"""Width of a letter, as a share of an axis of usual width."""
_GAP: Final = 0.02


@dataclass(frozen=True)
class Axis:
    """The first and the last day that a chart spans."""

    first_day: dt.date
    last_day: dt.date

    @classmethod
    def spanning(cls, start: dt.date, as_of: dt.date, *, weeks: int) -> Axis:
        """From the programme start to the end of the running week; a short course is not stretched."""
        days = max(_FEWEST_DAYS, 7 * weeks, (as_of - start).days)
        return cls(start, start + dt.timedelta(days=days))

    def place(self, day: dt.date) -> float:
        """Where a day stands: 0 at the first day, 1 at the last."""
        return (day - self.first_day) / (self.last_day - self.first_day)

    def side(self, day: dt.date) -> Side:
        """On which side of a day its words have room."""
        return "left" if self.place(day) < 0.5 else "right"

    def stretch(self, day: dt.date, words: str, side: Side) -> tuple[float, float]:
        """From where to where words at a day reach, as places."""
        width = len(words) * _LETTER
        begin = self.place(day) if side == "left" else self.place(day) - width
        return begin, begin + width


class LabelRows:
    """Rows of words above a chart, in which no two overlap. Row 0 is the lowest."""

    def __init__(self, rows: int) -> None:
        self._taken: list[list[tuple[float, float]]] = [[] for _ in range(rows)]

    def take(self, stretch: tuple[float, float], *, from_top: bool = False) -> int | None:
        """The first row that is free along this stretch, now taken; None where none is."""
        begin, end = stretch
        rows = range(len(self._taken))
        for row in reversed(rows) if from_top else rows:
            if all(end + _GAP <= left or right + _GAP <= begin for left, right in self._taken[row]):
                self._taken[row].append(stretch)
                return row
        return None
