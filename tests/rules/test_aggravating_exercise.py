"""Which exercise hurts? The clinic's pain policy on the last three scored sessions of each exercise.

A session is drawn by four scores: pain at the start, during, after, and on the next morning; a dot is no score.
"""

from __future__ import annotations

import pytest
from rules.drawing import Drawn, Entry
from rules.looking import Look, examples, look

from hipanalytics.thresholds import Thresholds

SCORES = ("pain", "pain_during", "pain_after", "pain_next_morning")
STOP, CALM = "3 6 . .", "3 3 3 3"
WEEK = "......."


def scores(drawn: str) -> dict[str, float]:
    return {name: float(mark) for name, mark in zip(SCORES, drawn.split(), strict=True) if mark != "."}


def sessions(*drawn: str, exercise: str | None = "bridging", first_day: int = 1) -> list[Entry]:
    """One session a day, each with one exercise."""
    return [Entry(day, exercise=exercise, done=True if exercise else None, scores=scores(each))
            for day, each in enumerate(drawn, first_day)]


def hurts(look: Look) -> bool:
    return "aggravating_exercise" in look()["flags"]


# What each policy calls stop: two sessions like that, then a calm one


def twice(drawn: str) -> Drawn:
    return Drawn(WEEK, entries=sessions(drawn, drawn, CALM))


@examples("stop", [
    ("during above the start", twice("3 3.5 . ."), True),
    ("during as at the start", twice("3 3 . ."), False),
    ("after above the start", twice("3 . 4 ."), True),
    ("one of the two above", twice("3 2 4 ."), True),
    ("below the start", twice("3 2 2 ."), False),
    ("the next morning is not asked", twice("3 3 3 9"), False),
    ("from 0", twice("0 1 . ."), True),
], thresholds=Thresholds(pain_policy="article"))
def test_article(look: Look, stop: bool) -> None:
    assert hurts(look) == stop


@examples("stop", [
    ("during 5, above the start", twice("3 5 . ."), False),
    ("during 5.5, above the start", twice("3 5.5 . ."), True),
    ("during 6, as at the start", twice("6 6 . ."), False),
    ("during 6.5, above a start of 6", twice("6 6.5 . ."), True),
    ("after 6, above the start", twice("3 . 6 ."), True),
    ("after 5, above the start", twice("3 . 5 ."), False),
    ("the next morning 2 above the start", twice("3 . . 5"), True),
    ("the next morning 1.5 above the start", twice("3 . . 4.5"), False),
    ("the next morning 2 above the start, though calm before", twice("1 1 1 3"), True),
    ("2 above a start in thirds", twice(f"{7 / 3} . . {13 / 3}"), True),
])
def test_nemex_which_is_the_default(look: Look, stop: bool) -> None:
    assert hurts(look) == stop


@examples("stop", [
    ("during above 5 and above the start", twice("3 5.5 . ."), True),
    ("during 6, as at the start", twice("6 6 . ."), False),
    ("after above 5 and above the start", twice("3 . 6 ."), True),
    ("during 5 that stays until the morning", twice("3 5 . 3.5"), True),
    ("during 5 that settles by the morning", twice("3 5 . 3"), False),
    ("during 5, the morning is not known: does not say stop", twice("3 5 . ."), False),
    ("after 4 that stays until the morning", twice("3 . 4 3.5"), True),
    ("after 3.5: no pain to settle", twice("3 . 3.5 9"), False),
    ("during 6 as at the start, after 5: one of them is 4-5, and the morning is worse", twice("6 6 5 7"), True),
    ("during 6 as at the start, after 6: neither is 4-5", twice("6 6 6 7"), False),
    ("the next morning alone 2 above", twice("3 3 3 5"), False),
], thresholds=Thresholds(pain_policy="silbernagel"))
def test_silbernagel(look: Look, stop: bool) -> None:
    assert hurts(look) == stop


# Two of the last three scored sessions


NO_START, ONLY_START, NO_SCORE = ". 9 9 9", "3 . . .", ". . . ."


@examples("expected", [
    ("stop, stop, calm", Drawn(WEEK, entries=sessions(STOP, STOP, CALM)), True),
    ("stop, calm, stop", Drawn(WEEK, entries=sessions(STOP, CALM, STOP)), True),
    ("calm, stop, stop", Drawn(WEEK, entries=sessions(CALM, STOP, STOP)), True),
    ("stop, calm, calm", Drawn(WEEK, entries=sessions(STOP, CALM, CALM)), False),
    ("stop, stop, calm, calm: the first is no longer one of the last three",
     Drawn(WEEK, entries=sessions(STOP, STOP, CALM, CALM)), False),
    ("only one session", Drawn(WEEK, entries=sessions(STOP)), False),
    ("only two sessions, both stop", Drawn(WEEK, entries=sessions(STOP, STOP)), True),
    ("stop, stop, calm, and two sessions that are not scored",
     Drawn(WEEK, entries=sessions(STOP, STOP, CALM, ONLY_START, NO_SCORE)), True),
    ("without the pain at the start nothing can be said",
     Drawn(WEEK, entries=sessions(NO_START, NO_START, NO_START)), False),
    ("stop long ago, and no scored session since",
     Drawn(12 * WEEK, entries=sessions(STOP, STOP, CALM)), True),
    ("stop five weeks ago and stop last week",
     Drawn(6 * WEEK, entries=[*sessions(STOP, CALM), *sessions(STOP, first_day=36)]), True),
    ("stop five weeks ago, two calm sessions last week",
     Drawn(6 * WEEK, entries=[*sessions(STOP, STOP), *sessions(CALM, CALM, first_day=36)]), False),
])
def test_two_of_the_last_three(look: Look, expected: bool) -> None:
    assert hurts(look) == expected


