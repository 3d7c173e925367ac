"""True courses of pain, one value a day, before any noise."""

from __future__ import annotations

from typing import Final

import numpy as np

from hipanalytics.simulator.noise import Pain


def true_course(kind: str, days: int, *, rng: np.random.Generator) -> Pain:
    """How does the true pain of a patient of this kind run over these days?

    Parameters: kind, one of `COURSE_KINDS`.
    Returns: NRS 0-10, one value a day.
    """
    start, (weeks, changes) = _START[kind], _CHANGES[kind](rng)
    pain: Pain = rng.uniform(*start) + np.interp(np.arange(days) / 7, weeks, changes)
    return np.clip(pain, 0.0, 10.0)


Turns = tuple[list[float], list[float]]
"""Weeks, and the change in pain since the start that is reached at each."""


def _responder(rng: np.random.Generator) -> Turns:
    return [0, rng.uniform(4, 9)], [0, -rng.uniform(2, 4)]


def _slow_responder(rng: np.random.Generator) -> Turns:
    """Falls by half of what is left every four weeks."""
    weeks, fall = list(range(27)), rng.uniform(2.5, 3.5)
    return [float(week) for week in weeks], [-fall * (1 - 0.5 ** (week / 4)) for week in weeks]


def _non_responder(rng: np.random.Generator) -> Turns:
    return [0, 12], [0, rng.uniform(-0.5, 0.5)]


def _worsener(rng: np.random.Generator) -> Turns:
    turn = rng.uniform(2, 10)
    return [turn, turn + rng.uniform(4, 8)], [0, rng.uniform(2, 3)]


def _mild(rng: np.random.Generator) -> Turns:
    return [0, 12], [0, rng.uniform(-0.3, 0.3)]


def _relapse(rng: np.random.Generator) -> Turns:
    better, turn = rng.uniform(5, 8), rng.uniform(10, 14)
    fall = rng.uniform(2, 3.5)
    return [0, better, turn, turn + 4], [0, -fall, -fall, rng.uniform(-0.5, 0.5)]


_START: Final = {
    "responder": (4.5, 7.5), "slow_responder": (5.0, 7.5), "non_responder": (4.5, 7.0), "worsener": (3.5, 6.0),
    "mild": (1.5, 3.0), "relapse": (5.0, 7.0),
}
_CHANGES: Final = {
    "responder": _responder, "slow_responder": _slow_responder, "non_responder": _non_responder,
    "worsener": _worsener, "mild": _mild, "relapse": _relapse,
}
COURSE_KINDS: Final = tuple(_START)
