"""The example cohort holds everything that makes real diaries hard, and its truth agrees with its logs."""

import datetime as dt

import pandas as pd
import pytest

from hipanalytics.cohort import Cohort, check_cohort
from hipanalytics.simulator import simulate_cohort

MONDAY = dt.date(2025, 9, 15)
LAST = pd.Timestamp("2026-03-15")


@pytest.fixture(scope="module")
def simulated() -> tuple[Cohort, pd.DataFrame]:
    return simulate_cohort(120, weeks=26, seed=53, first_day=MONDAY)


@pytest.fixture(scope="module")
def logs(simulated) -> pd.DataFrame:
    """The logs with the truth of their patient beside them."""
    cohort, truth = simulated
    logs = cohort.logs.astype({"patient_id": "str"}).merge(truth, on="patient_id")
    return logs.assign(day=logs["performed_at"].dt.normalize())


def test_the_tables_keep_to_their_rules(simulated) -> None:
    assert check_cohort(simulated[0]) is simulated[0]
    assert simulated[0].is_example


def test_every_kind_of_patient_is_there(simulated) -> None:
    _, truth = simulated
    assert set(truth["course"]) == {"responder", "slow_responder", "non_responder", "worsener", "mild", "relapse"}
    assert set(truth["ending"]) == {"open", "drop_out", "discharged", "plan_ended", "returned"}
    assert set(truth["records"]) == {"complete", "plan_only", "logs_only", "ratings_only", "late_plan", "no_doses"}
    assert set(truth["entry"]) == {"same_day", "late", "bulk", "paper"}
    assert truth[["flare_from", "aggravating_exercise"]].notna().sum().gt(3).all()
    assert truth["programme_start"].nunique() > 60


def test_true_changes_are_those_of_their_course(simulated) -> None:
    _, truth = simulated
    assert truth["true_change"].to_numpy() == pytest.approx(truth["true_pain_now"] - truth["true_pain_start"])
    assert truth.loc[truth["course"] == "non_responder", "true_change"].abs().max() <= 0.5
    assert truth.loc[truth["course"].isin(["responder", "slow_responder"]), "true_change"].max() <= 0
    assert truth.loc[truth["course"] == "worsener", "true_change"].min() >= 0


def test_drop_outs_log_and_type_nothing_afterwards(logs) -> None:
    drop_outs = logs.dropna(subset="dropped_out_on")
    assert not drop_outs.empty
    assert (drop_outs["day"] <= drop_outs["dropped_out_on"]).all()
    assert (drop_outs["logged_at"].dt.normalize() <= drop_outs["dropped_out_on"]).all()


def test_after_a_discharge_only_those_who_returned_log_again(logs) -> None:
    after = logs[logs["day"] > logs["discharged_on"]]
    assert set(after["ending"]) == {"returned"}
    assert (after["day"] >= after["returned_on"]).all()


def test_a_return_is_a_new_episode_of_the_plan(simulated) -> None:
    cohort, truth = simulated
    new = cohort.plans.loc[cohort.plans["new_episode"]].set_index("patient_id")["valid_from"]
    returned = truth.dropna(subset="returned_on").set_index("patient_id")["returned_on"]
    assert new.to_dict() == returned.to_dict()


def test_sessions_due_done_and_logged_agree(simulated, logs) -> None:
    _, truth = simulated
    assert (truth["sessions_logged"] <= truth["sessions_done"]).all()
    assert (truth["sessions_done"] <= truth["sessions_due"]).all()
    done = logs[logs["done"].fillna(False) & (logs["day"] >= logs["programme_start"])]
    days = done.groupby("patient_id")["day"].nunique().reindex(truth["patient_id"], fill_value=0)
    assert (days.to_numpy() >= truth["sessions_logged"]).all()
    assert (days.to_numpy() - truth["sessions_logged"]).mean() < 2  # sessions on other days, and in pauses
    assert truth["true_adherence"].to_numpy() == pytest.approx(truth["sessions_done"] / truth["sessions_due"])


def test_few_sessions_in_pauses_and_some_pause_is_open(simulated, logs) -> None:
    pauses = simulated[0].pauses
    assert pauses["end"].isna().any()
    joined = logs.merge(pauses, on="patient_id")
    inside = joined[(joined["day"] >= joined["start"]) & (joined["day"] <= joined["end"].fillna(LAST))]
    length = (pauses["end"].fillna(LAST) - pauses["start"]).dt.days + 1
    assert inside.groupby(["patient_id", "day"]).ngroups < 0.15 * length.sum()


def test_plans_change_also_in_mid_week(simulated) -> None:
    plans = simulated[0].plans
    first = plans.groupby("patient_id")["valid_from"].transform("min")
    assert ((plans["valid_from"] - first).dt.days % 7 != 0).sum() > 30
    assert plans["sessions_per_week"].between(2, 5).all()
    assert plans["valid_from"].dt.day_of_week.max() == 4