def at(time: str, day: int, drawn: str, exercise: str | None = "bridging") -> Entry:
    return Entry(day, time, exercise, True if exercise else None, scores(drawn))


EVERY_DAY = (1, 3, 5)


@examples("expected", [
    ("each exercise has its own sessions: one stop each is no two",
     Drawn(WEEK, entries=[*sessions(STOP, CALM, CALM), *sessions(CALM, STOP, CALM, exercise="knee_lift")]), False),
    ("other exercises in between do not count",
     Drawn(WEEK, entries=[*sessions(STOP, STOP), *sessions(CALM, CALM, exercise="knee_lift", first_day=3)]), True),
    ("a score given once for the session speaks of no exercise",
     Drawn(WEEK, entries=[at("09:00", day, each, exercise) for day in EVERY_DAY
                          for each, exercise in [(NO_SCORE, "bridging"), (STOP, None)]]), False),
    ("nor does the session's start speak for the exercise",
     Drawn(WEEK, entries=[at("09:00", day, each, exercise) for day in EVERY_DAY
                          for each, exercise in [(". 6 . .", "bridging"), ("3 . . .", None)]]), False),
    ("left and right: start 3 is the mean of 2 and 4, the morning of 5 is 2 above",
     Drawn(WEEK, entries=[at("09:00", day, each) for day in EVERY_DAY for each in ("2 2 . .", "4 4 . 5")]), True),
    ("left and right: the morning of 4.5 is not",
     Drawn(WEEK, entries=[at("09:00", day, each) for day in EVERY_DAY for each in ("2 2 . .", "4 4 . 4.5")]), False),
    ("left and right: during is the higher of the two, 6",
     Drawn(WEEK, entries=[at("09:00", day, each) for day in EVERY_DAY for each in ("3 3 . .", "3 6 . .")]), True),
    ("morning and evening are two sessions",
     Drawn(WEEK, entries=[at("09:00", 1, STOP), at("18:00", 1, STOP), at("09:00", 2, CALM)]), True),
    ("two rows at one time are one session",
     Drawn(WEEK, entries=[at("09:00", 1, STOP), at("09:00", 1, STOP), at("09:00", 2, CALM)]), False),
    ("rows without a time are one session of their day",
     Drawn(WEEK, entries=[at("", 1, STOP), at("", 1, STOP), at("", 2, CALM)]), False),
    ("a row without a time is another session than a timed one",
     Drawn(WEEK, entries=[at("", 1, STOP), at("09:00", 1, STOP), at("", 2, CALM)]), True),
    ("before the programme start",
     Drawn(WEEK, entries=sessions(STOP, STOP, CALM), programme_start=3), False),
    ("after the review",
     Drawn(WEEK, entries=[*sessions(STOP), *sessions(STOP, first_day=9)]), False),
])
def test_what_a_session_is(look: Look, expected: bool) -> None:
    assert hurts(look) == expected


@pytest.mark.parametrize("policy", ["article", "silbernagel"])
def test_a_next_morning_alone_cannot_say_stop_and_is_no_scored_session(policy: str) -> None:
    patient = Drawn(WEEK, entries=sessions(STOP, STOP, "3 . . 3", "3 . . 3"))
    assert look(patient, thresholds=Thresholds(pain_policy=policy))["flags"] == ["aggravating_exercise"]
    assert look(patient)["flags"] == []  # nemex asks it


def test_the_sentence_names_each_exercise_that_hurts() -> None:
    entries = [*sessions(STOP, "4 7 . .", CALM), *sessions(STOP, STOP, STOP, exercise="knee_lift"),
               *sessions(CALM, CALM, CALM, exercise="mini_squat")]
    reason = look(Drawn(WEEK, entries=entries))["reason"]
    assert "bridging in 2 of its last 3 scored sessions (the latest: pain 4.0 before, 7.0 at its worst)" in reason
    assert "knee lift in 3 of its last 3 scored sessions (the latest: pain 3.0 before, 6.0 at its worst)" in reason
    assert "mini squat" not in reason
    assert "clears when the nemex policy says stop in fewer than 2 of the last 3" in reason
