"""Of whom can nothing be said after six weeks?"""

from __future__ import annotations

from rules.drawing import Drawn, Plan
from rules.looking import Look, examples, look

DONE = "x.x.x..|"
NOTHING = ".......|"


@examples("flags", [
    ("the 42nd day, no score", Drawn(6 * DONE), ["too_little_data"]),
    ("the 41st day", Drawn(5 * DONE + "x.x.x."), []),
    ("calendar days: a pause that is over takes none away", Drawn(6 * DONE, pauses=[(8, 14)]), ["too_little_data"]),
    ("in a pause: nobody to ask", Drawn(6 * DONE, pauses=[(40, None)]), []),
    ("the pause ended yesterday", Drawn(6 * DONE, pauses=[(36, 41)]), ["too_little_data"]),
    ("days count from the programme start, not from the plan",
     Drawn(6 * DONE, plans=[Plan(from_day=15)], programme_start=1), ["too_little_data"]),
    ("the change is known", Drawn(6 * DONE, "2.2.2..|2.2.2..|" + 2 * NOTHING + "2.2.2..|2.2.2.."), []),
    ("no baseline of 4", Drawn(6 * DONE, "2.2.2.."), ["too_little_data"]),
    ("no latest block of 4", Drawn(6 * DONE, "2.2.2..|2.2.2..|" + 3 * NOTHING + "2.2.2.."), ["too_little_data"]),
    ("both blocks overlap", Drawn(6 * DONE, 4 * NOTHING + "2.2.2..|2.2.2.."), ["too_little_data"]),
])
def test_too_little_data(look: Look, flags: list[str]) -> None:
    assert look()["flags"] == flags


@examples("why", [
    ("no score", Drawn(6 * DONE), "on day 42 the change in pain is not known, 0 of 4 rated days in the first block"),
    ("a thin start", Drawn(6 * DONE, "2.2.2.."), "3 of 4 rated days in the first block"),
    ("a thin end",
     Drawn(6 * DONE, "2.2.2..|2.2.2..|" + 3 * NOTHING + "2.2...."), "2 of 4 rated days in the latest block"),
    ("both are one", Drawn(6 * DONE, 4 * NOTHING + "2.2.2..|2.2.2.."),
     "the first block has not ended before the latest begins"),
])
def test_the_sentence_says_why(look: Look, why: str) -> None:
    assert why in look()["reason"]


def test_not_known_is_counted_and_never_no() -> None:
    row = look(Drawn(6 * DONE))
    assert (row["pain_change"], row["pain_latest"], row["adherence_4w"]) == (None, None, 1)
