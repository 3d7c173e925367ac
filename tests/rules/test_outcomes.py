"""Counts with their denominators: who has no score has not reached the goal."""

from __future__ import annotations

import math

import pandas as pd

from hipanalytics.measures.outcomes import count_reached


def test_who_has_no_score_counts_among_all_and_not_among_the_known() -> None:
    pain = pd.Series([1.0, 2.0, None, 0.0, None, 3.0])
    group = pd.Series(["a", "a", "a", "b", "c", None])
    counts = count_reached(pain, group, at_most=1)
    assert counts[["reached", "of_all", "of_known"]].to_numpy().tolist() == [[1, 3, 2], [1, 1, 1], [0, 1, 0]]
    assert counts["reached_of_all"].tolist() == [1 / 3, 1.0, 0.0]
    assert counts["reached_of_known"].tolist()[:2] == [0.5, 1.0]
    assert math.isnan(counts.loc["c", "reached_of_known"])
