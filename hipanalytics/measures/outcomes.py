"""How many reached a goal, and of how many: the denominator is the question."""

from __future__ import annotations

import pandas as pd


def count_reached(pain: pd.Series, group: pd.Series, *, at_most: float) -> pd.DataFrame:
    """How many of each group came down to this pain: of all who began, and of those whose pain is known?

    Rule: reached where pain is `at_most` or less.
    Missing: whoever has no score counts among all, as not reached (`of_all`); `of_known` leaves them out, and so
    flatters a group from which many dropped out. Both stand side by side.
    Parameters: pain: one value per person (NRS 0-10), missing where not known. group: whose each value is; persons
    without a group are left out.
    Returns: per group: reached, of_all, of_known (persons), reached_of_all, reached_of_known (fractions).
    """
    persons = pd.DataFrame({"reached": pain.le(at_most), "known": pain.notna()})
    counts = persons.groupby(group).agg(
        reached=("reached", "sum"), of_all=("reached", "size"), of_known=("known", "sum"))
    return counts.assign(
        reached_of_all=counts["reached"] / counts["of_all"],
        reached_of_known=(counts["reached"] / counts["of_known"]).where(counts["of_known"] > 0))
