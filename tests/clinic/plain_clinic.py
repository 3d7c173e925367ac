"""A clinic's log in plain loops over dicts, written from the definitions alone: slow, and obvious.

A clinic is a list of imports. The rows of a key (patient, moment, exercise, side) are those of the latest import that
was not undone and that holds the key.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
"""A row as read: `performed_at` is a date where no time is known, else a datetime; what is missing is not there."""

COLUMNS = ("patient_id", "performed_at", "has_time", "exercise", "done", "side", "pain_side", "sets", "reps", "hold_s",
           "load_kg", "pain", "pain_during", "pain_after", "pain_next_morning", "effort", "stop_reason", "logged_at",
           "note")


@dataclass
class PlainImport:
    number: int
    file: str
    rows: list[tuple[int, Row]]
    """Row number in the file, and the row; without exact duplicates, unless they count."""
    undone: bool = False


@dataclass
class PlainCounts:
    new: int
    known: int
    replaced: int
    duplicates: int


@dataclass
class PlainClinic:
    imports: list[PlainImport] = field(default_factory=list)

    def add(self, file: str, rows: list[Row], *, keep_repeated: bool = False) -> PlainCounts:
        """Import a file whose first row stands below one line of names."""
        kept: list[tuple[int, Row]] = []
        seen = set()
        for number, row in enumerate(rows, start=2):
            if keep_repeated or content(row) not in seen:
                kept.append((number, row))
            seen.add(content(row))
        earlier = [each for each in self.imports if not each.undone]
        incoming = Counter(content(row) for _, row in kept)
        known = 0
        for said, times in incoming.items():
            most = max((held(each)[said] for each in earlier), default=0)
            known += min(times, most)
        keys = {key(row) for _, row in kept}
        standing = Counter(content(row) for _, _, row in self.current() if key(row) in keys)
        replaced = sum((standing - incoming).values())
        self.imports.append(PlainImport(len(self.imports) + 1, file, kept))
        return PlainCounts(len(kept) - known, known, replaced, len(rows) - len(kept))

    def undo(self, number: int) -> None:
        self.imports[number - 1].undone = True

    def current(self) -> list[tuple[str, int, Row]]:
        """File, row number and row of all that stands."""
        latest: dict[tuple[Any, ...], PlainImport] = {}
        for each in self.imports:
            for _, row in each.rows:
                if not each.undone:
                    latest[key(row)] = each
        return [(each.file, number, row)
                for each in self.imports for number, row in each.rows if latest.get(key(row)) is each]

    def rows(self, patients: list[str] | None = None) -> list[tuple[Any, ...]]:
        """What stands, sorted, of all patients or of these."""
        return sorted((content(row) for _, _, row in self.current()
                       if patients is None or row["patient_id"] in patients), key=repr)

    def holds(self, file: str, number: int, said: tuple[Any, ...]) -> bool:
        """Whether an import of this file stands and has this row there."""
        return any(not each.undone and each.file == file and place == number and content(row) == said
                   for each in self.imports for place, row in each.rows)


def held(each: PlainImport) -> Counter[tuple[Any, ...]]:
    return Counter(content(row) for _, row in each.rows)


def key(row: Row) -> tuple[Any, ...]:
    """A day without a time and its midnight are one key: sources confuse them."""
    return row["patient_id"], moment(row), row.get("exercise"), row.get("side")


def content(row: Row) -> tuple[Any, ...]:
    """All that a row says. Without the word `done`, a row with an exercise was done."""
    done = row["done"] if "done" in row else True if row.get("exercise") else None
    whole = {**row, "performed_at": moment(row), "has_time": has_time(row), "done": done}
    return tuple(float(value) if type(value) is int else value for value in map(whole.get, COLUMNS))


def moment(row: Row) -> dt.datetime:
    day = row["performed_at"]
    return day if isinstance(day, dt.datetime) else dt.datetime.combine(day, dt.time())


def has_time(row: Row) -> bool:
    return isinstance(row["performed_at"], dt.datetime)
