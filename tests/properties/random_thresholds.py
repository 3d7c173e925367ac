"""Thresholds drawn at random, for the package and under the names of the second implementation."""

from __future__ import annotations

import random
from typing import Any

from hipanalytics.thresholds import PAIN_POLICIES, Thresholds

CHOICES: dict[str, tuple[str, list[Any]]] = {
    "assumed_sessions_per_week": ("assumed_sessions_per_week", [2, 3]),
    "adherence_recent_weeks": ("recent_weeks", [3, 4]),
    "adherence_label_weeks": ("label_weeks_min", [1, 2]),
    "adherence_full": ("label_full", [0.8, 0.9]),
    "adherence_part": ("label_part", [0.5, 0.6]),
    "coverage_recorded": ("label_coverage_min", [0.0, 0.5, 0.75]),
    "block_days": ("block_days", [10, 14]),
    "block_days_longest": ("block_days_extended", [14, 21, 28]),
    "block_rated_wanted": ("block_rated_wanted", [4, 6, 8]),
    "block_rated_needed": ("block_rated_min", [3, 4]),
    "acceptable_pain": ("persistent_pain_above", [3.5, 4.0]),
    "rise_points": ("rise_alone", [2.0, 2.5]),
    "rise_points_with_trend": ("rise_with_trend", [1.0, 1.5]),
    "rise_p": ("rise_p_below", [0.01, 0.05, 0.1]),
    "rise_confirmed_after_days": ("rise_look_back_days", [3, 7, 14]),
    "trend_days": ("trend_days", [28, 42]),
    "trend_rated_needed": ("trend_rated_min", [4, 5]),
    "first_review_days": ("persistent_days", [28, 42]),
    "second_review_days": ("still_high_days", [42, 84]),
    "still_high_pain": ("still_high_pain", [4.0, 5.0]),
    "flare_pain": ("flare_pain", [4.0, 5.0]),
    "flare_points": ("flare_above_median", [1.5, 2.0]),
    "flare_run": ("flare_run_min", [1, 2, 3]),
    "flare_days": ("flare_within_days", [7, 14]),
    "flare_usual_days": ("flare_before_days", [21, 28]),
    "flare_usual_rated_needed": ("flare_before_rated_min", [3, 6]),
    "pain_policy": ("pain_policy", sorted(PAIN_POLICIES)),
    "policy_high_pain": ("policy_stop_above", [4.5, 5.0]),
    "policy_moderate_pain": ("policy_band_from", [3.0, 4.0]),
    "policy_next_morning_points": ("policy_next_morning_rise", [1.0, 2.0]),
    "aggravating_sessions": ("aggravating_sessions", [3, 5]),
    "aggravating_stops": ("aggravating_stops", [1, 2, 3]),
    "silent_days": ("silent_days", [10, 14]),
    "too_little_data_days": ("too_little_data_days", [28, 42]),
}
FALLS = {"improved_points": ("improved_change", [1.0, 1.5]), "improved_fraction": ("improved_relative", [0.2, 0.3])}


def random_thresholds(seed: int) -> tuple[Thresholds, dict[str, Any]]:
    """Thresholds of a clinic, and the same for `plain_review`, where a fall is a negative change."""
    rng = random.Random(seed)
    values = {name: rng.choice(allowed) for name, (_, allowed) in {**CHOICES, **FALLS}.items()}
    numbers = {CHOICES[name][0]: value for name, value in values.items() if name in CHOICES}
    numbers |= {plain: -values[name] for name, (plain, _) in FALLS.items()}
    return Thresholds(**values), numbers
