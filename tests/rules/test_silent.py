"""Who has fallen silent? Unpaused days after the last row."""

from __future__ import annotations

from rules.drawing import Drawn, Plan
from rules.looking import Look, examples, look

NOTHING = ".......|"


@examples("days_silent silent", [
    ("14 days", Drawn("x......|" + NOTHING + "."), 14, True),
    ("13 days", Drawn("x......|" + NOTHING), 13, False),
    ("a rating is a row", Drawn("x......|" + NOTHING + ".", "...5"), 11, False),
    ("a session that was not done is a row", Drawn("x..-...|" + NOTHING + "."), 11, False),
    ("a session without an answer is a row", Drawn("x..?...|" + NOTHING + "."), 11, False),
    ("no row at all: since the programme start", Drawn(NOTHING + NOTHING + "."), 14, True),
    ("no row at all: 13 days", Drawn(NOTHING + NOTHING), 13, False),
    ("rows before the start do not speak",
     Drawn("xxxx...|" + NOTHING + NOTHING, plans=[Plan(from_day=5)]), 16, True),
    ("paused days do not count", Drawn("x......|" + 2 * NOTHING, pauses=[(8, 14)]), 13, False),
    ("but all others do", Drawn("x......|" + 2 * NOTHING + ".", pauses=[(8, 14)]), 14, True),
    ("a row in a pause, then 14 unpaused days",
     Drawn(NOTHING + "..x....|" + 2 * NOTHING, pauses=[(8, 14)]), 14, True),
    ("14 unpaused days, and a pause that began today",
     Drawn("x......|" + NOTHING + "..", pauses=[(16, None)]), 14, False),
    ("14 unpaused days, and a pause that ended yesterday",
     Drawn("x......|" + NOTHING + "..", pauses=[(15, 15)]), 14, True),
    ("a row today", Drawn("x......|......x"), 0, False),
])
def test_silent(look: Look, days_silent: int, silent: bool) -> None:
    row = look()
    assert (row["days_silent"], "silent" in row["flags"]) == (days_silent, silent)


@examples("notice", [
    ("7 days are a notice", Drawn("x......|."), "Nothing logged for 7 days."),
    ("6 are not", Drawn("x......|"), ""),
    ("nor are 7 in a pause", Drawn("x......|..", pauses=[(9, 9)]), ""),
    ("14 are a flag instead", Drawn("x......|" + NOTHING + "."), ""),
])
def test_notice(look: Look, notice: str) -> None:
    assert (look()["notices"] or "") == notice


@examples("words", [
    ("with the last pain", Drawn("x.x....|" + 2 * NOTHING, "4.6"), "nothing logged for 18 days, last pain 6.0;"),
    ("without any pain", Drawn("x.x....|" + 2 * NOTHING), "nothing logged for 18 days;"),
    ("without any row", Drawn(3 * NOTHING), "nothing logged since the start, 20 days ago;"),
])
def test_the_sentence(look: Look, words: str) -> None:
    reason = look()["reason"]
    assert words in reason
    assert "clears with the next row logged" in reason


def test_the_last_pain_is_that_of_the_last_rated_day() -> None:
    assert "last pain 2.0" in look(Drawn("x.x.x..|" + 2 * NOTHING, "9.2"))["reason"]
