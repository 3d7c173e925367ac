import datetime as dt
import gc
import itertools
import weakref

from hypothesis import given
from hypothesis import strategies as st

from hipanalytics.charts.axis import Axis, LabelRows
from hipanalytics.charts.patient_rows import PatientRows, rows_of
from hipanalytics.charts.standing import change_sentence, looks_of
from hipanalytics.review import review_cohort
from tests.charts.conftest import P_1, cohort_of

STRETCHES = st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 0.5)), max_size=8)


@given(STRETCHES, st.booleans())
def test_words_in_a_row_never_overlap(stretches, from_top):
    labels, rows = LabelRows(3), {}
    for begin, width in stretches:
        row = labels.take((begin, begin + width), from_top=from_top)
        if row is not None:
            rows.setdefault(row, []).append((begin, begin + width))
    for row in rows.values():
        ordered = sorted(row)
        assert all(end < begin for (_, end), (begin, _) in itertools.pairwise(ordered))


def test_words_run_to_the_right_in_the_left_half_of_the_axis():
    axis = Axis.spanning(dt.date(2026, 1, 5), dt.date(2026, 3, 15), weeks=10)
    assert (axis.side(dt.date(2026, 1, 12)), axis.side(dt.date(2026, 3, 9))) == ("left", "right")
    begin, end = axis.stretch(axis.last_day, "mean 6.2", "right")
    assert (end, begin < end) == (1, True)


def test_a_patients_rows_are_found_however_the_table_is_sorted(review):
    mixed = review.weeks.sample(frac=1, random_state=3)
    for table in (mixed, mixed.assign(patient_id=mixed["patient_id"].astype("str"))):
        found = PatientRows(table).of("P-1")
        assert found["week"].tolist() == mixed.loc[mixed["patient_id"] == "P-1", "week"].tolist()
        assert PatientRows(table).of("nobody").empty


def test_a_review_that_is_no_longer_needed_is_let_go():
    review = review_cohort(cohort_of({"P-1": P_1}))
    assert rows_of(review) is rows_of(review)
    gone = weakref.ref(review)
    del review
    gc.collect()
    assert gone() is None


def test_without_a_flag_the_words_are_those_of_the_reason():
    improved = {"flags": None, "standing": "Improved"}
    paused = {"flags": float("nan"), "standing": "Paused"}
    assert [(look.mark, look.word) for look in looks_of(improved)] == [("✓", "Improved")]
    assert [(look.mark, look.word) for look in looks_of(paused)] == [("·", "Paused")]


def test_flags_are_shown_in_their_order():
    looks = looks_of({"flags": "persistent;low_adherence", "reason": "Pain persists: x. Low adherence: y."})
    assert [(look.mark, look.word) for look in looks] == [("■", "Persists"), ("–", "Low adherence")]


def test_a_change_too_small_to_be_seen_is_no_change():
    row = {"pain_change": 0.04, "pain_baseline": 5.0, "pain_baseline_n": 4, "pain_latest": 5.04, "pain_latest_n": 6,
           "pain_baseline_from": 1, "programme_start": 1}
    assert change_sentence(row, 4) == (
        "Pain did not change: mean 5.0 over 4 rated days at first, 5.0 over 6 rated days lately.")
