"""Whose pain rises? Two points above where it was before (or 1.5 with a rising trend), now and a week ago."""

from __future__ import annotations

import pytest
from rules.drawing import Drawn, Row
from rules.looking import Look, examples, look

FOUR, SIX = "4.4.4..|", "6.6.6..|"
NOTHING = ".......|"
LAST_SIX_DAYS = (64, 66, 68, 71, 73, 75)


def rise_of(row: Row) -> str:
    return "worsening" if "worsening" in row["flags"] else "watch" if "Watch" in row["notices"] else "no"


def six_ratings(*pains: float) -> Drawn:
    """Baseline 4, nothing for seven weeks, then six ratings in the last two weeks: too few a week ago."""
    return Drawn(pain=2 * FOUR + 9 * NOTHING, exact=dict(zip(LAST_SIX_DAYS, pains, strict=True)))


@examples("rise", [
    ("2 above the baseline, for long: no trend is needed",
     Drawn(pain=2 * FOUR + 9 * SIX), "worsening"),
    ("just below 2 above (35/6 - 4), for long: no trend",
     Drawn(pain=2 * FOUR + 4 * "6.6.6..|6.6.5..|" + SIX), "no"),
    ("for three weeks: it held a week ago too",
     Drawn(pain=8 * FOUR + 3 * SIX), "worsening"),
    ("for two weeks: a week ago the block was half as high",
     Drawn(pain=9 * FOUR + 2 * SIX), "watch"),
    ("it held a week ago, and no longer",
     Drawn(pain=7 * FOUR + 3 * SIX + "2.2.2.."), "no"),
    ("1.5 above, and the six weeks show a rise",
     Drawn(pain=6 * "4.4.4.4|" + 4 * "5.6.5.6|"), "worsening"),
    ("just below 1.5 above (43/8 - 4), and the six weeks show a rise",
     Drawn(pain=6 * "4.4.4.4|" + 2 * "5.6.5.6|5.5.5.6|"), "no"),
    ("1.5 above for so long that the six weeks are level",
     Drawn(pain=2 * "4.4.4.4|" + 9 * "5.6.5.6|"), "no"),
    ("1.5 above with 13 of 15 pairs rising: p .030",
     six_ratings(4.5, 5, 5.5, 5.25, 6.5, 6.25), "watch"),
    ("1.5 above with 12 of 15 pairs rising: p .066 is no rising trend",
     six_ratings(5, 4.5, 5.5, 5.25, 6.5, 6.25), "no"),
    ("1.5 above with p < .05, but most pairs are equal: the slope is 0",
     Drawn(pain=8 * "4444444|" + "5.6.5..|6.5.6.."), "no"),
    ("2 above with a falling trend: 2 needs none",
     six_ratings(6.25, 6.5, 6, 6, 5.75, 5.5), "watch"),
    ("three rated days are no latest block",
     Drawn(pain=2 * FOUR + 8 * NOTHING + "9.9.9.."), "no"),
    ("it falls",
     Drawn(pain=8 * SIX + 3 * FOUR), "no"),
    ("4 above the weeks before, and so 2 above them a week ago, though 1 above the baseline",
     Drawn(pain=2 * SIX + 4 * "3.3.3..|" + 2 * "7.7.7..|"), "worsening"),
    ("one rating less: 29/6 - 3 a week ago",
     Drawn(pain=2 * SIX + 4 * "3.3.3..|" + "7.7.6..|7.7.7.."), "watch"),
    ("a week ago the baseline had not ended: the four ratings before the block speak instead",
     Drawn(pain="3.3.3.3|7.7.7..|7.7.7..|7.7.7.."), "worsening"),
    ("a week ago the baseline had not ended, and three ratings before the block are too few",
     Drawn(pain="3.3.3..|7.7.7..|7.7.7..|7.7.7.."), "watch"),
])
def test_rise(look: Look, rise: str) -> None:
    assert rise_of(look()) == rise


@pytest.mark.parametrize(("pain", "words"), [
    pytest.param(2 * FOUR + 9 * SIX,
                 "6.0 in the latest block (6 rated days) against 4.0 in the lowest block before (6 rated days), "
                 "2.0 more",
                 id="the baseline, where it is lower than the weeks before"),
    pytest.param(2 * SIX + 4 * "3.3.3..|" + 2 * "7.7.7..|",
                 "7.0 in the latest block (6 rated days) against 3.0 in the lowest block before (6 rated days), "
                 "4.0 more",
                 id="the weeks before, where they are lower than the baseline"),
    pytest.param("6.6.6..|6.6.6..|.......|.......|2222222|5555555|.......|565656.",
                 "5.5 in the latest block (6 rated days) against 3.5 in the lowest block before (14 rated days), "
                 "2.0 more",
                 id="the earlier block ends 14 days before the review, however short the latest is"),
    pytest.param(3 * "7..7...|" + 4 * "2..2...|" + 3 * "5..5...|",
                 "5.0 in the latest block (6 rated days) against 2.0 in the lowest block before (6 rated days), "
                 "3.0 more",
                 id="the earlier block ends before the first rated day of a latest one of 21 days"),
])
def test_what_it_has_risen_from(pain: str, words: str) -> None:
    row = look(Drawn(pain=pain))
    assert rise_of(row) == "worsening"
    assert words in row["reason"]


@pytest.mark.parametrize(("pain", "clears"), [
    pytest.param(2 * FOUR + 9 * SIX, "clears at a latest mean below 6.0", id="level: 2 above 4"),
    pytest.param(6 * "4.4.4.4|" + 4 * "5.6.5.6|", "clears at a latest mean below 5.5", id="rising: 1.5 above 4"),
])
def test_what_clears_it(pain: str, clears: str) -> None:
    assert clears in look(Drawn(pain=pain))["reason"]


def test_who_worsens_does_not_also_persist() -> None:
    assert look(Drawn(pain=2 * FOUR + 9 * SIX))["flags"] == ["worsening"]


def test_a_rise_seen_once_is_a_notice_with_its_numbers() -> None:
    row = look(Drawn(pain=9 * FOUR + 2 * SIX))
    assert "Watch: a rise seen once, 6.0 (6 rated days) against 4.0 in the lowest block before (6)." in row["notices"]
