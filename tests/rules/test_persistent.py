"""Whose pain persists at the 6- and 12-week review, and was the plan done?"""

from __future__ import annotations

from rules.drawing import Drawn, Plan
from rules.looking import Look, examples, look

FIVE = "5.5.5..|"
FOUR_WEEKS_OF_4 = 4 * "4.4.4..|"
NOTHING = ".......|"


@examples("flags", [
    ("the 42nd day",
     Drawn(pain=5 * FIVE + "5.5.5.."), ["persistent"]),
    ("the 41st day",
     Drawn(pain=5 * FIVE + "5.5.5."), []),
    ("the 42nd day, one of them paused: 41 count",
     Drawn(pain=5 * FIVE + "5.5.5..", pauses=[(20, 20)]), []),
    ("the 43rd day, one of them paused: 42 count",
     Drawn(pain=6 * FIVE + "5", pauses=[(20, 20)]), ["persistent"]),
    ("the 44th day, overlapping pauses of two days: 42 count",
     Drawn(pain=6 * FIVE + "5.", pauses=[(20, 21), (21, 21)]), ["persistent"]),
    ("in a pause: the review is due all the same",
     Drawn(pain=6 * FIVE + "...", pauses=[(43, None)]), ["persistent"]),
    ("days count from a late baseline (day 22): a pause before it takes none away",
     Drawn(pain=3 * NOTHING + 6 * FIVE, pauses=[(8, 14)]), ["persistent"]),
    ("the 41st day since a late baseline, though the 62nd of the programme",
     Drawn(pain=3 * NOTHING + 5 * FIVE + "5.5.5."), []),
    ("latest mean 3.5: acceptable",
     Drawn(pain=FOUR_WEEKS_OF_4 + "3.4.3..|4.3.4.."), []),
    ("latest mean 22/6, just above 3.5",
     Drawn(pain=FOUR_WEEKS_OF_4 + "3.4.3..|4.4.4.."), ["persistent"]),
    ("latest mean 3.5, from thirds as they were typed in",
     Drawn(pain=FOUR_WEEKS_OF_4 + 14 * ".", exact={day: (10 + day % 2) / 3 for day in (30, 33, 36, 37, 40, 41)}),
     []),
    ("16/3 - 23/6 is 1.5: improved",
     Drawn(pain="5.5.5..|5.6.6..|" + 2 * FIVE + "4.4.4..|4.4.3.."), []),
    ("16/3 - 24/6 is less than 1.5 (and than 30%)",
     Drawn(pain="5.5.5..|5.6.6..|" + 2 * FIVE + "4.4.4..|4.4.4.."), ["persistent"]),
    ("7 to 5.5: improved by 1.5, though only by 21%",
     Drawn(pain=4 * "7.7.7..|" + "5.6.5..|6.5.6.."), []),
    ("worse, though not by enough to be worsening",
     Drawn(pain=FOUR_WEEKS_OF_4 + 2 * FIVE), ["persistent"]),
    ("the change is not known",
     Drawn(pain=3 * FIVE + 3 * NOTHING), ["silent", "too_little_data"]),
])
def test_persistent(look: Look, flags: list[str]) -> None:
    assert look()["flags"] == flags


@examples("words", [
    ("day 83",
     Drawn(pain=11 * FIVE + "5.5.5."), "after 83 unpaused days (6-week review)"),
    ("day 84",
     Drawn(pain=11 * FIVE + "5.5.5.."), "after 84 unpaused days (12-week review)"),
    ("the 84th day, one of them paused",
     Drawn(pain=11 * FIVE + "5.5.5..", pauses=[(20, 20)]), "after 83 unpaused days (6-week review)"),
    ("done (full)",
     Drawn(6 * "x.x.x..", 6 * FIVE),
     "12 of 12 sessions done in the last 4 weeks, the patient did it, and it did not help: reassess"),
    ("done in part",
     Drawn(6 * "x...x..", 6 * FIVE),
     "8 of 12 sessions done in the last 4 weeks, the patient did it, and it did not help: reassess"),
    ("hardly done (low)",
     Drawn(6 * "x......", 6 * FIVE),
     "4 of 12 sessions done in the last 4 weeks, the plan was not tried: barriers first"),
    ("not recorded",
     Drawn(pain=6 * FIVE), "not known whether the plan was done: ask"),
    ("too early to label: six sevenths of a session were due in each week but the last",
     Drawn(6 * "x......", 6 * FIVE + 5 * ".", plans=[Plan(1)], pauses=[(day, day) for day in (2, 9, 16, 23, 30)]),
     "not known whether the plan was done: ask"),
    ("what would clear it: 1.5 less than 6",
     Drawn(pain=6 * "6.6.6..|"), "clears at a latest mean of 4.5 or below"),
    ("what would clear it: an acceptable pain, easier to reach than 1.5 less",
     Drawn(pain=6 * "4.4.4..|"), "clears at a latest mean of 3.5 or below"),
])
def test_what_the_sentence_says(look: Look, words: str) -> None:
    row = look()
    assert "persistent" in row["flags"]
    assert words in row["reason"]


def test_both_means_stand_there_with_their_rated_days() -> None:
    reason = look(Drawn(pain="6666666|......." + 3 * NOTHING + "5.555.."))["reason"]
    assert "6.0 in the first block (7 rated days), 5.0 in the latest (4), better by 1.0" in reason
