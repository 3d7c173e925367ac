"""What is a patient's pain, at the start and lately, and how far has it moved? Means of blocks of rated days."""

from __future__ import annotations

import math

import pytest
from rules.drawing import Drawn, Entry, Row
from rules.looking import Look, examples, look, review_of, some

NOTHING = ".......|"


# A session's, a day's and a week's pain


def rated(pain: float, at: str = "", day: int = 1) -> Entry:
    return Entry(day, at, scores={"pain": pain})


@examples("pain rated_days", [
    ("a session's pain is the mean of its rows",
     Drawn(".......", entries=[rated(4, "09:00"), rated(6, "09:00")]), 5, 1),
    ("a day's pain is the mean of its sessions, not of its rows",
     Drawn(".......", entries=[rated(4, "09:00"), rated(6, "09:00"), rated(8, "18:00")]), (5 + 8) / 2, 1),
    ("rows without a time are one session of their day",
     Drawn(".......", entries=[rated(4), rated(8), rated(9, "18:00")]), (6 + 9) / 2, 1),
    ("a date alone is never midnight: they are two sessions",
     Drawn(".......", entries=[rated(4), rated(6, "00:00"), rated(8, "00:00")]), (4 + 7) / 2, 1),
    ("a week's pain is the mean of its rated days, not of its sessions",
     Drawn(".......", entries=[rated(2, "09:00"), rated(4, "18:00"), rated(9, day=3)]), (3 + 9) / 2, 2),
    ("a session without a score takes nothing from the mean",
     Drawn("x.x.x..", "4...6.."), 5, 2),
    ("pain 0 is a rating", Drawn(pain="0.4...."), 2, 2),
    ("a session that was not done can be rated", Drawn("-......", "6......"), 6, 1),
    ("pain during and after are other questions",
     Drawn(".......", entries=[Entry(1, scores={"pain": 2, "pain_during": 8, "pain_after": 9})]), 2, 1),
])
def test_pain_of_a_week(look: Look, pain: float, rated_days: int) -> None:
    weeks = look()["weeks"]
    assert (weeks["pain"], weeks["rated_days"]) == ([pytest.approx(pain)], [rated_days])


def test_a_week_without_a_rating_has_no_pain() -> None:
    weeks = look(Drawn("x.x.x..|x.x.x..", "0......|......."))["weeks"]
    assert weeks["pain"][0] == 0
    assert math.isnan(weeks["pain"][1])


# The baseline: forward from the programme start


@examples("mean n counts_from", [
    ("the rated days of the first 14 days",
     Drawn(pain="5.5.5..|5.5.5..|9.9.9.."), 5, 6, 1),
    ("all of them, where every day is rated",
     Drawn(pain="5555555|5555555|9999999"), 5, 14, 1),
    ("day 14 belongs to it, day 15 does not",
     Drawn(pain="5.5.5..|5.5...8|9......"), 33 / 6, 6, 1),
    ("five in 14 days: day 15 makes six, day 17 is not needed",
     Drawn(pain="5.5.5..|5.....5|9.9...."), 34 / 6, 6, 1),
    ("four in 14 days: two more make six",
     Drawn(pain="5.5....|5.5....|9.9.9.."), 38 / 6, 6, 1),
    ("extended up to day 21, it needs 4",
     Drawn(pain="5......|5......|5.....9"), 24 / 4, 4, 1),
    ("day 22 is too late: 3 rated days are no baseline",
     Drawn(pain="5......|5......|5......|9......"), None, 3, None),
    ("it counts from the programme start, also where the first rating comes later",
     Drawn(pain="......5|......5|5.5...."), 5, 4, 1),
    ("it does not wait for day 14",
     Drawn(pain="5.5.5..|5"), 5, 4, 1),
    ("three by the day of the review",
     Drawn(pain="5.5.5.."), None, 3, None),
    ("late: the block from the first rated day that has 4; the lone rating of day 3 has not",
     Drawn(pain="..9....|.......|.......|5.5.5..|5.5.5..|8.8.8.."), 5, 6, 22),
    ("late: the lone rating of day 3 has 4 with those up to day 23",
     Drawn(pain="..9....|.......|......5|55.5..."), (9 + 3 * 5) / 4, 4, 3),
    ("late and extended up to its own day 21",
     Drawn(pain=3 * NOTHING + "5......|5......|5.....9"), 24 / 4, 4, 22),
    ("late and too thin",
     Drawn(pain=3 * NOTHING + "5......|5......|5......|9"), None, 0, None),
])
def test_baseline(look: Look, mean: float | None, n: int, counts_from: int | None) -> None:
    row = look()
    assert row["pain_baseline"] == (mean if mean is None else pytest.approx(mean))
    assert (row["pain_baseline_n"], row["pain_baseline_from"]) == (n, counts_from)


def test_a_late_baseline_is_marked() -> None:
    assert "Late baseline: it counts from day 22." in look(Drawn(pain=3 * NOTHING + 2 * "5.5.5.."))["notices"]
    assert "Late baseline" not in look(Drawn(pain=2 * "5.5.5.." + 3 * NOTHING))["notices"]


# The latest block: backward from the day of the review


