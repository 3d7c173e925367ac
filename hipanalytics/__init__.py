"""Analytics for physiotherapists who follow people with hip pain.

    import hipanalytics as hip
    cohort, report = hip.load_cohort("logs.csv", plans="plans.csv")
    review = hip.review_cohort(cohort)
    review.table
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hipanalytics.clinic.clinic import open_clinic as open_clinic
    from hipanalytics.cohort import Cohort as Cohort
    from hipanalytics.cohort import check_cohort as check_cohort
    from hipanalytics.exports import write_table as write_table
    from hipanalytics.importers import load_cohort as load_cohort
    from hipanalytics.importers import read_logs as read_logs
    from hipanalytics.review import review_cohort as review_cohort
    from hipanalytics.thresholds import Thresholds as Thresholds
    from hipanalytics.thresholds import read_thresholds as read_thresholds

_HOMES = {
    "Cohort": "cohort",
    "check_cohort": "cohort",
    "write_table": "exports",
    "load_cohort": "importers",
    "open_clinic": "clinic.clinic",
    "read_logs": "importers",
    "review_cohort": "review",
    "Thresholds": "thresholds",
    "read_thresholds": "thresholds",
}

__all__ = ["Cohort", "Thresholds", "check_cohort", "load_cohort", "open_clinic", "read_logs", "read_thresholds",
           "review_cohort", "write_table"]


def __getattr__(name: str) -> Any:
    """Load a name from its module when it is first used, so that a small script starts fast."""
    if name not in _HOMES:
        raise AttributeError(f"hipanalytics has no {name!r}")
    return getattr(importlib.import_module(f"hipanalytics.{_HOMES[name]}"), name)
