"""Who has a red flag? Asked by a clinician, never inferred; it stays until a clinician acknowledges it."""

from __future__ import annotations

import pytest
from rules.drawing import Drawn, Row, date_of
from rules.looking import Look, examples, review_of

DONE = 7 * "x.x.x..|"


def answer(day: int, *, positive: bool = True, acknowledged: int | None = None) -> Row:
    return {"answered_on": date_of(day), "question": "night pain", "positive": positive,
            "acknowledged_on": None if acknowledged is None else date_of(acknowledged)}


def asked(*answers: Row) -> Drawn:
    return Drawn("x.x.x..|x.x....", red_flags=answers)  # reviewed on day 14


@examples("raised", [
    ("yes", asked(answer(3)), True),
    ("no", asked(answer(3, positive=False)), False),
    ("never asked", asked(), False),
    ("yes, on the day of the review", asked(answer(14)), True),
    ("yes, on the day after it", asked(answer(15)), False),
    ("yes, acknowledged on the day of the review", asked(answer(3, acknowledged=14)), False),
    ("yes, acknowledged on the day after it", asked(answer(3, acknowledged=15)), True),
    ("yes twice, one of them acknowledged", asked(answer(3, acknowledged=4), answer(5)), True),
    ("a later no does not take back a yes", asked(answer(3), answer(5, positive=False)), True),
    ("severe pain alone is no red flag", Drawn(pain="XXXXXXX"), False),
])
def test_red_flag(look: Look, raised: bool) -> None:
    assert ("red_flag" in look()["flags"]) == raised


def test_it_comes_before_everything() -> None:
    calm = Drawn(DONE, "1.1.1.." * 7, name="calm", red_flags=[answer(40)])
    worse = Drawn(DONE, "3.3.3.." * 2 + "9.9.9.." * 5, name="worse")
    persists = Drawn(DONE, "5.5.5.." * 7, name="persists")
    table = review_of(calm, worse, persists).table
    assert table["patient_id"].tolist() == ["calm", "worse", "persists"]
    assert table["flags"].tolist() == ["red_flag", "worsening", "persistent"]


@pytest.mark.parametrize("words", ["answered with yes", "clears when a clinician acknowledges it", "[red_flag 1.0]"])
def test_the_sentence(words: str) -> None:
    assert words in review_of(asked(answer(3))).table["reason"].iloc[0]
