"""Sudden pain, sustained over the last rated days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipanalytics.measures.days import EQUAL_WITHIN, Days, Mask, Numbers
from hipanalytics.measures.weeks import Panel


@dataclass(frozen=True)
class FlareRule:
    """How high, how far above the usual, how many days in a row, and what tells the usual pain."""

    pain: float
    points: float
    run: int
    days: int
    usual_days: int
    usual_rated_needed: int


@dataclass(frozen=True)
class Flares:
    """The flare of each patient, where there is one."""

    found: Mask
    run: Days
    """Rated days of the flare (the shortest run that is one)."""
    usual: Numbers
    """Median of the rated days before it, NRS 0-10."""
    usual_n: Days


def find_flares(panel: Panel, rule: FlareRule) -> Flares:
    """Whose pain has flared up in the last days?

    Rule: for some run of `run` or more, the last rated days, all within the last `days`, are each at `pain` or above
    and `points` above the median of the rated days of the `usual_days` before the run's first day.
    Missing: unrated days are skipped; with fewer than `usual_rated_needed` rated days before, no run is a flare.
    Source: Osteoarthritis Cartilage 2021, S1063-4584(21)00702-0, for what a flare is.
    """
    patients = len(panel.courses)
    flares = Flares(np.zeros(patients, dtype=bool), np.zeros(patients, dtype=np.int64),
                    np.full(patients, np.nan), np.zeros(patients, dtype=np.int64))
    past = np.searchsorted(panel.rated_cell, np.maximum(panel.last_cell + 1, panel.first_cell[:-1]))
    recent = past - np.searchsorted(
        panel.rated_cell, np.maximum(panel.last_cell + 1 - rule.days, panel.first_cell[:-1]))
    lowest = np.full(patients, np.inf)
    for length in range(1, int(recent.max(initial=0)) + 1):
        some = np.flatnonzero((recent >= length) & (lowest >= rule.pain - EQUAL_WITHIN) & ~flares.found)
        run_first = past[some] - length
        lowest[some] = np.minimum(lowest[some], panel.pain[run_first])
        if length >= rule.run:
            _judge_runs(panel, some[lowest[some] >= rule.pain - EQUAL_WITHIN], length, past, lowest, rule, flares)
    return flares


def _judge_runs(
    panel: Panel, patients: Days, length: int, past: Days, lowest: Numbers, rule: FlareRule, flares: Flares,
) -> None:
    run_first = past[patients] - length
    run_cell = panel.rated_cell[run_first]
    usual_first = np.searchsorted(
        panel.rated_cell, np.maximum(run_cell - rule.usual_days, panel.first_cell[:-1][patients]))
    n = run_first - usual_first
    usual = _medians(panel.pain, usual_first, n)
    flared = (n >= rule.usual_rated_needed) & (lowest[patients] >= usual + rule.points - EQUAL_WITHIN)
    found = patients[flared]
    flares.found[found], flares.run[found] = True, length
    flares.usual[found], flares.usual_n[found] = usual[flared], n[flared]


def _medians(values: Numbers, first: Days, n: Days) -> Numbers:
    medians = np.full(len(n), np.nan)
    for size in np.unique(n[n > 0]):
        same_size = np.flatnonzero(n == size)
        medians[same_size] = np.median(values[first[same_size][:, None] + np.arange(size)], axis=1)
    return medians
