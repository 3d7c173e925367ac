"""Who is better after twelve weeks, and still in much pain?"""

from __future__ import annotations

from rules.drawing import Drawn
from rules.looking import Look, examples, look

FIVE = "5.5.5..|"
EIGHT = "8.8.8..|"


@examples("flags", [
    ("the 84th day, from 8 to 5",
     Drawn(pain=2 * EIGHT + 9 * FIVE + "5.5.5.."), ["still_high"]),
    ("the 83rd day",
     Drawn(pain=2 * EIGHT + 9 * FIVE + "5.5.5."), []),
    ("the 84th day, one of them paused",
     Drawn(pain=2 * EIGHT + 9 * FIVE + "5.5.5..", pauses=[(20, 20)]), []),
    ("the 85th day, one of them paused",
     Drawn(pain=2 * EIGHT + 10 * FIVE + "5", pauses=[(20, 20)]), ["still_high"]),
    ("the 84th day of the programme, the 77th since a late baseline",
     Drawn(pain=3 * ".......|" + 2 * EIGHT + 7 * FIVE), []),
    ("latest mean 29/6, just below 5",
     Drawn(pain=2 * EIGHT + 9 * FIVE + "5.5.4.."), []),
    ("latest mean 31/6",
     Drawn(pain=2 * EIGHT + 9 * FIVE + "5.5.6.."), ["still_high"]),
    ("from 6.5 to 5 is 1.5 better",
     Drawn(pain="6.7.6..|7.6.7..|" + 10 * FIVE), ["still_high"]),
    ("from 38/6 to 5 is not: it persists",
     Drawn(pain="6.7.6..|7.6.6..|" + 10 * FIVE), ["persistent"]),
    ("better than at the start, but rising again: worsening comes first (and a flare)",
     Drawn(pain=2 * "9.9.9..|" + 8 * "1.1.1..|" + 2 * "7.7.7..|"), ["worsening", "flare"]),
])
def test_still_high(look: Look, flags: list[str]) -> None:
    assert look()["flags"] == flags


def test_the_sentence() -> None:
    reason = look(Drawn(pain=2 * EIGHT + 10 * FIVE))["reason"]
    assert "8.0 in the first block (6 rated days), 5.0 in the latest (6), better by 3.0" in reason
    assert "after 84 unpaused days" in reason
    assert "clears at a latest mean below 5" in reason