@examples("mean n", [
    ("the rated days of the last 14 days",
     Drawn(pain="9.9.9..|5.5.5..|5.5.5.."), 5, 6),
    ("all of them, where every day is rated",
     Drawn(pain="9999999|5555555|5555555"), 5, 14),
    ("the 14th day back belongs to it, the 15th does not",
     Drawn(pain="......9|8.5.5..|5.5.5.."), 33 / 6, 6),
    ("five in 14 days: the day before makes six, the one before that is not needed",
     Drawn(pain="..9...9|5.5.5..|5.5...."), 34 / 6, 6),
    ("extended back to the 21st day, it needs 4",
     Drawn(pain="9......|5......|5.....5"), 24 / 4, 4),
    ("the 22nd day back is too early: 3 rated days are no block",
     Drawn(pain="9......|5......|5.....5|."), None, 3),
    ("none in 21 days",
     Drawn(pain="5.5.5..|5.5.5..|" + 3 * NOTHING), None, 0),
])
def test_latest_block(look: Look, mean: float | None, n: int) -> None:
    row = look()
    assert row["pain_latest"] == (mean if mean is None else pytest.approx(mean))
    assert row["pain_latest_n"] == n


# The change between them


FIRST_NOT_OVER = "the first block has not ended before the latest begins"


@examples("expected why", [
    ("two weeks and two weeks",
     Drawn(pain="6.6.6..|6.6.6..|4.4.4..|4.4.4.."), {"pain_change": -2, "pain_change_rel": -1 / 3}, "better by 2.0"),
    ("day 26: the last 14 days no longer reach the baseline's last rated day",
     Drawn(pain="6.6.6..|6.6.6..|4.4.4..|4.4.4"), {"pain_change": -2, "pain_change_rel": -1 / 3}, "better by 2.0"),
    ("day 25: one rated day belongs to both blocks",
     Drawn(pain="6.6.6..|6.6.6..|4.4.4..|4.4."), {"pain_change": None, "pain_change_rel": None}, FIRST_NOT_OVER),
    ("worse",
     Drawn(pain="4.4.4..|4.4.4..|5.5.5..|5.5.5.."), {"pain_change": 1, "pain_change_rel": 1 / 4}, "worse by 1.0"),
    ("no baseline",
     Drawn(pain="6.6.6.."), {"pain_change": None, "pain_change_rel": None}, "3 of 4 rated days in the first block"),
    ("no latest block",
     Drawn("x.x.x.." * 6, "6.6.6..|6.6....|" + 3 * NOTHING + "5.5...."),
     {"pain_change": None, "pain_change_rel": None}, "2 of 4 rated days in the latest block"),
    ("baseline 0: no relative change",
     Drawn(pain="0.0.0..|0.0.0..|1.1.1..|1.1.1.."), {"pain_change": 1, "pain_change_rel": None}, "worse by 1.0"),
    ("from 0 to 0",
     Drawn(pain=4 * "0.0.0.."), {"pain_change": 0, "pain_change_rel": None}, "unchanged"),
    ("to 0 is all of it",
     Drawn(pain=2 * "2.2.2.." + 2 * "0.0.0.."), {"pain_change": -2, "pain_change_rel": -1}, "better by 2.0"),
])
def test_change(look: Look, expected: Row, why: str) -> None:
    row = look()
    assert some(row, expected) == pytest.approx(expected)
    assert why in row["reason"]


SIX_DAYS_EACH = [*(1, 3, 5, 8, 10, 12), *(15, 17, 19, 22, 24, 26)]


@pytest.mark.parametrize(("patient", "improved"), [
    pytest.param(Drawn(pain="5.5.5..|5.6.6..|4.4.4..|4.4.3.."), True, id="16/3 - 23/6 is exactly 1.5"),
    pytest.param(Drawn(pain="5.5.5..|5.6.6..|4.4.4..|4.4.4.."), False, id="16/3 - 24/6 is less than 1.5"),
    pytest.param(Drawn(pain=28 * ".", exact=dict(zip(SIX_DAYS_EACH, 6 * [16 / 3] + 6 * [23 / 6], strict=True))), True,
                 id="thirds and sixths as they were typed in: exactly 1.5"),
    pytest.param(Drawn(pain="X.X.X..|X.X.X..|8.9.8..|9.8.9.."), True, id="10 to 8.5: by 1.5, though only by 15%"),
    pytest.param(Drawn(pain="4.4.4..|4.4.4..|.......|.......|3.3.3..|3.2...."), True, id="4 to 2.8: exactly 30%"),
    pytest.param(Drawn(pain="4.4.4..|4.4.4..|3.3.3..|3.3.2.."), False, id="4 to 17/6: 29%, and by less than 1.5"),
    pytest.param(Drawn(pain="4.4.4..|4.4.4..|5.6.5..|6.5.6.."), False, id="worse by 1.5"),
    pytest.param(Drawn(pain="0.0.0..|0.0.0..|0.0.0..|0.0.0.."), False, id="0 cannot improve"),
    pytest.param(Drawn(pain="9.9.9..|9.9.9..|.......|.......|.......|1.1.1.."), False,
                 id="what is not known is not improved"),
])
def test_improved(patient: Drawn, improved: bool) -> None:
    review = review_of(patient)
    assert review.counts["improved"].n == int(improved)
    assert review.table["reason"].str.startswith("Improved").tolist() == [improved]
