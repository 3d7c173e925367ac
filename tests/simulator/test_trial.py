"""The patients of the benchmark are those that its rules were promised, and were fixed before them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from hipanalytics.cohort import check_cohort
from hipanalytics.simulator import TRIAL_GROUPS, simulate_trial_patients

MONDAY = dt.date(2026, 1, 5)


@pytest.mark.parametrize(
    ("group", "low", "high"),
    [
        ("improver", -4, -2), ("improver_from_week_4", -4, -2), ("worsener", 2, 3), ("worsener_from_week_4", 2, 3),
        ("non_improver", -0.5, 0.5), ("unchanging_2", 0, 0), ("unchanging_5", 0, 0), ("seven_to_five", -2, -1.97),
        ("six_to_three", -2.85, -2.75),
    ],
)
def test_true_changes_by_week_12(group, low, high) -> None:
    _, truth = simulate_trial_patients(300, group=group, weeks=12, seed=5)
    assert truth["true_change"].between(low, high).all()
    assert truth["within_person_sd"].between(0.9, 1.6).all()
    assert truth["true_pain_start"].between(0, 10).all()
    assert truth["true_pain_week_12"].between(0, 10).all()


def test_non_improvers_stay_above_acceptable_pain() -> None:
    _, truth = simulate_trial_patients(500, group="non_improver", seed=5)
    assert (truth[["true_pain_start", "true_pain_week_12"]] > 3.5).all(axis=None)


@pytest.mark.parametrize(("group", "week", "share"), [("improver", 4, 0.25), ("improver_from_week_4", 4, 0.0)])
def test_falls_begin_at_the_start_or_at_week_4_and_are_reached_by_week_9(group, week, share) -> None:
    course = TRIAL_GROUPS[group](400, 182, np.random.default_rng(2))
    fall = course[:, [0]] - course
    assert (fall[:, 9 * 7] == pytest.approx(fall[:, -1]))
    assert (fall[:, week * 7] / fall[:, -1]).min() >= share
    assert (fall[:, week * 7 - 1] < fall[:, -1]).all()


def test_sixty_to_all_of_three_sessions_a_week_are_logged() -> None:
    cohort, truth = simulate_trial_patients(200, group="unchanging_5", seed=5)
    week = (cohort.logs["performed_at"] - pd.Timestamp(MONDAY)).dt.days // 7
    per_week = cohort.logs.groupby([cohort.logs["patient_id"].astype("str"), week]).size()
    assert per_week.max() == 3
    share = per_week.groupby(level=0).sum() / (26 * 3)
    expected = truth.set_index("patient_id")["logged_share"]
    assert (share - expected).abs().max() < 0.2
    assert (share - expected).mean() == pytest.approx(0, abs=0.01)
    assert expected.between(0.6, 1).all()
    assert week.max() == 25


def test_the_same_seed_gives_the_same_patients_and_another_others() -> None:
    first, again, other = (simulate_trial_patients(20, group="worsener", seed=seed)[0].logs for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first["pain"].head(100).equals(other["pain"].head(100))


def test_the_tables_keep_to_their_rules() -> None:
    cohort, truth = simulate_trial_patients(20, group="improver", seed=1)
    assert check_cohort(cohort) is cohort
    assert cohort.plans["patient_id"].tolist() == truth["patient_id"].tolist()
