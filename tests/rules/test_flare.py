"""Whose pain has flared up? The last rated days, against the usual pain before them."""

from __future__ import annotations

from rules.drawing import Drawn
from rules.looking import Look, examples, look

FOUR_WEEKS_OF_2 = 4 * "2.2.2..|"
NOTHING = ".......|"


@examples("flares", [
    ("two rated days of 4, usually 2",
     Drawn(pain=FOUR_WEEKS_OF_2 + "4.4...."), True),
    ("one rated day",
     Drawn(pain=FOUR_WEEKS_OF_2 + "9......"), False),
    ("the last rated day is 3",
     Drawn(pain=FOUR_WEEKS_OF_2 + "4.3...."), False),
    ("the one before it is 3",
     Drawn(pain=FOUR_WEEKS_OF_2 + "3.4...."), False),
    ("it has passed",
     Drawn(pain=FOUR_WEEKS_OF_2 + "9.9.2.."), False),
    ("days of 2 above a usual 1, but below 4",
     Drawn(pain=4 * "1.1.1..|" + "3.3...."), False),
    ("days of 3.9, usually 1",
     Drawn(pain=4 * "1.1.1..|" + ".......", exact={29: 3.9, 31: 4}), False),
    ("days of 4, usually 1",
     Drawn(pain=4 * "1.1.1..|" + "4.4...."), True),
    ("days of 4, usually 2.5",
     Drawn(pain=2 * "2.3.2..|3.2.3..|" + "4.4...."), False),
    ("days of 5, usually 2.5",
     Drawn(pain=2 * "2.3.2..|3.2.3..|" + "5.5...."), True),
    ("the usual is the median: four days of 9 among eight of 2 do not hide it",
     Drawn(pain="9.9.2..|9.9.2..|2.2.2..|2.2.2..|" + "4.4...."), True),
    ("six rated days tell the usual pain",
     Drawn(pain=NOTHING + NOTHING + "2.2.2..|2.2.2..|" + "4.4...."), True),
    ("five do not",
     Drawn(pain=NOTHING + NOTHING + "2.2.2..|2.2....|" + "4.4...."), False),
    ("the sixth lies 28 days before the first day of the run",
     Drawn(pain="2......|" + 2 * NOTHING + "22222..|" + "4.4...."), True),
    ("the sixth lies 29 days before it",
     Drawn(pain="2......|" + 2 * NOTHING + "22222..|" + ".4.4..."), False),
    ("the run began 14 days ago, today counted",
     Drawn(pain=FOUR_WEEKS_OF_2 + "4.4....|" + NOTHING), True),
    ("the run began 15 days ago",
     Drawn(pain=FOUR_WEEKS_OF_2 + "4.4....|" + NOTHING + "."), False),
    ("days without a rating do not break a run",
     Drawn(pain=FOUR_WEEKS_OF_2 + "4......|...4..."), True),
    ("ten days of 5: the last two are as the eight before them, but all ten are above the usual",
     Drawn(pain=NOTHING + "2.2.2..|2.2.2..|5555555|555...."), True),
    ("eight days of 4 after three of 3, usually 2: not the eleven, but the last eight",
     Drawn(pain=2 * "2.2.2..|" + "22.....|....333|44.4444|44"), True),
    ("pain that is always high",
     Drawn(pain=5 * "8.8.8..|"), False),
])
def test_flare(look: Look, flares: bool) -> None:
    assert ("flare" in look()["flags"]) == flares


def test_the_sentence() -> None:
    row = look(Drawn(pain=FOUR_WEEKS_OF_2 + "6.5...."))
    assert row["flags"] == ["flare"]
    assert "6, 5 on the last 2 rated days, usually 2 (median of 12 rated days before)" in row["reason"]
    assert "clears with a rated day below 4.0 [flare 1.0]." in row["reason"]
