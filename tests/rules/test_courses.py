"""A patient's own dates: when the course starts, up to which day it is looked at, and whether it has ended."""

from __future__ import annotations

import dataclasses

import pytest
from rules.drawing import Drawn, Plan, Row, day_of
from rules.looking import Look, examples, look, review_of, row_of, some

NOTHING = ".......|"
LOGGED = "x.x.x..|"


# Where the programme starts


@examples("expected", [
    ("the first version of the plan",
     Drawn(4 * LOGGED, plans=[Plan(from_day=8), Plan(from_day=15)]), {"programme_start": 8, "plan_source": "plan"}),
    ("the recorded start comes before the plan's",
     Drawn(4 * LOGGED, plans=[Plan(from_day=8)], programme_start=3), {"programme_start": 3, "plan_source": "plan"}),
    ("the recorded start, though a plan is older",
     Drawn(4 * LOGGED, plans=[Plan(from_day=1)], programme_start=3), {"programme_start": 3, "plan_source": "plan"}),
    ("a new episode comes before the recorded start",
     Drawn(4 * LOGGED, plans=[Plan(), Plan(from_day=15, new_episode=True)], programme_start=3),
     {"programme_start": 15}),
    ("the latest of two new episodes",
     Drawn(4 * LOGGED, plans=[Plan(), Plan(from_day=8, new_episode=True), Plan(from_day=15, new_episode=True)]),
     {"programme_start": 15}),
    ("a later version that is no new episode moves nothing",
     Drawn(4 * LOGGED, plans=[Plan(), Plan(from_day=8, new_episode=True), Plan(from_day=15)]), {"programme_start": 8}),
    ("a new episode after the review does not exist yet",
     Drawn(4 * LOGGED, plans=[Plan(), Plan(5, from_day=29, new_episode=True)]),
     {"programme_start": 1, "sessions_per_week": 3}),
    ("a new episode on the day of the review",
     Drawn(4 * LOGGED, plans=[Plan(), Plan(5, from_day=28, new_episode=True)]),
     {"programme_start": 28, "sessions_per_week": 5}),
    ("a log and no plan: the first row, 3 a week assumed",
     Drawn(NOTHING + 3 * LOGGED, plans=[]),
     {"programme_start": 8, "plan_source": "assumed", "sessions_per_week": 3, "weeks_counted": 3}),
    ("a log and no plan: a rating is a row too",
     Drawn(NOTHING + 3 * LOGGED, "....4..", plans=[]), {"programme_start": 5, "plan_source": "assumed"}),
    ("a log and no plan, but a recorded start",
     Drawn(NOTHING + 3 * LOGGED, plans=[], programme_start=6), {"programme_start": 6, "plan_source": "assumed"}),
    ("a plan that begins after the review is no plan yet",
     Drawn(NOTHING + 3 * LOGGED, plans=[Plan(5, from_day=29)]),
     {"programme_start": 8, "plan_source": "assumed", "sessions_per_week": 3}),
    ("a first plan after weeks of logs starts the course: what was before counts for nothing",
     Drawn(4 * LOGGED, plans=[Plan(from_day=22)]),
     {"programme_start": 22, "weeks_counted": 1, "done_4w": 3, "rows_before_start": 9}),
    ("a first plan after weeks of logs erases nothing where the assumed start was recorded",
     Drawn(4 * LOGGED, plans=[Plan(from_day=22)], programme_start=1),
     {"programme_start": 1, "plan_source": "plan", "weeks_counted": 4, "done_4w": 12, "rows_before_start": 0}),
])
def test_programme_start(look: Look, expected: Row) -> None:
    assert some(look(), expected) == expected


# Up to which day the patient is looked at, and whether the course has ended


ENDS = [
    ("the day of the review",
     Drawn(4 * LOGGED), 28, False),
    ("discharged before the review",
     Drawn(4 * LOGGED, discharged_on=20), 20, True),
    ("discharged on the day before the review",
     Drawn(4 * LOGGED, discharged_on=27), 27, True),
    ("discharged on the day of the review: still a patient",
     Drawn(4 * LOGGED, discharged_on=28), 28, False),
    ("a discharge that is planned",
     Drawn(4 * LOGGED, discharged_on=40), 28, False),
    ("returned after the discharge: the discharge is void",
     Drawn(4 * LOGGED, discharged_on=20, plans=[Plan(), Plan(from_day=25, new_episode=True)]), 28, False),
    ("returned on the day after the discharge",
     Drawn(4 * LOGGED, discharged_on=20, plans=[Plan(), Plan(from_day=21, new_episode=True)]), 28, False),
    ("an episode that began on the day of the discharge is the one that ended",
     Drawn(4 * LOGGED, discharged_on=20, plans=[Plan(), Plan(from_day=20, new_episode=True)]), 20, True),
    ("returns on the day of the review",
     Drawn(4 * LOGGED, discharged_on=20, plans=[Plan(), Plan(from_day=28, new_episode=True)]), 28, False),
    ("returns on the day after the review: not yet",
     Drawn(4 * LOGGED, discharged_on=20, plans=[Plan(), Plan(from_day=29, new_episode=True)]), 20, True),
    ("a version after the discharge that is no new episode",
     Drawn(4 * LOGGED, discharged_on=20, plans=[Plan(), Plan(from_day=25)]), 20, True),
    ("the last version ended",
     Drawn(4 * LOGGED, plans=[Plan(to_day=20)]), 20, True),
    ("the last version ends on the day of the review",
     Drawn(4 * LOGGED, plans=[Plan(to_day=28)]), 28, False),
    ("a gap between two versions",
     Drawn(4 * LOGGED, plans=[Plan(to_day=20), Plan(from_day=25)]), 28, False),
    ("the next version begins after the review",
     Drawn(4 * LOGGED, plans=[Plan(to_day=20), Plan(from_day=29)]), 20, True),
    ("an open version does not come back after a later one",
     Drawn(4 * LOGGED, plans=[Plan(), Plan(from_day=10, to_day=15)]), 15, True),
    ("discharged in a gap: the version before it counts, not the one after",
     Drawn(4 * LOGGED, plans=[Plan(to_day=10), Plan(from_day=20)], discharged_on=18), 10, True),
    ("discharged before the plan's end",
     Drawn(4 * LOGGED, plans=[Plan(to_day=22)], discharged_on=20), 20, True),
]


