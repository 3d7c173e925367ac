"""What changed from one decision to the next, as a clinician reads it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hipanalytics.clinic.decisions.differences import difference
from hipanalytics.clinic.decisions.records import PatientFacts, Pause, PlanVersion, Quiet, RedFlagAnswer, ReviewNote
from hipanalytics.clinic.moments import moment_words


def plan(valid_from: str, sessions: int, *exercises: dict[str, Any], **others: Any) -> PlanVersion:
    return PlanVersion(valid_from=valid_from, sessions_per_week=sessions, exercises=exercises, **others)


SQUAT = {"exercise": "squat", "sets": 2, "reps": 8}


@pytest.mark.parametrize(("old", "new", "words"), [
    (plan("2026-03-02", 3, SQUAT), plan("2026-03-02", 3, SQUAT), []),
    (plan("2026-03-02", 3, SQUAT), plan("2026-03-12", 4, SQUAT, {"exercise": "bridging"}),
     ["from 12 Mar 2026", "sessions per week 3 -> 4", "bridging added"]),
    (plan("2026-03-02", 3, SQUAT), plan("2026-03-02", 3, SQUAT | {"reps": 10, "load_kg": 2.5}),
     ["squat: reps 8 -> 10, load (kg) none -> 2.5"]),
    (plan("2026-03-02", 3, SQUAT | {"side": "left"}), plan("2026-03-02", 3, SQUAT | {"side": "right"}),
     ["squat (right) added", "squat (left) taken out"]),
    (plan("2026-03-02", 3, SQUAT, SQUAT | {"reps": 3}), plan("2026-03-02", 3, SQUAT), ["squat: new doses"]),
    (plan("2026-03-02", 3, SQUAT, {"exercise": "own"}), plan("2026-03-02", 3, {"exercise": "own"}, SQUAT), []),
    (plan("2026-03-02", 3), plan("2026-03-02", 3, valid_to="2026-03-31", new_episode=True),
     ["valid to 31 Mar 2026", "new episode no -> yes"]),
    (None, plan("2026-03-02", 3, {"exercise": "own_thing"}),
     ["from 2 Mar 2026", "sessions per week 3", "own thing added"]),
    (None, PatientFacts(), []),
    (PatientFacts(hip_side="left", discharged_on="2026-03-02"), PatientFacts(hip_side="right"),
     ["hip side left -> right", "discharged on 2 Mar 2026 -> none"]),
    (Pause(start="2026-03-02"), Pause(start="2026-03-02", end="2026-03-08", reason="x" * 70),
     ["end 8 Mar 2026", f"reason {'x' * 60}..."]),
    (None, RedFlagAnswer(answered_on="2026-03-02", question="Fever?", positive=False),
     ["answered on 2 Mar 2026", "question Fever?", "positive no"]),
    (None, ReviewNote(as_of="2026-03-02", flags={"worsening": 5.25, "silent": None}, decision="call"),
     ["as of 2 Mar 2026", "flags worsening (pain 5.2), silent", "decision call"]),
    (None, Quiet(as_of="2026-03-02", flag="flare", kind="acknowledged", flags=("flare", "silent")),
     ["as of 2 Mar 2026", "flag flare", "kind acknowledged", "flags flare, silent"]),
])
def test_differences_in_words(old: Any, new: Any, words: list[str]) -> None:
    assert difference(old, new) == words


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system cannot change its time zone for a test")
def test_a_moment_is_told_by_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as here:
        here.setenv("TZ", "Europe/Berlin")
        time.tzset()
        assert moment_words("2026-03-12T16:30:00.000Z") == "12 Mar 2026 at 17:30"
        assert moment_words("2026-03-31T22:05:00.000Z") == "1 Apr 2026 at 00:05"
    time.tzset()
