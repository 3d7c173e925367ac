"""What must hold for every cohort, whatever its figures are."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.random_cohorts import FIRST_DAY, PlainCohort, random_cohort

from hipanalytics.review import review_cohort

SEEDS = st.integers(0, 2**32)
DAYS = st.integers(0, 150).map(lambda n: FIRST_DAY + dt.timedelta(days=n))
few = settings(max_examples=15, deadline=None)


def table(plain: PlainCohort, as_of: dt.date) -> pd.DataFrame:
    return review_cohort(plain.cohort(), as_of, include_ended=True).table.set_index("patient_id")


def assert_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    texts = ["flags", "reason", "notices"]
    pd.testing.assert_frame_equal(
        one.drop(columns=texts), other.drop(columns=texts), check_exact=False, rtol=1e-9, atol=1e-9)
    assert one["flags"].fillna("").tolist() == other["flags"].fillna("").tolist()


@few
@given(SEEDS, DAYS)
def test_the_order_of_rows_is_irrelevant(seed: int, as_of: dt.date) -> None:
    plain = random_cohort(seed)
    shuffled = dataclasses.replace(plain, logs=random.Random(seed).sample(plain.logs, len(plain.logs)),
                                   plans=plain.plans[::-1], pauses=plain.pauses[::-1])
    assert_same(table(plain, as_of), table(shuffled, as_of))


@settings(max_examples=6, deadline=None)
@given(SEEDS, DAYS)
def test_a_patient_alone_has_the_figures_of_the_same_patient_in_a_cohort(seed: int, as_of: dt.date) -> None:
    plain = random_cohort(seed)
    together = table(plain, as_of)
    for patient in together.index:
        alone = table(PlainCohort(*(
            [row for row in rows if row["patient_id"] == patient]
            for rows in (plain.logs, plain.plans, plain.pauses, plain.patients, plain.red_flags))), as_of)
        assert_same(alone.drop(columns="priority"), together.loc[[patient]].drop(columns="priority"))


@few
@given(SEEDS, DAYS, st.integers(0, 120))
def test_one_more_done_session_never_lowers_adherence(seed: int, as_of: dt.date, day: int) -> None:
    plain = random_cohort(seed)
    starts = {patient: start.date() for patient, start in table(plain, as_of)["programme_start"].items()}
    fixed = dataclasses.replace(plain, patients=[
        {**row, "programme_start": starts.get(row["patient_id"])} for row in plain.patients
    ] + [{"patient_id": patient, "programme_start": start, "discharged_on": None} for patient, start in starts.items()
         if patient not in {row["patient_id"] for row in plain.patients}])
    before = table(fixed, as_of)
    extra = [{"patient_id": patient, "performed_at": start + dt.timedelta(days=day), "exercise": "bridging",
              "done": True} for patient, start in starts.items()]
    after = table(dataclasses.replace(fixed, logs=fixed.logs + extra), as_of)
    for figure in ("adherence_all", "adherence_all_raw", "adherence_4w", "weeks_on_plan", "log_coverage_4w"):
        known = before[figure].notna()
        assert (after.loc[before.index, figure][known] >= before[figure][known] - 1e-12).all(), figure


@few
@given(SEEDS, st.integers(1, 7))
def test_a_later_plan_version_leaves_earlier_weeks_alone(seed: int, sessions: int) -> None:
    plain = dataclasses.replace(random_cohort(seed), patients=[])
    plain.plans = [{**plan, "valid_to": None} for plan in plain.plans]
    as_of, change = FIRST_DAY + dt.timedelta(days=130), FIRST_DAY + dt.timedelta(days=75)
    before = review_cohort(plain.cohort(), as_of, include_ended=True)
    planned = {plan["patient_id"] for plan in plain.plans if plan["valid_from"] < change}
    later = [{"patient_id": patient, "valid_from": change, "sessions_per_week": sessions, "valid_to": None,
              "new_episode": False} for patient in planned]
    kept = [plan for plan in plain.plans if plan["valid_from"] != change]
    after = review_cohort(dataclasses.replace(plain, plans=kept + later).cohort(), as_of, include_ended=True)
    columns = ["patient_id", "week", "first_day", "due_sevenths", "done_days", "logged", "pain"]
    earlier_weeks = []
    for review in (before, after):
        weeks = review.weeks.astype({"patient_id": "str"})
        early = weeks[weeks["patient_id"].isin(planned) & (weeks["first_day"] + pd.Timedelta(days=6)
                                                          < pd.Timestamp(change))]
        earlier_weeks.append(early[columns].reset_index(drop=True))
    pd.testing.assert_frame_equal(*earlier_weeks)


@few
@given(SEEDS, DAYS)
def test_no_one_is_left_out_of_the_counts(seed: int, as_of: dt.date) -> None:
    review = review_cohort(random_cohort(seed).cohort(), as_of)
    counts, everyone = review.counts, len(review.table)
    assert counts["patients"].n == everyone
    assert counts["improved"].of + counts["not_known"].n + counts["too_early"].n == everyone
    for count in counts.values():
        assert 0 <= count.n <= count.of <= everyone


@few
@given(SEEDS, DAYS)
def test_every_figure_is_in_its_range_and_missing_is_not_zero(seed: int, as_of: dt.date) -> None:
    review = review_cohort(random_cohort(seed).cohort(), as_of, include_ended=True)
    figures = review.table
    for fraction in ("adherence_4w", "adherence_4w_logged", "adherence_all", "weeks_on_plan", "log_coverage_4w"):
        assert figures[fraction].dropna().between(0, 1).all()
    assert (figures["adherence_4w"].fillna(0) <= figures["adherence_4w_logged"].fillna(1) + 1e-12).all()
    uncounted, unrated = figures["weeks_counted"] == 0, figures["pain_latest_n"] < 4
    assert figures.loc[uncounted, ["done_4w", "adherence_4w", "adherence_all"]].isna().all(axis=None)
    assert figures.loc[unrated, ["pain_latest", "pain_change"]].isna().all(axis=None)
    assert (review.weeks["pain"].isna() == (review.weeks["rated_days"] == 0)).all()
    assert figures["priority"].tolist() == list(np.arange(1, len(figures) + 1))
    assert figures["reason"].str.len().gt(10).all()
    assert not figures["reason"].str.contains("nan|None|NaT").any()


@few
@given(SEEDS)
def test_rows_of_later_days_change_nothing_before_them(seed: int) -> None:
    plain, as_of = random_cohort(seed), FIRST_DAY + dt.timedelta(days=60)
    logged = [row for row in plain.logs if (row["performed_at"].date() if isinstance(row["performed_at"], dt.datetime)
                                           else row["performed_at"]) <= as_of]
    cut = dataclasses.replace(plain, logs=logged)
    if logged:
        ignored = ["rows_after_as_of"]
        assert_same(table(plain, as_of).drop(columns=ignored), table(cut, as_of).drop(columns=ignored))
