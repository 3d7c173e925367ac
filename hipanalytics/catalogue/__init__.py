"""The 14 exercises for a sore hip, as facts: what each is, how long, how often, with what."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise of the catalogue. What its source does not state is None.

    `hold_s` (seconds) and `reps` (per set) are the lowest and the highest value. `sides` is "each" (one side after the
    other) or "together". `from_memory` names what could not be seen in a source and waits for a clinician.
    """

    number: int
    id: str
    name: str
    kind: Literal["stretch", "strength"]
    position: str
    what: str
    hold_s: tuple[int, int] | None = None
    reps: tuple[int, int] | None = None
    sides: Literal["each", "together"] | None = None
    equipment: str
    source: str
    from_memory: tuple[str, ...] = ()


@cache
def exercises() -> tuple[Exercise, ...]:
    """Which exercises does the catalogue hold, in the order of their numbers?"""
    text = resources.files(__name__).joinpath("exercises.toml").read_text(encoding="utf-8")
    return tuple(_exercise(entry) for entry in tomllib.loads(text)["exercise"])


def _exercise(entry: dict[str, Any]) -> Exercise:
    facts: dict[str, Any] = {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in entry.items()}
    return Exercise(**facts)
