"""The review of drawn patients, and what it says of one of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import pandas as pd
import pytest
from rules.drawing import Drawn, Row, cohort_of, date_of, day_of

from hipanalytics.review import Review, review_cohort
from hipanalytics.thresholds import ClinicThresholds, Thresholds

Look: TypeAlias = Callable[[], Row]


def review_of(
    *patients: Drawn, as_of: int | str = 0, thresholds: Thresholds | ClinicThresholds | None = None,
    include_ended: bool = False,
) -> Review:
    """The review on a day (its number), by "last-log", or else on the last day drawn."""
    last_day = as_of or max(each.last_day for each in patients)
    day = date_of(last_day) if isinstance(last_day, int) else last_day
    return review_cohort(cohort_of(*patients), day, thresholds, include_ended=include_ended)


def row_of(review: Review, name: str = "P") -> Row:
    """A patient's row of the review: missing values as None, dates as day numbers, flags as a list; and the weeks."""
    found = review.table.set_index("patient_id").loc[name]
    row = {str(column): _plain(value) for column, value in found.items()}
    weeks = review.weeks[review.weeks["patient_id"] == name]
    return row | {"flags": row["flags"].split(";") if row["flags"] else [], "weeks": weeks.to_dict("list")}


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return day_of(value.date()) if isinstance(value, pd.Timestamp) else value


def look(patient: Drawn, **options: Any) -> Row:
    """The row of a patient who is reviewed alone."""
    return row_of(review_of(patient, **options), patient.name)


def some(row: Row, like: Mapping[str, Any]) -> Row:
    """The figures of the row that an example speaks of."""
    return {name: row[name] for name in like}


def examples(names: str, cases: Sequence[tuple[Any, ...]], **options: Any) -> pytest.MarkDecorator:
    """A test for each case, which is: its words, the drawn patient, and what is expected (under `names`).

    The test is given `look`, which returns the patient's row. Patients drawn to the same day are reviewed together.
    """
    drawn = [replace(case[1], name=f"P{number}") for number, case in enumerate(cases)]

    @functools.cache
    def review(last_day: int) -> Review:
        return review_of(*(each for each in drawn if each.last_day == last_day), **options)

    def looking_at(patient: Drawn) -> Look:
        return lambda: row_of(review(patient.last_day), patient.name)

    return pytest.mark.parametrize(("look", *names.split()), [
        pytest.param(looking_at(patient), *expected, id=words)
        for patient, (words, _, *expected) in zip(drawn, cases, strict=True)])
