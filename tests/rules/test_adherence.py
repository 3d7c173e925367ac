"""Who is doing the plan? What counts, over which weeks, and which label it gets."""

from __future__ import annotations

import pytest
from rules.drawing import Drawn, Entry, Plan, Row
from rules.looking import Look, examples, look, some

from hipanalytics.thresholds import Thresholds

COUNTS_3_4_1_0_2_3 = "x.x.x..|x.xx.x.|x......|.......|x...x..|x.x.x.."


def test_the_check_of_the_definitions() -> None:
    """3, 4, 1, 0, 2, 3 sessions against 3 a week."""
    row = look(Drawn(COUNTS_3_4_1_0_2_3), thresholds=Thresholds(adherence_recent_weeks=6))
    expected = {
        "weeks_counted": 6,
        "done_4w": 13, "due_4w": 18,          # here over six weeks
        "adherence_all": 12 / 18,             # 3 + 3 + 1 + 0 + 2 + 3: the fourth of week 2 does not make up for week 3
        "adherence_4w": 12 / 18,
        "adherence_4w_logged": 12 / 15,       # without the week that has no log
        "adherence_all_raw": 13 / 18,
        "weeks_on_plan": 3 / 6,
        "log_coverage_4w": 5 / 6,
    }
    assert some(row, expected) == pytest.approx(expected)


def test_the_recent_figures_are_of_the_last_four_counted_weeks() -> None:
    row = look(Drawn(COUNTS_3_4_1_0_2_3))
    expected = {
        "done_4w": 6, "due_4w": 12, "adherence_4w": 6 / 12, "adherence_4w_logged": 6 / 9, "log_coverage_4w": 3 / 4,
        "adherence_label": "part", "adherence_all": 12 / 18, "weeks_on_plan": 3 / 6}
    assert some(row, expected) == pytest.approx(expected)


FULL, TWO, ONE, NONE = "x.x.x..|", "x.x....|", "x......|", ".......|"


@examples("label", [
    ("one counted week, all done: no label rests on one week",
     Drawn(FULL), "too_early"),
    ("the second week lacks its last day",
     Drawn(FULL + "x.x.x."), "too_early"),
    ("two counted weeks",
     Drawn(FULL + FULL), "full"),
    ("two weeks without any log: not logged is not the same as not done",
     Drawn(NONE + NONE), "unrecorded"),
    ("16 of 20 is exactly 80%",
     Drawn(4 * "xxxx...|", plans=[Plan(5)]), "full"),
    ("15 of 20 is less than 80%",
     Drawn(3 * "xxxx...|" + "xxx....|", plans=[Plan(5)]), "part"),
    ("6 of 12 is exactly half",
     Drawn(TWO + ONE + TWO + ONE), "part"),
    ("5 of 12 is less than half",
     Drawn(TWO + ONE + ONE + ONE), "low"),
    ("logs in 2 of 4 weeks are half of the weeks: recorded",
     Drawn(FULL + FULL + NONE + NONE), "part"),
    ("logs in 1 of 4 weeks are less than half",
     Drawn(FULL + NONE + NONE + NONE), "unrecorded"),
    ("logs in 1 of 2 weeks are half",
     Drawn(FULL + NONE), "part"),
    ("only the last four weeks say whether it is recorded",
     Drawn(ONE + NONE + FULL + NONE + NONE), "unrecorded"),
    ("reported as not done is recorded, and low",
     Drawn(4 * "-......|"), "low"),
    ("not known whether done is recorded, and not done",
     Drawn(4 * "?.?.?..|"), "low"),
    ("ratings alone are no record of sessions",
     Drawn(pain=4 * "5.5.5..|"), "unrecorded"),
    ("early weeks no longer weigh",
     Drawn(4 * NONE + 4 * FULL), "full"),
    ("early weeks no longer help",
     Drawn(4 * FULL + 4 * ONE), "low"),
])
def test_label(look: Look, label: str) -> None:
    assert look()["adherence_label"] == label


TWICE_ON_A_DAY = [Entry(day, at, "bridging", True) for day in (1, 3) for at in ("08:00", "18:00")]


@examples("expected", [
    ("two sessions on one day are one",
     Drawn(".......", entries=TWICE_ON_A_DAY), {"done_4w": 2, "adherence_4w": 2 / 3}),
    ("days done are shown uncapped, but six in a week do not make up for the next",
     Drawn("xxxxxx.|......."), {"done_4w": 6, "due_4w": 6, "adherence_4w": 3 / 6, "adherence_all_raw": 6 / 6}),
    ("raw may exceed 1",
     Drawn("xxxxxxx"), {"adherence_4w": 1, "adherence_all_raw": 7 / 3, "weeks_on_plan": 1}),
    ("not done is not done",
     Drawn("x.x.-.."), {"done_4w": 2, "weeks_on_plan": 0}),
    ("not known whether done is not done",
     Drawn("x.x.?.."), {"done_4w": 2, "weeks_on_plan": 0}),
    ("a rating is no session",
     Drawn("x.x.x..", ".5.5.55"), {"done_4w": 3}),
    ("the truth lies between done of due and done of due where anything was logged",
     Drawn(FULL + NONE), {"adherence_4w": 3 / 6, "adherence_4w_logged": 3 / 3, "log_coverage_4w": 1 / 2}),
    ("a week in which not done was reported has a log",
     Drawn(FULL + "-......"), {"adherence_4w_logged": 3 / 6, "log_coverage_4w": 1}),
    ("a week of ratings alone has no log of sessions",
     Drawn(FULL + ".......", "......." "5.5.5.."), {"adherence_4w_logged": 3 / 3, "log_coverage_4w": 1 / 2}),
    ("without any logged week there is no upper bound",
     Drawn(NONE + NONE), {"done_4w": 0, "due_4w": 6, "adherence_4w": 0, "adherence_4w_logged": None}),
    ("the running week is left out",
     Drawn(FULL + "xxxx.x"), {"weeks_counted": 1, "done_4w": 3, "due_4w": 3}),
    ("a paused week is none of the last four: the one before it comes in",
     Drawn(TWO + NONE + 3 * FULL, pauses=[(8, 14)]), {"weeks_counted": 4, "done_4w": 11, "due_4w": 12}),
    ("what was done in a paused week stands in no figure",
     Drawn(FULL + FULL, pauses=[(8, 14)]), {"weeks_complete": 2, "weeks_counted": 1, "done_4w": 3, "due_4w": 3}),
    ("a session in a pause is done, though nothing was due",
     Drawn(FULL + FULL, pauses=[(8, 10)]), {"done_4w": 6, "due_4w": 3 + 12 / 7, "adherence_4w": 1}),
])
def test_figures(look: Look, expected: Row) -> None:
    assert some(look(), expected) == pytest.approx(expected)


@examples("", [
    ("no week is complete",
     Drawn("x.x.x.")),
    ("every week is paused",
     Drawn("x......|x......", pauses=[(1, 14)])),
])
def test_without_a_counted_week_nothing_is_known(look: Look) -> None:
    expected = dict.fromkeys(
        ["done_4w", "due_4w", "adherence_4w", "adherence_4w_logged", "adherence_all", "adherence_all_raw",
         "weeks_on_plan", "log_coverage_4w"])
    row = look()
    assert some(row, expected) == expected
    assert (row["weeks_counted"], row["adherence_label"]) == (0, "too_early")
