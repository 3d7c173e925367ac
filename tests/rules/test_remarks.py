"""What must be said beside the table: nobody and nothing is left out without a word."""

from __future__ import annotations

import dataclasses

import pandas as pd
from rules.drawing import Drawn, cohort_of, date_of
from rules.looking import review_of

from hipanalytics.review import review_cohort
from hipanalytics.thresholds import ClinicThresholds, Thresholds

WEEK = "x.x.x..|"


def asked(day: int) -> dict[str, object]:
    return {"answered_on": date_of(day), "question": "night pain", "positive": True, "acknowledged_on": None}


def test_nothing_to_remark() -> None:
    assert review_of(Drawn(3 * WEEK)).remarks == ()


def test_an_open_red_flag_of_someone_without_logs_and_plan_is_named() -> None:
    review = review_of(Drawn(3 * WEEK, name="A"), Drawn(name="B", plans=(), red_flags=[asked(3)]))
    assert review.table["patient_id"].tolist() == ["A"]
    assert review.remarks == ("OPEN RED FLAGS of patients who are not listed: B.",)


def test_a_red_flag_answered_after_the_last_row_counts_with_last_log_too() -> None:
    short = Drawn(WEEK, name="A", red_flags=[asked(12)])
    review = review_of(short, Drawn(3 * WEEK, name="B"), as_of="last-log")
    assert review.table.set_index("patient_id")["flags"].fillna("").to_dict() == {"A": "red_flag", "B": ""}


def test_rows_that_enter_no_figure_are_counted() -> None:
    late = Drawn(3 * WEEK, name="late", programme_start=8)
    gone = Drawn(3 * WEEK, name="gone", discharged_on=10)
    review = review_of(late, gone, as_of=14)
    assert review.table["patient_id"].tolist() == ["late"]
    assert review.remarks == (
        "15 of 18 rows enter no figure: 3 before a programme start, 3 after a patient's as-of day, "
        "9 of patients who are not listed.",)


def test_who_lost_rows_at_the_door_is_told_and_who_lost_all_is_named() -> None:
    refused = pd.DataFrame({"patient_id": ["A", "C"], "rows_refused": [2, 4], "cells_left_out": [1, 0],
                            "what": ["row 2: pain \"11\" is outside 0 to 10", "row 9"]})
    cohort = dataclasses.replace(cohort_of(Drawn(3 * WEEK, name="A"), Drawn(3 * WEEK, name="B")), refused=refused)
    review = review_cohort(cohort, date_of(21))
    assert review.remarks == (
        "Not listed, because all their rows were refused: C.",
        "Rows were refused or cells left out of 1 of these patients: their figures may be incomplete.")
    notices = review.table.set_index("patient_id")["notices"]
    assert notices["A"] == ("2 rows refused and 1 cell left out at the door (row 2: pain \"11\" is outside 0 to 10): "
                            "these figures may be incomplete.")
    assert notices["B"] == ""


def test_settings_of_a_patient_who_is_not_here_are_named() -> None:
    settings = ClinicThresholds(Thresholds(), {"Z-9": Thresholds(silent_days=10)})
    assert review_of(Drawn(3 * WEEK), thresholds=settings).remarks == (
        "The settings name patients who are not here: Z-9.",)
