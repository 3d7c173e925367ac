"""Days as whole numbers, so that weeks, blocks and pauses are plain arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

Days: TypeAlias = npt.NDArray[np.int64]
Numbers: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

NEVER: Final = 10_000_000
"""A day after every other: the end of what has no end."""

EQUAL_WITHIN: Final = 1e-9
"""Pains closer than this are equal, so that 16/3 - 23/6 is 1.5 and not a hair less."""


_ROWS_AT_ONCE: Final = 1 << 20


def in_blocks(rows: int) -> Iterator[slice]:
    """Stretches of rows, small enough that what is made of them is not asked of the system each time anew."""
    for first in range(0, rows, _ROWS_AT_ONCE):
        yield slice(first, min(first + _ROWS_AT_ONCE, rows))


def to_days(dates: pd.Series, *, missing: int = NEVER) -> Days:
    """Day numbers (days since 1 January 1970) of dates; a missing date becomes `missing`."""
    stamps = dates.to_numpy(dtype="datetime64[us]").astype("datetime64[D]")
    days: Days = stamps.astype(np.int64)
    days[np.isnat(stamps)] = missing
    return days


def to_dates(days: Days, known: Mask | None = None) -> npt.NDArray[np.datetime64]:
    """Dates of day numbers; missing where not `known`."""
    dates = days.astype("datetime64[D]").astype("datetime64[us]")
    if known is not None:
        dates[~known] = np.datetime64("NaT", "us")
    return dates