def test_what_was_done_was_prescribed(simulated, logs) -> None:
    cohort, _ = simulated
    done = logs[logs["exercise"].notna() & logs["patient_id"].isin(cohort.prescriptions["patient_id"])]
    plans = cohort.plans[["patient_id", "valid_from"]].sort_values("valid_from")
    done = pd.merge_asof(
        done[done["records"] != "late_plan"].sort_values("day"), plans, left_on="day", right_on="valid_from",
        by="patient_id")
    done = done.astype({"exercise": "str"}).merge(
        cohort.prescriptions, on=["patient_id", "valid_from", "exercise"], how="left", suffixes=("", "_prescribed"))
    assert done["sets_prescribed"].notna().all()
    performed = done[done["done"]]
    for dose in ("reps", "hold_s", "load_kg"):
        pd.testing.assert_series_equal(performed[dose], performed[f"{dose}_prescribed"], check_names=False)


def test_records_are_as_complete_as_the_truth_says(simulated, logs) -> None:
    cohort, truth = simulated
    who = truth.groupby("records")["patient_id"].agg(set)
    logged, planned = set(logs["patient_id"]), set(cohort.plans["patient_id"])
    assert not who["plan_only"] & logged
    assert not who["logs_only"] & planned
    assert not who["no_doses"] & set(cohort.prescriptions["patient_id"])
    ratings = logs[logs["patient_id"].isin(who["ratings_only"])]
    assert ratings["exercise"].isna().all()
    assert ratings["done"].isna().all()
    late = cohort.plans[cohort.plans["patient_id"].isin(who["late_plan"])].merge(cohort.patients, on="patient_id")
    assert ((late["valid_from"] - late["programme_start"]).dt.days == 56).all()


def test_late_baselines_have_no_scores_before_their_day(logs) -> None:
    late = logs[logs["scores_from"] > logs["programme_start"]]
    assert late["patient_id"].nunique() > 4
    assert late.loc[late["day"] < late["scores_from"], "pain"].isna().all()
    assert late["pain"].notna().any()


def test_diaries_are_typed_in_at_once_late_or_many_days_in_one_sitting(logs) -> None:
    late_days = (logs["logged_at"].dt.normalize() - logs["day"]).dt.days
    by_entry = late_days.groupby(logs["entry"])
    assert by_entry.max().to_dict()["same_day"] <= 1
    assert by_entry.max()["late"] == 5
    assert by_entry.max()[["bulk", "paper"]].min() > 7
    assert late_days.min() >= 0
    bulk = logs[logs["entry"] == "bulk"]
    assert bulk.groupby(["patient_id", bulk["logged_at"].dt.normalize()])["day"].nunique().max() >= 4
    assert logs["has_time"].eq(logs["entry"] != "paper").all()
    assert logs["logged_at"].max() < LAST + pd.Timedelta(days=1)


def test_flares_hurt_more(logs) -> None:
    flared = logs.dropna(subset=["flare_from", "pain"])
    inside = flared["day"].between(flared["flare_from"], flared["flare_to"])
    around = (flared["day"] - flared["flare_from"]).dt.days.between(-14, 21) & ~inside
    rise = flared[inside].groupby("patient_id")["pain"].mean() - flared[around].groupby("patient_id")["pain"].mean()
    assert 2 < rise.mean() < 4


def test_aggravating_exercises_hurt_and_the_others_do_not(logs) -> None:
    scored = logs.dropna(subset=["pain", "pain_during"])
    rise = scored["pain_during"] - scored["pain"]
    hurts = scored["exercise"].astype("str") == scored["aggravating_exercise"]
    assert rise[hurts].mean() > 2
    assert rise[~hurts].abs().mean() < 0.5


def test_the_spread_of_scores_is_that_of_real_diaries(logs) -> None:
    """Patients whose true pain does not move, outside their flares: 1.2-1.3 within a person, in the middle."""
    in_flare = logs["day"].between(logs["flare_from"], logs["flare_to"])
    still = logs[logs["course"].isin(["non_responder", "mild"]) & ~in_flare]
    daily = still.groupby(["patient_id", "day"])["pain"].mean().dropna()
    spread = daily.groupby("patient_id").agg(["std", "size"]).query("size >= 20")["std"]
    assert len(spread) > 10
    assert 1.1 < spread.mean() < 1.35


def test_some_scores_are_missing_and_some_are_half_points(logs) -> None:
    scores = logs.loc[logs["scores_from"] <= logs["day"], "pain"]
    assert 0.03 < scores.isna().mean() < 0.3
    assert 0 < (scores.dropna() % 1 != 0).mean() < 0.05
    assert (scores.dropna() * 2 % 1 == 0).all()


def test_the_same_seed_gives_the_same_tables(simulated) -> None:
    first, truth = simulate_cohort(12, weeks=8, seed=3, first_day=MONDAY)
    again, truth_again = simulate_cohort(12, weeks=8, seed=3, first_day=MONDAY)
    pd.testing.assert_frame_equal(first.logs, again.logs)
    pd.testing.assert_frame_equal(first.plans, again.plans)
    pd.testing.assert_frame_equal(truth, truth_again)


@pytest.mark.parametrize(("patients", "weeks"), [(1, 1), (1, 26), (3, 4), (40, 10)])
def test_small_cohorts_can_be_made(patients, weeks) -> None:
    cohort, truth = simulate_cohort(patients, weeks=weeks, seed=8, first_day=MONDAY)
    assert check_cohort(cohort) is cohort
    assert truth["patient_id"].is_unique
    assert len(truth) == patients
