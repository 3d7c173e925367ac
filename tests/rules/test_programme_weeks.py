"""What is due in a programme week? Days count in sevenths of the plan in force; seven sevenths are one session."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest
from rules.drawing import Drawn, Plan, date_of
from rules.looking import Look, examples, look, review_of

NOTHING = ".......|"


def weeks_of(patient: Drawn, column: str, **options: Any) -> list[Any]:
    return list(look(patient, **options)["weeks"][column])


@examples("sevenths", [
    ("3 a week",
     Drawn(2 * NOTHING), [21, 21]),
    ("every day",
     Drawn(2 * NOTHING, plans=[Plan(7)]), [49, 49]),
    ("a new plan from day 11: three days at 3, four days at 5",
     Drawn(3 * NOTHING, plans=[Plan(3), Plan(5, from_day=11)]), [21, 3 * 3 + 4 * 5, 35]),
    ("a new plan on a week's first day",
     Drawn(2 * NOTHING, plans=[Plan(3), Plan(5, from_day=8)]), [21, 35]),
    ("a version lasts until the next, though it was meant for longer",
     Drawn(2 * NOTHING, plans=[Plan(5, from_day=1, to_day=20), Plan(2, from_day=6)]), [5 * 5 + 2 * 2, 14]),
    ("no plan in force from day 11 to 17: nothing due",
     Drawn(3 * NOTHING, plans=[Plan(3, to_day=10), Plan(3, from_day=18)]), [21, 3 * 3, 4 * 3]),
    ("a pause over a week's edge",
     Drawn(2 * NOTHING, pauses=[(6, 9)]), [5 * 3, 5 * 3]),
    ("a pause of one day",
     Drawn(2 * NOTHING, pauses=[(3, 3)]), [6 * 3, 21]),
    ("overlapping pauses are one",
     Drawn(2 * NOTHING, pauses=[(3, 6), (5, 8)]), [2 * 3, 6 * 3]),
    ("a pause within a pause",
     Drawn(2 * NOTHING, pauses=[(2, 12), (4, 5)]), [1 * 3, 2 * 3]),
    ("an open pause",
     Drawn(3 * NOTHING, pauses=[(10, None)]), [21, 2 * 3, 0]),
    ("a pause that began before the programme",
     Drawn(2 * NOTHING, pauses=[(-20, 2)]), [5 * 3, 21]),
    ("from the programme start to the first plan: 3 a week",
     Drawn(2 * NOTHING, plans=[Plan(5, from_day=11)], programme_start=1), [21, 3 * 3 + 4 * 5]),
    ("a plan older than the programme start",
     Drawn(2 * NOTHING, plans=[Plan(5, from_day=-9)], programme_start=4), [35, 35]),
    ("no plan at all: 3 a week from the first row",
     Drawn("x......|.......", plans=[]), [21, 21]),
    ("a plan from after the review",
     Drawn(2 * NOTHING, plans=[Plan(3), Plan(5, from_day=15)]), [21, 21]),
])
def test_due(look: Look, sevenths: list[int]) -> None:
    assert look()["weeks"]["due_sevenths"] == sevenths


@examples("counted", [
    ("1 a week: a whole session is due",
     Drawn(NOTHING, plans=[Plan(1)]), True),
    ("1 a week, one day paused: six sevenths",
     Drawn(NOTHING, plans=[Plan(1)], pauses=[(4, 4)]), False),
    ("3 a week, four days paused: nine sevenths",
     Drawn(NOTHING, pauses=[(1, 4)]), True),
    ("3 a week, five days paused: six sevenths",
     Drawn(NOTHING, pauses=[(1, 5)]), False),
    ("the last day is not over",
     Drawn("......"), False),
    ("7 a week, six days paused: exactly one session",
     Drawn(NOTHING, plans=[Plan(7)], pauses=[(1, 6)]), True),
])
def test_a_counted_week_is_complete_and_has_a_whole_session_due(look: Look, counted: bool) -> None:
    assert look()["weeks_counted"] == int(counted)


@pytest.mark.parametrize(("as_of", "complete"), [
    pytest.param(6, [False], id="day 6"),
    pytest.param(7, [True], id="day 7: the week's last day"),
    pytest.param(8, [True, False], id="day 8: the next week is running"),
    pytest.param(13, [True, False], id="day 13"),
    pytest.param(14, [True, True], id="day 14"),
])
def test_a_week_is_complete_on_its_last_day(as_of: int, complete: list[bool]) -> None:
    patient = Drawn("x.x.x..|x.x....")
    assert weeks_of(patient, "complete", as_of=as_of) == complete
    assert look(patient, as_of=as_of)["weeks_complete"] == sum(complete)


def test_paused_weeks_are_complete_but_not_counted() -> None:
    row = look(Drawn(4 * "x.x.x..|", pauses=[(8, 21)]))
    assert (row["weeks_complete"], row["weeks_counted"]) == (4, 2)


def test_done_are_days_in_a_pause_too() -> None:
    patient = Drawn("x.x.x..|xx.-?..|.......", pauses=[(8, 14)])
    assert weeks_of(patient, "done_days") == [3, 2, 0]
    assert weeks_of(patient, "paused_days") == [0, 7, 0]
    assert weeks_of(patient, "logged") == [True, True, False]


def test_weeks_begin_on_the_patients_own_day() -> None:
    patient = Drawn("...x.x.|x..xx..|xx", plans=[Plan(from_day=4)])  # weeks of days 4-10, 11-17
    assert weeks_of(patient, "done_days", as_of=17) == [3, 4]


def test_a_week_with_a_leap_day() -> None:
    """Programme from Monday 26 February 2024: the week has its 29 February, and ends on Sunday 3 March."""
    monday, leap_day, sunday = (dt.date(2024, month, day) for month, day in [(2, 26), (2, 29), (3, 3)])
    sessions = ".......|" * 8 + "x..x..x|x......"  # days 57, 60, 63 and 64
    review = review_of(Drawn(sessions, plans=[Plan(from_day=57)]), as_of=64)
    assert [date_of(day) for day in (57, 60, 63)] == [monday, leap_day, sunday]
    assert review.weeks["first_day"].tolist() == [pd.Timestamp(monday), pd.Timestamp(2024, 3, 4)]
    assert review.weeks["done_days"].tolist() == [3, 1]
    assert review.weeks["complete"].tolist() == [True, False]


@pytest.mark.parametrize(("plans", "as_of", "per_week"), [
    pytest.param([Plan(3), Plan(5, from_day=11)], 10, 3, id="the day before the new plan"),
    pytest.param([Plan(3), Plan(5, from_day=11)], 11, 5, id="the new plan's first day"),
    pytest.param([Plan(2, from_day=20)], 10, 3, id="the only plan lies ahead: assumed"),
])
def test_sessions_per_week_are_those_of_the_last_version(plans: list[Plan], as_of: int, per_week: int) -> None:
    assert look(Drawn("x......|.......", plans=plans), as_of=as_of)["sessions_per_week"] == per_week