@examples("as_of ended", ENDS, include_ended=True)
def test_as_of(look: Look, as_of: int, ended: bool) -> None:
    assert look()["as_of"] == as_of


def test_ended_courses_are_counted_not_listed() -> None:
    review = review_of(*(dataclasses.replace(drawn, name=words.replace(" ", "_")) for words, drawn, _, _ in ENDS))
    assert set(review.table["patient_id"]) == {words.replace(" ", "_") for words, _, _, ended in ENDS if not ended}
    assert review.ended == sum(ended for *_, ended in ENDS) == 10


def test_the_day_of_the_review_is_the_latest_day_in_the_logs() -> None:
    review = review_of(Drawn(LOGGED, name="A"), Drawn(pain=".......|..4", name="B"), as_of="last-log")
    assert row_of(review, "A")["as_of"] == 5
    assert row_of(review, "B")["as_of"] == 10
    assert review.as_of.isoformat() == "2024-01-10"


@pytest.mark.parametrize(("patient", "as_of"), [
    pytest.param(Drawn("x.x....|......."), 3, id="the own last row"),
    pytest.param(Drawn("x......", "....5.."), 5, id="a rating is a row"),
    pytest.param(Drawn("..-...."), 3, id="so is a session that was not done"),
    pytest.param(Drawn("......."), 19, id="without any row: the latest day in all logs"),
    pytest.param(Drawn("x......|x......", discharged_on=6), 6, id="not after the discharge"),
    pytest.param(Drawn("x......|x......", plans=[Plan(to_day=4)]), 4, id="not after the plan"),
    pytest.param(Drawn("x......|x......", plans=[Plan(), Plan(from_day=9, new_episode=True)], discharged_on=6), 6,
                 id="a return after the last row does not exist yet"),
])
def test_as_of_last_log(patient: Drawn, as_of: int) -> None:
    another = Drawn("x......|.......|....x..", name="Q")
    assert row_of(review_of(patient, another, as_of="last-log", include_ended=True))["as_of"] == as_of


def test_last_log_flatters_those_who_dropped_out() -> None:
    dropped_out = Drawn(2 * LOGGED + 3 * NOTHING)
    by_the_review, by_the_last_row = look(dropped_out), look(dropped_out, as_of="last-log")
    assert (by_the_review["flags"], by_the_review["adherence_all"]) == (["silent"], 6 / 15)
    assert (by_the_last_row["flags"], by_the_last_row["adherence_all"]) == ([], 3 / 3)


# Who is listed


@pytest.mark.parametrize(("patient", "listed"), [
    pytest.param(Drawn("......x"), True, id="a plan and a row"),
    pytest.param(Drawn("......."), True, id="a plan and no row"),
    pytest.param(Drawn("......x", plans=[]), True, id="a row and no plan"),
    pytest.param(Drawn("", "......4", plans=[]), True, id="a rating and no plan"),
    pytest.param(Drawn(".......|x", plans=[]), False, id="the first row comes after the review"),
    pytest.param(Drawn(".......|x", plans=[Plan(from_day=8)]), False, id="row and plan come after the review"),
    pytest.param(Drawn(".......", plans=[Plan(from_day=7)]), True, id="the plan begins on the day of the review"),
    pytest.param(Drawn(".......", plans=[], programme_start=1), False, id="neither rows nor a plan, only a start"),
])
def test_listed(patient: Drawn, listed: bool) -> None:
    review = review_of(patient, Drawn("x......", name="Q"), as_of=7)
    assert set(review.table["patient_id"]) == ({"P", "Q"} if listed else {"Q"})
    assert review.ended == 0


# What lies outside the course


