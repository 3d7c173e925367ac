"""Plans, pauses and patients: what cannot be true is refused, all of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from hipanalytics.cohort import Cohort, check_cohort
from hipanalytics.errors import ProfileError
from hipanalytics.importers import (
    MappingProfile,
    load_cohort,
    read_logs,
    read_patients,
    read_pauses,
    read_plans,
    read_red_flags,
)
from hipanalytics.tables import SessionLogs, empty_table
from tests.importers.files import TODAY, found


def written(folder: Path, content: str, name: str = "table.csv") -> Path:
    (folder / name).write_text(content)
    return folder / name


def test_rows_of_one_version_are_one_plan_with_its_exercises(tmp_path: Path) -> None:
    plans, prescriptions, report = read_plans(written(
        tmp_path, "patient_id,valid_from,sessions_per_week,exercise,side,sets,reps\n"
                  "P1,2026-01-05,3,squat,both,3,10\nP1,2026-01-05,3,clam,LEFT,2,8.5\nP1,2026-02-02,2,,,,\n"),
        today=TODAY)
    assert plans[["valid_from", "sessions_per_week"]].astype(str).to_numpy().tolist() == [
        ["2026-01-05", "3"], ["2026-02-02", "2"]]
    assert plans["new_episode"].tolist() == [False, False]
    assert prescriptions[["exercise", "side", "sets"]].to_numpy().tolist() == [
        ["squat", "both", 3], ["clam", "left", 2]]
    assert prescriptions["reps"].isna().tolist() == [False, True]
    assert found(report) == [(3, "reps", "8.5", "is not a whole number", "cell left out")]
    check_cohort(Cohort(empty_table(SessionLogs), plans, prescriptions))


def test_plans_of_one_day_that_differ_are_refused_both_and_equal_ones_are_one(tmp_path: Path) -> None:
    plans, _, report = read_plans(written(
        tmp_path, "patient_id,valid_from,sessions_per_week\nP1,2026-01-05,3\nP1,2026-01-05,4\n"
                  "P2,2026-01-05,3\nP2,2026-01-05,3\n"), today=TODAY)
    assert plans["patient_id"].tolist() == ["P2"]
    assert (report.accepted, report.duplicates, report.rejected) == (1, 1, 2)
    assert {problem for *_, problem, _ in found(report)} == {"is the start of two plans that differ"}


@pytest.mark.parametrize(("row", "problem"), [
    ("P1,2026-01-05,0,", "is outside 1 to 7"), ("P1,2026-01-05,8,", "is outside 1 to 7"),
    ("P1,2026-01-05,2.5,", "is not a whole number"), ("P1,2026-01-05,,", "is empty"),
    ("P1,2026-01-05,3,2026-01-04", "lies before its start"), ("P1,2028-11-23,3,", "lies after 22 November 2028")])
def test_a_plan_that_cannot_be_is_refused(tmp_path: Path, row: str, problem: str) -> None:
    plans, _, report = read_plans(
        written(tmp_path, f"patient_id,valid_from,sessions_per_week,valid_to\n{row}\n"), today=TODAY)
    assert plans.empty
    assert [said for *_, said, _ in found(report)] == [problem]


def test_a_plan_may_start_next_week_and_last_one_day(tmp_path: Path) -> None:
    plans, prescriptions, report = read_plans(written(
        tmp_path, "patient_id,valid_from,sessions_per_week,valid_to,new_episode\nP1,2026-11-30,7,2026-11-30,yes\n"),
        today=TODAY)
    assert plans["new_episode"].tolist() == [True]
    assert prescriptions.empty
    assert report.accepted == 1


def test_a_pause_that_ends_before_it_starts_is_refused_and_an_open_one_stands(tmp_path: Path) -> None:
    pauses, report = read_pauses(written(
        tmp_path, "patient_id,start,end,reason\nP1,2026-01-05,,ill\nP1,2026-01-05,2026-01-05,a\n"
                  "P1,2026-01-05,2026-01-04,b\n"),
        today=TODAY)
    assert pauses["reason"].tolist() == ["ill", "a"]
    assert found(report) == [(4, "end", "2026-01-04", "lies before its start", "row refused")]


def test_a_patient_listed_twice_with_different_values_is_refused_both(tmp_path: Path) -> None:
    patients, report = read_patients(written(
        tmp_path, "patient_id,hip_side,replacement_date\nP1,left,1950-01-01\nP1,right,1950-01-01\n"
                  "P2,Both,\nP2,both,\n"),
        today=TODAY)
    assert patients["patient_id"].tolist() == ["P2"]
    assert patients["hip_side"].tolist() == ["both"]
    assert (report.accepted, report.duplicates, report.rejected) == (1, 1, 2)


def test_a_replacement_lies_between_1950_and_today(tmp_path: Path) -> None:
    patients, report = read_patients(written(
        tmp_path, "patient_id,replacement_date,discharged_on\nP1,1949-12-31,2027-01-01\nP2,2026-11-23,\n"), today=TODAY)
    assert patients["replacement_date"].isna().all()
    assert patients["discharged_on"].notna().tolist() == [True, False]
    assert [problem for *_, problem, _ in found(report)] == [
        "lies before 1 January 1950", "lies after 22 November 2026"]


def test_an_unanswered_red_flag_question_is_neither_yes_nor_no(tmp_path: Path) -> None:
    flags, report = read_red_flags(written(
        tmp_path, "patient_id,answered_on,question,positive\nP1,2026-01-05,fever,yes\nP1,2026-01-05,night pain,\n"),
        today=TODAY)
    assert flags["positive"].tolist() == [True]
    assert found(report) == [(3, "positive", "", "is empty", "row refused")]


def test_each_profile_is_used_for_its_own_table(tmp_path: Path) -> None:
    logs = written(tmp_path, "who,performed_at\nP1,2026-01-05\n", "logs.csv")
    plans = written(tmp_path, "patient_id,from,sessions_per_week\nP1,05/01/2026,3\n", "plans.csv")
    profiles = [MappingProfile(columns={"patient_id": "who"}),
                MappingProfile(table="plans", columns={"valid_from": "from"}, date_formats=("%d/%m/%Y",))]
    cohort, _ = load_cohort(logs, plans=plans, mapping=profiles, today=TODAY)
    assert cohort.plans["valid_from"].tolist() == [pd.Timestamp("2026-01-05")]
    with pytest.raises(ProfileError, match="is for the table plans, not for session_logs"):
        read_logs(logs, mapping=profiles[1], today=TODAY)
    with pytest.raises(ProfileError, match="Two profiles are for the table plans"):
        load_cohort(logs, mapping=[profiles[1], profiles[1]], today=TODAY)


def test_an_unreadable_end_refuses_the_pause_that_would_else_be_open(tmp_path: Path) -> None:
    file = tmp_path / "pauses.csv"
    file.write_text("patient_id,start,end\nP1,2026-03-01,03/04/2026\nP2,2026-03-01,\nP3,2026-03-01,2026-03-08\n")
    pauses, report = read_pauses(file, today=dt.date(2026, 6, 1))
    assert pauses["patient_id"].tolist() == ["P2", "P3"]
    assert report.rejected == 1
    assert report.problems["column"].tolist() == ["end"]
