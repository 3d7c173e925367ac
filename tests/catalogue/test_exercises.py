"""The catalogue holds what the sources state, and nothing that they do not."""

import dataclasses

import pytest

from hipanalytics.catalogue import Exercise, exercises

BY_ID = {exercise.id: exercise for exercise in exercises()}


def test_fourteen_exercises_numbered_in_order() -> None:
    assert [exercise.number for exercise in exercises()] == list(range(1, 15))
    assert len(BY_ID) == 14


@pytest.mark.parametrize(
    ("exercise", "kind", "hold_s", "reps", "sides"),
    [
        ("knee_lift", "stretch", (10, 10), (5, 10), "each"),
        ("double_hip_rotation", "stretch", (20, 30), None, "each"),
        ("hip_flexion", "strength", None, (5, 10), "each"),
        ("mini_squat", "strength", None, (5, 10), "together"),
        ("abdominal_exercise", "strength", (20, 20), (5, 10), None),
    ],
)
def test_doses_as_stated_and_the_unstated_missing(exercise, kind, hold_s, reps, sides) -> None:
    found = BY_ID[exercise]
    assert (found.kind, found.hold_s, found.reps, found.sides) == (kind, hold_s, reps, sides)


def test_what_no_source_showed_is_marked() -> None:
    assert {exercise.id: exercise.from_memory for exercise in exercises() if exercise.from_memory} == {
        "bridging": ("reps",),
        "chair_stand": ("exercise", "reps"),
        "abdominal_exercise": ("hold_s", "reps"),
    }


def test_ranges_run_upwards() -> None:
    ranges = [span for exercise in exercises() for span in (exercise.hold_s, exercise.reps) if span]
    assert ranges
    assert all(0 < low <= high for low, high in ranges)


def test_an_exercise_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        BY_ID["knee_lift"].number = 2  # type: ignore[misc]
    assert isinstance(BY_ID["knee_lift"], Exercise)
