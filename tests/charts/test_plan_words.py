import datetime as dt

import pandas as pd
import pytest

from hipanalytics.charts.plan_words import exercise_name, plan_changes, plan_versions
from hipanalytics.tables import Prescriptions, empty_table

START, AS_OF = dt.date(2026, 1, 5), dt.date(2026, 3, 15)


def plans(*versions):
    rows = [(first, sessions, last) for first, sessions, last in versions]
    table = pd.DataFrame(rows, columns=["valid_from", "sessions_per_week", "valid_to"])
    return table.assign(patient_id="P-1", new_episode=False, valid_from=pd.to_datetime(table["valid_from"]),
                        valid_to=pd.to_datetime(table["valid_to"]))


def doses(*rows):
    table = pd.DataFrame(rows, columns=["valid_from", "exercise", "reps"])
    return table.assign(patient_id="P-1", valid_from=pd.to_datetime(table["valid_from"]), side="both", sets=1.0,
                        reps=table["reps"].astype(float), hold_s=float("nan"), load_kg=float("nan"))


def changes(table, prescriptions=None, start=START):
    prescriptions = empty_table(Prescriptions) if prescriptions is None else prescriptions
    versions = plan_versions(table, prescriptions, start=start, as_of=AS_OF)
    return [(str(change.day), f"{change.name}: {change.words}") for change in
            plan_changes(versions, start=start, as_of=AS_OF)]


@pytest.mark.parametrize(("table", "expected"), [
    (plans(("2026-01-05", 3, None)), []),
    (plans(("2026-01-05", 3, None), ("2026-02-02", 4, None)), [("2026-02-02", "plan 2: 4 a week")]),
    (plans(("2026-01-05", 3, None), ("2026-02-02", 3, None)), [("2026-02-02", "plan 2: the same again")]),
    (plans(("2026-02-02", 4, None)), [("2026-02-02", "plan 1: 4 a week")]),
    (plans(("2026-01-05", 3, None), ("2026-03-16", 4, None)), []),
    (plans(("2026-01-05", 3, "2026-02-01")), [("2026-02-02", "plan 1: ended")]),
    (plans(("2026-01-05", 3, "2026-02-01"), ("2026-02-02", 4, None)), [("2026-02-02", "plan 2: 4 a week")]),
    (plans(("2026-01-05", 3, "2026-01-20"), ("2026-02-02", 4, None)),
     [("2026-01-21", "plan 1: ended"), ("2026-02-02", "plan 2: 4 a week")]),
    (plans(("2026-01-05", 3, "2026-03-15")), []),
    (plans(), []),
], ids=["from the start", "more often", "no difference", "first plan later", "not yet begun", "ended", "seamless",
        "a gap between", "ends with the review", "none"])
def test_changes_in_words(table, expected):
    assert changes(table) == expected


def test_versions_of_an_earlier_course_are_not_counted():
    table = plans(("2025-06-02", 5, None), ("2026-01-05", 3, None), ("2026-02-02", 4, None))
    assert changes(table) == [("2026-02-02", "plan 2: 4 a week")]


def test_exercises_added_dropped_and_dosed_anew():
    table = plans(("2026-01-05", 3, None), ("2026-02-02", 3, None))
    prescribed = doses(
        ("2026-01-05", "hip_flexion", 5), ("2026-01-05", "bridging", 5), ("2026-01-05", "mini_squat", 5),
        ("2026-02-02", "hip_flexion", 5), ("2026-02-02", "bridging", 8), ("2026-02-02", "my own drill", 5))
    assert changes(table, prescribed) == [("2026-02-02", "plan 2: + my own drill, – mini squat, new dose of bridging")]


def test_brief_words_count_where_several_exercises_change():
    table = plans(("2026-01-05", 3, None), ("2026-02-02", 3, None))
    prescribed = doses(
        ("2026-01-05", "hip_flexion", 5), ("2026-01-05", "bridging", 5),
        ("2026-02-02", "hip_flexion", 6), ("2026-02-02", "bridging", 8), ("2026-02-02", "mini_squat", 5),
        ("2026-02-02", "knee_lift", 5))
    versions = plan_versions(table, prescribed, start=START, as_of=AS_OF)
    (change,) = plan_changes(versions, start=START, as_of=AS_OF)
    assert change.brief == "+ 2 exercises, 2 new doses"


def test_a_version_without_exercises_says_nothing_of_exercises():
    table = plans(("2026-01-05", 3, None), ("2026-02-02", 4, None))
    assert changes(table, doses(("2026-01-05", "hip_flexion", 5))) == [("2026-02-02", "plan 2: 4 a week")]


def test_exercises_are_called_by_their_names():
    assert exercise_name("heel_to_buttock") == "heel to buttock"
    assert exercise_name("Pool_walk") == "pool walk"
