"""Who hardly does the plan, so that it is worth asking what stands in the way?"""

from __future__ import annotations

from rules.drawing import Drawn, Plan
from rules.looking import Look, examples, look

FULL, TWO, ONE, NONE = "x.x.x..|", "x.x....|", "x......|", ".......|"


@examples("low", [
    ("5 of 12", Drawn(TWO + ONE + ONE + ONE), True),
    ("6 of 12 is half", Drawn(TWO + ONE + TWO + ONE), False),
    ("1 of 3 in the first week: too early", Drawn(ONE), False),
    ("2 of 6 in two weeks", Drawn(ONE + ONE), True),
    ("all reported as not done", Drawn(2 * "-.-.-..|"), True),
    ("nothing logged: not recorded is not low", Drawn(NONE + NONE), False),
    ("logs in one week of three: not recorded", Drawn(NONE + ONE + NONE), False),
    ("logs in two weeks of four: recorded", Drawn(NONE + TWO + NONE + ONE), True),
    ("3 of 7 a week", Drawn(2 * "x.x.x..|", plans=[Plan(7)]), True),
    ("the four weeks before were done", Drawn(4 * FULL + 4 * ONE), True),
    ("the four weeks after were done", Drawn(4 * ONE + 4 * FULL), False),
])
def test_low_adherence(look: Look, low: bool) -> None:
    assert ("low_adherence" in look()["flags"]) == low


def test_the_sentence_shows_the_lower_and_the_upper_bound() -> None:
    reason = look(Drawn(TWO + ONE + NONE + TWO))["reason"]
    assert "5 of 12 sessions done in the last 4 weeks" in reason
    assert "42% counting what was not logged as not done, 56% over the weeks with a log" in reason  # 5/12 and 5/9
    assert "clears at 50% of the sessions due" in reason
