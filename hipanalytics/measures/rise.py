"""Pain that rises from one block of rated days to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hipanalytics.measures.days import EQUAL_WITHIN, Days, Mask, Numbers
from hipanalytics.measures.pain import BlockRule, Blocks, backward_blocks, ends_before
from hipanalytics.measures.trend import Trend, measure_trend
from hipanalytics.measures.weeks import Panel


@dataclass(frozen=True)
class RiseRule:
    """How large a rise counts, alone or together with a rising trend."""

    points: float
    points_with_trend: float
    p: float
    trend_days: int
    trend_rated_needed: int


@dataclass(frozen=True)
class Rise:
    """The latest block of each patient against its reference."""

    latest: Blocks
    reference: Numbers
    """The lower of baseline and earlier block; missing where neither is known."""
    reference_n: Days
    trend: Trend
    holds: Mask


def measure_rise(panel: Panel, up_to: Days, baseline: Blocks, blocks: BlockRule, rule: RiseRule) -> Rise:
    """Has pain risen against where it was before?

    Rule: the latest block at `up_to` against the lower of the baseline (when it ends before the latest block begins)
    and the earlier block, which runs backward from the day before the latest block's first rated day (or before the
    plain length of a block, where that is earlier). It holds at a rise of `points`, or of `points_with_trend` where
    the slope is positive and its p below `p`.
    Missing: without a known latest block, or a known reference, it does not hold.
    Parameters: up_to: a cell per patient. baseline: from `measure_pain`.
    """
    latest = backward_blocks(panel, up_to, blocks)
    earlier = backward_blocks(panel, _before_latest(panel, up_to, latest, blocks), blocks)
    from_baseline = np.where(baseline.known & ends_before(baseline, latest), baseline.mean, np.nan)
    reference = np.fmin(from_baseline, earlier.mean)
    reference_n = np.where(reference == from_baseline, baseline.n, earlier.n)
    trend = measure_trend(panel, up_to, days=rule.trend_days, rated_needed=rule.trend_rated_needed)
    rise = latest.mean - reference
    rising = (trend.slope_per_week > EQUAL_WITHIN) & (trend.rise_p < rule.p)
    holds = (rise >= rule.points - EQUAL_WITHIN) | ((rise >= rule.points_with_trend - EQUAL_WITHIN) & rising)
    return Rise(latest, reference, reference_n, trend, holds)


def _before_latest(panel: Panel, up_to: Days, latest: Blocks, blocks: BlockRule) -> Days:
    first_rated = np.append(panel.rated_cell, 0)[np.minimum(latest.first, len(panel.rated_cell))]
    plain = up_to + 1 - blocks.days
    return np.where(latest.n > 0, np.minimum(first_rated, plain), plain) - 1
