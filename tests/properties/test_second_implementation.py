"""The review and a second implementation in plain loops agree on every figure of every cohort."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.random_cohorts import FIRST_DAY, PlainCohort, random_cohort
from properties.random_thresholds import random_thresholds
from reference.plain_review import NUMBERS, plain_review

from hipanalytics.flags.rules import FLAGS, is_watched
from hipanalytics.review import REVIEW_COLUMNS, Review, review_cohort
from hipanalytics.thresholds import PAIN_POLICIES, Thresholds

FIGURES = [name for name in REVIEW_COLUMNS if name != "reason"]
DAYS = st.one_of(st.none(), st.just("last-log"), st.integers(-5, 170).map(lambda n: FIRST_DAY + dt.timedelta(days=n)))


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), as_of=DAYS, include_ended=st.booleans(),
       policy=st.sampled_from(sorted(PAIN_POLICIES)))
def test_both_implementations_agree(seed: int, as_of: Any, include_ended: bool, policy: str) -> None:
    check_agreement(random_cohort(seed), as_of, Thresholds(pain_policy=policy), {"pain_policy": policy},
                    include_ended=include_ended)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), as_of=DAYS)
def test_both_implementations_agree_on_a_clinics_own_thresholds(seed: int, as_of: Any) -> None:
    thresholds, numbers = random_thresholds(seed)
    check_agreement(random_cohort(seed), as_of, thresholds, numbers, include_ended=True)


def check_agreement(
    plain: PlainCohort, as_of: Any, thresholds: Thresholds, numbers: dict[str, Any], *, include_ended: bool,
) -> None:
    if not plain.logs and not isinstance(as_of, dt.date):
        return
    expected = plain_review(plain.logs, plain.plans, plain.pauses, plain.patients, plain.red_flags, as_of=as_of,
                            include_ended=include_ended, numbers={**NUMBERS, **numbers})
    review = review_cohort(plain.cohort(), as_of, thresholds, include_ended=include_ended)
    assert review.table["patient_id"].tolist() == [row["patient_id"] for row in expected]
    assert not review.table["reason"].str.contains("nan|None|NaT").any()
    found = further_figures(review)
    for row in expected:
        mine = found[row["patient_id"]]
        differing = {name: (mine[name], row[name]) for name in mine if not same(mine[name], row[name])}
        assert not differing, row["patient_id"]


def further_figures(review: Review) -> dict[str, dict[str, Any]]:
    """The figures of the table, and what lies behind its flags, by patient."""
    found = {row["patient_id"]: row for row in review.table[[*FIGURES, "rows_before_start", "rows_after_as_of"]]
             .to_dict("records")}
    for each in review.findings:
        for position, patient in enumerate(each.courses["patient_id"]):
            exercises = each.aggravating.loc[each.aggravating["patient"] == position, "exercise"]
            found[patient] |= {
                "watch": bool(is_watched(each)[position]), "aggravating": sorted(exercises),
                "ended": bool(each.courses["ended"].iloc[position]),
                "unpaused_days": int(each.unpaused_days[position]) if each.pain.baseline.known[position] else None}
    return found


def same(mine: Any, plain: Any) -> bool:
    if isinstance(mine, list):
        return bool(mine == plain)
    if mine is None or pd.isna(mine):
        return plain is None or plain == ""
    if isinstance(plain, dt.date):
        return bool(pd.Timestamp(plain) == mine)
    if isinstance(plain, float):
        return math.isclose(mine, plain, rel_tol=1e-9, abs_tol=1e-9)
    return bool(mine == plain)


def test_the_random_cohorts_raise_every_flag() -> None:
    cohorts = [random_cohort(seed) for seed in range(120)]
    flags = {flag for plain in cohorts if plain.logs for flag in review_cohort(plain.cohort()).flags["flag"]}
    assert flags == {flag.code for flag in FLAGS}