@examples("expected", [
    ("rows before the start are no log and no baseline: silent since the start",
     Drawn(2 * LOGGED + 3 * NOTHING, 2 * "5.5.5..", plans=[Plan(from_day=15)]),
     {"last_log": None, "days_silent": 20, "pain_baseline_n": 0, "pain_latest_n": 0, "pain_trend_n": 0,
      "done_4w": 0, "rows_before_start": 6, "flags": ["silent"]}),
    ("pain before the return is no baseline",
     Drawn(pain=2 * "9.9.9.." + 5 * "4.4.4..", plans=[Plan(), Plan(from_day=15, new_episode=True)], discharged_on=10),
     {"pain_baseline": 4, "pain_baseline_from": 15, "pain_change": 0, "rows_before_start": 6}),
    ("the end of the course ends everything",
     Drawn(2 * LOGGED + 3 * "xxxxxxx", "5.5.5..|5.5.5..|" + 3 * "9999999", discharged_on=14),
     {"last_log": 12, "days_silent": 2, "weeks_complete": 2, "done_4w": 6, "pain_latest": 5, "pain_trend_n": 6,
      "rows_after_as_of": 21}),
], include_ended=True)
def test_rows_outside_the_course_count_for_nothing(look: Look, expected: Row) -> None:
    assert some(look(), expected) == expected


def test_rows_after_the_review_count_for_nothing() -> None:
    row = look(Drawn(LOGGED + "xxxxxxx", "5.5.5..|9999999"), as_of=7)
    expected: Row = {"as_of": 7, "last_log": 5, "weeks_complete": 1, "done_4w": 3, "pain_latest_n": 3,
                     "rows_after_as_of": 7}
    assert some(row, expected) == expected


def test_a_return_after_the_discharge_starts_anew() -> None:
    """Discharged with pain 2 on day 28, back on day 36 with 7: nothing has risen, a new course has begun."""
    review = review_of(Drawn(
        pain=2 * "6.6.6..|" + 2 * "2.2.2..|" + NOTHING + 2 * "7.7.7..|",
        plans=[Plan(), Plan(2, from_day=36, new_episode=True)], discharged_on=28))
    expected: Row = {"programme_start": 36, "as_of": 49, "sessions_per_week": 2, "weeks_complete": 2,
                     "pain_baseline": 7, "pain_change": None, "flags": []}
    assert some(row_of(review), expected) == expected


# Patients of whom little is known


@examples("expected", [
    ("one row",
     Drawn("......x", plans=[]),
     {"programme_start": 7, "as_of": 7, "weeks_complete": 0, "weeks_counted": 0, "done_4w": None, "adherence_4w": None,
      "adherence_label": "too_early", "last_log": 7, "days_silent": 0, "pain_baseline": None, "pain_baseline_n": 0,
      "pain_baseline_from": None, "pain_latest": None, "pain_change": None, "pain_trend_n": 0, "flags": []}),
    ("a plan and no log",
     Drawn(4 * NOTHING),
     {"programme_start": 1, "weeks_counted": 4, "done_4w": 0, "due_4w": 12, "adherence_4w": 0,
      "adherence_4w_logged": None, "log_coverage_4w": 0, "adherence_label": "unrecorded", "last_log": None,
      "days_silent": 27, "pain_latest_n": 0, "flags": ["silent"]}),
    ("ratings only: pain is known, sessions are not recorded",
     Drawn(pain=4 * "5.5.5..", plans=[]),
     {"weeks_counted": 4, "done_4w": 0, "adherence_4w_logged": None, "log_coverage_4w": 0,
      "adherence_label": "unrecorded", "last_log": 26, "days_silent": 2, "pain_baseline": 5, "pain_latest": 5,
      "pain_change": 0, "flags": []}),
    ("sessions without any score",
     Drawn(4 * LOGGED),
     {"adherence_4w": 1, "adherence_label": "full", "pain_baseline": None, "pain_baseline_n": 0, "pain_latest": None,
      "pain_change": None, "pain_change_rel": None, "pain_slope_per_week": None, "pain_rise_p": None, "flags": []}),
    ("a start that lies ahead",
     Drawn("x.x.x..", "5.5.5..", plans=[], programme_start=15),
     {"programme_start": 15, "weeks_complete": 0, "last_log": None, "days_silent": 0, "pain_latest_n": 0, "flags": []}),
])
def test_little_is_known(look: Look, expected: Row) -> None:
    assert some(look(), expected) == expected


def test_a_discharge_ends_a_course_with_last_log_whether_or_not_rows_follow_it() -> None:
    before = Drawn("x.x.x..", name="before", discharged_on=10)
    after = Drawn("x.x.x..|x.x.x..", name="after", discharged_on=10)
    on = Drawn("x.x.x..|x.x.x..|x.x.x..", name="on")
    review = review_of(before, after, on, as_of="last-log")
    assert (review.table["patient_id"].tolist(), review.ended) == (["on"], 2)
    everyone = review_of(before, after, on, as_of="last-log", include_ended=True).table.set_index("patient_id")
    assert [day_of(everyone.loc[name, "as_of"].date()) for name in ("before", "after", "on")] == [5, 10, 19]
