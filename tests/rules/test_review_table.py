"""What does the review table show, in which order, and why?"""

from __future__ import annotations

import functools
import re

import pandas as pd
import pytest
from rules.drawing import Drawn, Entry, Plan, date_of
from rules.looking import Look, examples, look, review_of

from hipanalytics.review import Count, Review

NOTHING = ".......|"
DONE = 12 * "x.x.x..|"

COLUMNS = """
    patient_id, as_of, programme_start, plan_source, weeks_complete, weeks_counted, sessions_per_week, done_4w, due_4w,
    adherence_4w, adherence_4w_logged, adherence_all, adherence_all_raw, weeks_on_plan, log_coverage_4w,
    adherence_label, last_log, days_silent, pain_baseline, pain_baseline_n, pain_baseline_from, pain_latest,
    pain_latest_n, pain_change, pain_change_rel, pain_slope_per_week, pain_rise_p, pain_trend_n, flags, priority, reason
"""


@functools.cache
def caseload() -> Review:
    """Seven patients and one who has been discharged, on day 84."""
    return review_of(
        Drawn(DONE, 2 * "3.3.3.." + 10 * "6.6.6..", name="worse"),
        Drawn(DONE, 12 * "5.5.5..", name="persists"),
        Drawn(DONE, 2 * "6.6.6.." + 10 * "2.2.2..", name="better"),
        Drawn(DONE, 12 * "2.2.2..", name="acceptable"),
        Drawn("x.x.x..|x.x.x..", name="silent"),
        Drawn(DONE, name="unrated"),
        Drawn(11 * NOTHING + "x.x.x..", name="new", plans=[Plan(from_day=78)]),
        Drawn("x.x.x..", name="left", discharged_on=20),
    )


def test_the_columns_come_first_and_in_this_order() -> None:
    columns = COLUMNS.replace("\n", " ").replace(" ", "").split(",")
    assert caseload().table.columns[:31].tolist() == columns


def test_one_row_per_patient_by_need() -> None:
    """By the first flag; among those without, by the latest pain, then the days silent, then the name."""
    table = caseload().table
    assert table[["patient_id", "flags"]].fillna("").to_numpy().tolist() == [
        ["worse", "worsening"],
        ["persists", "persistent"],
        ["silent", "silent;too_little_data"],
        ["unrated", "too_little_data"],
        ["acceptable", ""],
        ["better", ""],
        ["new", ""],
    ]
    assert table["priority"].tolist() == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("first", "second"), [
    pytest.param(Drawn(DONE, 12 * "6.6.6..", name="b"), Drawn(DONE, 12 * "5.5.5..", name="a"),
                 id="the same flag: the higher latest pain first"),
    pytest.param(Drawn(DONE, 12 * "5.5.5..", name="b"), Drawn(DONE, 11 * "5.5.5.." + "5.5.5.5", name="a"),
                 id="and the same latest pain: the longer silence first"),
    pytest.param(Drawn(DONE, 12 * "5.5.5..", name="a"), Drawn(DONE, 12 * "5.5.5..", name="b"),
                 id="and the same silence: by patient_id"),
    pytest.param(Drawn(9 * NOTHING + "......x", 9 * NOTHING + "1.1.1.1", name="b"),
                 Drawn(9 * NOTHING + "......x", name="a"),
                 id="the same flag: a latest pain that is not known last"),
    pytest.param(Drawn(6 * "x.x.x..|" + 6 * NOTHING, name="b"), Drawn(DONE, name="a"),
                 id="silent before too little data"),
    pytest.param(Drawn(DONE, 12 * "5.5.5..", name="b"), Drawn(10 * "x.x.x..|" + 2 * NOTHING, 10 * "9.9.9..", name="a"),
                 id="the first flag decides, not the number of flags"),
])
def test_who_comes_first(first: Drawn, second: Drawn) -> None:
    assert review_of(first, second, as_of=84).table["patient_id"].tolist() == [first.name, second.name]


# Counts, each with its denominator


def test_counts() -> None:
    assert caseload().counts == {
        "patients": Count(7, 7),
        "on_plan": Count(5, 6),     # the new patient has no label yet; the silent one's is unrecorded
        "improved": Count(1, 4),    # of those whose change is known
        "persisting": Count(1, 4),
        "worsening": Count(1, 4),
        "silent": Count(1, 7),
        "not_known": Count(2, 7),   # silent and unrated
        "too_early": Count(1, 7),   # new
    }
    assert caseload().ended == 1


def test_known_not_known_and_too_early_are_everyone() -> None:
    counts = caseload().counts
    assert counts["improved"].of + counts["not_known"].n + counts["too_early"].n == counts["patients"].n == 7


@pytest.mark.parametrize(("days", "expected"), [
    pytest.param(41, ("too_early", "not_known"), id="day 41: too early"),
    pytest.param(42, ("not_known", "too_early"), id="day 42: not known"),
])
def test_from_day_42_not_knowing_is_counted(days: int, expected: tuple[str, str]) -> None:
    counts = review_of(Drawn("x" + (days - 1) * ".")).counts
    assert [counts[name] for name in expected] == [Count(1, 1), Count(0, 1)]


def test_who_is_paused_is_not_flagged_but_counted_as_not_known() -> None:
    review = review_of(Drawn("x.x.x..|" + 5 * NOTHING, pauses=[(20, None)]))
    assert review.table["flags"].isna().all()
    assert review.counts["not_known"] == Count(1, 1)


