"""Is pain rising or falling? Theil-Sen slope and Mann-Kendall test, for many patients at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hipanalytics.measures.days import EQUAL_WITHIN, Days, Numbers
from hipanalytics.measures.weeks import Panel

_PAIRS_AT_ONCE: Final = 4_000_000


@dataclass(frozen=True)
class Trend:
    """Slope and test of each patient's daily pain."""

    n: Days
    """Rated days looked at."""
    slope_per_week: Numbers
    """NRS points per week; missing with too few rated days."""
    rise_p: Numbers
    """One-sided p for a rise, 0-1; missing with too few rated days."""


def measure_trend(panel: Panel, up_to: Days, *, days: int, rated_needed: int) -> Trend:
    """Does pain rise or fall over the last weeks, and could that be chance?

    Rule: over the rated days among the `days` that end at `up_to`: Theil-Sen slope with real day numbers, per week;
    one-sided Mann-Kendall p for a rise, with tie-corrected variance and continuity correction.
    Missing: days without a rating are left out; with fewer than `rated_needed` there is no trend.
    Parameters: up_to: a cell per patient, the last day looked at.
    Source: Theil 1950, Sen 1968; Mann 1945, Kendall 1975.
    """
    begin = panel.first_cell[:-1]
    past = np.searchsorted(panel.rated_cell, np.maximum(up_to + 1, begin))
    first = np.searchsorted(panel.rated_cell, np.maximum(up_to + 1 - days, begin))
    n = np.maximum(past - first, 0)
    slope, p = np.full(len(n), np.nan), np.full(len(n), np.nan)
    for size in np.unique(n[n >= rated_needed]):
        same_size = np.flatnonzero(n == size)
        for some in np.array_split(same_size, -(-len(same_size) * size * size // _PAIRS_AT_ONCE)):
            place = first[some][:, None] + np.arange(size)
            slope[some] = 7 * theil_sen(panel.rated_cell[place], panel.pain[place])
            p[some] = mann_kendall_rise_p(panel.pain[place])
    return Trend(n, slope, p)


def theil_sen(day: npt.NDArray[np.int64], value: Numbers) -> Numbers:
    """The median of the slopes of all pairs, per row of `day` and `value` (patients x rated days)."""
    earlier, later = np.triu_indices(day.shape[1], 1)
    slopes = (value[:, later] - value[:, earlier]) / (day[:, later] - day[:, earlier])
    return np.median(slopes, axis=1, overwrite_input=True)


def mann_kendall(value: Numbers) -> tuple[Numbers, Numbers]:
    """S and its tie-corrected variance, per row of `value` (patients x values in time order)."""
    n = value.shape[1]
    difference = value[:, None, :] - value[:, :, None]
    earlier, later = np.triu_indices(n, 1)
    signs = (difference > EQUAL_WITHIN).astype(np.int8) - (difference < -EQUAL_WITHIN)
    s = signs[:, earlier, later].sum(axis=1, dtype=np.int64)
    tied_with = (signs == 0).sum(axis=2)
    ties = ((tied_with - 1) * (2 * tied_with + 5)).sum(axis=1)
    return s.astype(float), (n * (n - 1) * (2 * n + 5) - ties) / 18


def mann_kendall_rise_p(value: Numbers) -> Numbers:
    """One-sided p for a rise; 1 where all values are equal."""
    s, variance = mann_kendall(value)
    z = np.divide(s - np.sign(s), np.sqrt(variance), out=np.zeros(len(s)), where=variance > 0)
    p = np.array([0.5 * math.erfc(each / math.sqrt(2)) for each in z.tolist()])
    return np.where(variance > 0, p, 1.0)
