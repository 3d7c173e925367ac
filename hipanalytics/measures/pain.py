"""Pain in blocks of rated days: the baseline, the latest block and the change between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hipanalytics.measures.days import EQUAL_WITHIN, Days, Mask, Numbers, to_dates
from hipanalytics.measures.weeks import Panel


@dataclass(frozen=True)
class BlockRule:
    """How long a block is, how far a thin one is extended, and how many rated days it needs."""

    days: int
    days_longest: int
    rated_wanted: int
    rated_needed: int


@dataclass(frozen=True)
class Blocks:
    """One block of rated days per patient: positions among all rated days of the panel, and its mean."""

    first: Days
    """Position of the first rated day."""
    n: Days
    mean: Numbers
    """NRS 0-10; missing below the rated days needed."""

    @property
    def known(self) -> Mask:
        """Whether the block has the rated days that it needs."""
        return ~np.isnan(self.mean)


def forward_blocks(panel: Panel, anchor: Days, rule: BlockRule) -> Blocks:
    """The block from each patient's `anchor` (a cell; day 1 of the block) forward."""
    end = panel.last_cell + 1
    first = np.searchsorted(panel.rated_cell, anchor)
    n_plain = np.searchsorted(panel.rated_cell, np.minimum(anchor + rule.days, end)) - first
    n_longest = np.searchsorted(panel.rated_cell, np.minimum(anchor + rule.days_longest, end)) - first
    return _blocks(panel, first, _extended(n_plain, n_longest, rule), rule)


def backward_blocks(panel: Panel, anchor: Days, rule: BlockRule) -> Blocks:
    """The block from each patient's `anchor` (a cell; day 1 of the block) backward."""
    begin = panel.first_cell[:-1]
    past = np.searchsorted(panel.rated_cell, np.maximum(anchor + 1, begin))
    n_plain = past - np.searchsorted(panel.rated_cell, np.maximum(anchor + 1 - rule.days, begin))
    n_longest = past - np.searchsorted(panel.rated_cell, np.maximum(anchor + 1 - rule.days_longest, begin))
    n = _extended(n_plain, n_longest, rule)
    return _blocks(panel, past - n, n, rule)


def _extended(n_plain: Days, n_longest: Days, rule: BlockRule) -> Days:
    n = np.where(n_plain >= rule.rated_wanted, n_plain, np.minimum(n_longest, rule.rated_wanted))
    return np.maximum(n, 0)


def _blocks(panel: Panel, first: Days, n: Days, rule: BlockRule) -> Blocks:
    total = np.zeros(len(n))
    for place in range(int(n.max(initial=0))):
        there = n > place
        total[there] += panel.pain[first[there] + place]
    mean = np.divide(total, n, out=np.full(len(n), np.nan), where=n >= rule.rated_needed)
    return Blocks(first, n, mean)


@dataclass(frozen=True)
class PainChange:
    """Each patient's baseline and latest block, and what can be said of the change."""

    baseline: Blocks
    anchor: Days
    """The cell that the baseline counts from: the programme start, or a later rated day."""
    latest: Blocks
    known: Mask
    change: Numbers
    relative: Numbers
    improved: Mask


def measure_pain(panel: Panel, rule: BlockRule, *, improved_points: float, improved_fraction: float) -> PainChange:
    """Whose pain falls, and by how much?

    Rule: baseline is the block forward from the programme start, or, where that has too few rated days, from the
    first rated day from which a block has enough. Latest is the block backward from the patient's as_of. Change =
    latest - baseline. Improved: a fall of `improved_points`, or of `improved_fraction` of the baseline.
    Missing: a change is known only where both blocks have the rated days needed and the baseline ends before the
    latest begins; relative change is missing at a baseline of 0. What is not known is not improved.
    Source: Tubach 2005 (PMC1755212); Farrar 2001; Dworkin 2008.
    """
    anchor = _baseline_anchor(panel, rule)
    baseline = forward_blocks(panel, anchor, rule)
    latest = backward_blocks(panel, panel.last_cell, rule)
    known = baseline.known & latest.known & ends_before(baseline, latest)
    change = np.where(known, latest.mean - baseline.mean, np.nan)
    relative = np.divide(change, baseline.mean, out=np.full(len(change), np.nan),
                         where=known & (baseline.mean > EQUAL_WITHIN))
    improved = (change <= EQUAL_WITHIN - improved_points) | (relative <= EQUAL_WITHIN - improved_fraction)
    return PainChange(baseline, anchor, latest, known, change, relative, improved)


def ends_before(earlier: Blocks, later: Blocks) -> Mask:
    """Whether the last rated day of one block lies before the first of the other."""
    return earlier.first + earlier.n <= later.first


def _baseline_anchor(panel: Panel, rule: BlockRule) -> Days:
    start = panel.first_cell[:-1]
    at_start = forward_blocks(panel, start, rule)
    late = _first_rated_with_block(panel, rule)
    return np.where(at_start.known | (late < 0), start, late)


def _first_rated_with_block(panel: Panel, rule: BlockRule) -> Days:
    """Per patient: the cell of the first rated day from which a block has enough rated days; -1 where none has."""
    gap = rule.rated_needed - 1
    earliest = np.full(len(panel.courses), -1, dtype=np.int64)
    here = np.arange(max(len(panel.rated_cell) - gap, 0))
    enough = (panel.rated_cell[here + gap] - panel.rated_cell[here] < rule.days_longest) & (
        panel.rated_patient[here + gap] == panel.rated_patient[here])
    found = here[enough][::-1]
    earliest[panel.rated_patient[found]] = panel.rated_cell[found]
    return earliest


def blocks_table(panel: Panel, pain: PainChange) -> pd.DataFrame:
    """Between which days do a patient's baseline and latest block lie, and what is their mean?

    Returns: a row per patient and block that has any rated day: patient_id, block ("baseline" or "latest"),
    first_day, last_day (its first and last rated day), mean (NRS 0-10; missing below the rated days needed), n.
    """
    return pd.concat([
        _block_rows(panel, "baseline", pain.baseline), _block_rows(panel, "latest", pain.latest),
    ], ignore_index=True)


def _block_rows(panel: Panel, name: str, blocks: Blocks) -> pd.DataFrame:
    patient = np.flatnonzero(blocks.n > 0)
    first, n = blocks.first[patient], blocks.n[patient]
    offset = panel.start[patient] - panel.first_cell[patient]
    return pd.DataFrame({
        "patient_id": panel.courses["patient_id"].to_numpy()[patient],
        "block": name,
        "first_day": to_dates(panel.rated_cell[first] + offset),
        "last_day": to_dates(panel.rated_cell[first + n - 1] + offset),
        "mean": blocks.mean[patient],
        "n": n,
    })