def test_silent_are_counted_of_the_open_courses() -> None:
    left = Drawn("x......|", name="left", discharged_on=30)
    review = review_of(Drawn("x......|" + 5 * NOTHING), left, include_ended=True)
    assert review.counts["silent"] == Count(1, 1)
    assert review.counts["patients"] == Count(2, 2)


# Why: the sentences


@functools.cache
def every_flag() -> Review:
    hurting = [Entry(day, exercise="bridging", done=True, scores={"pain": 2, "pain_after": 6}) for day in (1, 3, 5)]
    return review_of(
        Drawn(DONE, 12 * "2.2.2..", name="red", red_flags=[{"answered_on": date_of(3), "positive": True}]),
        Drawn(DONE, 2 * "3.3.3.." + 10 * "6.6.6..", name="worse"),
        Drawn(DONE, 12 * "5.5.5..", name="persists"),
        Drawn(DONE, 2 * "8.8.8.." + 10 * "5.5.5..", name="high"),
        Drawn(DONE, 11 * "2.2.2..|" + "4.4....", name="flares"),
        Drawn(12 * NOTHING, name="hurts", entries=hurting),
        Drawn(12 * "x......|", 12 * "2.2.2..", name="low"),
        as_of=84)


@pytest.mark.parametrize(("flag", "title", "n"), [
    pytest.param("red_flag", "Red flag", "", id="red_flag"),
    pytest.param("worsening", "Worsening", "6 rated days", id="worsening"),
    pytest.param("persistent", "Pain persists", "6 rated days", id="persistent"),
    pytest.param("still_high", "Better, but still high", "6 rated days", id="still_high"),
    pytest.param("flare", "Flare", "12 rated days", id="flare"),
    pytest.param("aggravating_exercise", "An exercise hurts", "3 of its last 3 scored sessions", id="aggravating"),
    pytest.param("silent", "Silent", "79 days", id="silent"),
    pytest.param("low_adherence", "Low adherence", "4 of 12 sessions", id="low_adherence"),
    pytest.param("too_little_data", "Too little data", "3 of 4 rated days", id="too_little_data"),
])
def test_every_flag_says_its_numbers_with_n_what_clears_it_and_its_version(flag: str, title: str, n: str) -> None:
    flags = every_flag().flags
    raised = flags[flags["flag"] == flag]
    assert len(raised) == 1
    sentence = raised["sentence"].iloc[0]
    assert re.fullmatch(rf"{title}: .+; clears .+ \[{flag} 1\.0\]\.", sentence)
    assert n in sentence
    assert raised["rule_version"].iloc[0] == "1.0"
    assert raised["source"].iloc[0]


def test_the_reason_is_every_flags_sentence_in_their_order() -> None:
    review = every_flag()
    row = review.table.set_index("patient_id").loc["hurts"]
    assert row["flags"] == "aggravating_exercise;silent;too_little_data"
    sentences = review.flags.loc[review.flags["patient_id"] == "hurts", "sentence"]
    assert row["reason"] == " ".join(sentences)


@examples("reason", [
    ("improved", Drawn(4 * "x.x.x..", 2 * "6.6.6.." + 2 * "4.4.4.."),
     "Improved: 6.0 in the first block (6 rated days), 4.0 in the latest (6), better by 2.0; "
     "12 of 12 sessions done in the last 4 weeks."),
    ("acceptable", Drawn(4 * "x.x.x..", 4 * "3.3.3.."),
     "Acceptable: 3.0 in the first block (6 rated days), 3.0 in the latest (6), unchanged; "
     "12 of 12 sessions done in the last 4 weeks."),
    ("neither, and before the first review", Drawn(4 * "x.x.x..", 4 * "5.5.5.."),
     "Under way: 5.0 in the first block (6 rated days), 5.0 in the latest (6), unchanged; "
     "12 of 12 sessions done in the last 4 weeks."),
    ("too early", Drawn("x.x.x..", "5.5.5.."),
     "Too early to say: day 7, 3 of 4 rated days in the first block; 3 of 3 sessions done in 1 week."),
    ("not a week yet", Drawn("x.x.x.", "5.5.5."),
     "Too early to say: day 6, 3 of 4 rated days in the first block; no complete week with sessions due yet."),
    ("paused", Drawn("x.x.x..|x.x.x..|" + 4 * NOTHING, pauses=[(15, None)]),
     "Paused: day 42, 0 of 4 rated days in the first block; 6 of 6 sessions done in the last 2 weeks."),
])
def test_without_a_flag_the_reason_says_where_the_patient_stands(look: Look, reason: str) -> None:
    row = look()
    assert row["flags"] == []
    assert row["reason"] == reason


# Missing


def test_missing_is_an_empty_cell_and_never_zero() -> None:
    unrated = caseload().table.set_index("patient_id").loc["unrated"]
    pain = {name: value for name, value in unrated.items() if str(name).startswith("pain_") and pd.notna(value)}
    assert pain == {"pain_baseline_n": 0, "pain_latest_n": 0, "pain_trend_n": 0}


def test_a_true_zero_is_no_missing_value() -> None:
    row = look(Drawn(4 * NOTHING, 4 * "0.0.0.."))
    assert (row["pain_baseline"], row["pain_latest"], row["pain_change"], row["pain_latest_n"]) == (0, 0, 0, 6)


def test_what_the_door_refused_stands_beside_the_patient() -> None:
    table = caseload().table
    assert table[["rows_refused", "cells_left_out"]].to_numpy().sum() == 0
    assert pd.api.types.is_integer_dtype(table["rows_refused"])
