"""A date is read where it can mean one day only; it is never guessed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from hipanalytics.importers import MappingProfile
from tests.importers.files import found, logs_from


def one_date(folder: Path, written: str, **how: object) -> tuple[str | None, bool | None, list[str]]:
    """How a date is read: the moment, whether it has a time, what was wrong."""
    logs, report = logs_from(folder, f'patient_id,performed_at\nP1,"{written}"\nP1,2026-01-01 01:00\n', **how)
    problems = [problem for _, _, _, problem, _ in found(report)]
    if len(logs) == 1:
        return None, None, problems
    return str(logs["performed_at"].iloc[0]), bool(logs["has_time"].iloc[0]), problems


@pytest.mark.parametrize(("written", "moment", "has_time"), [
    ("2026-03-12", "2026-03-12 00:00:00", False),
    ("2026-03-12 17:30", "2026-03-12 17:30:00", True),
    ("2026-03-12T17:30:05", "2026-03-12 17:30:05", True),
    ("2026-03-12 00:00", "2026-03-12 00:00:00", True),
    ("2026-03-12 17:30:05.25", "2026-03-12 17:30:05.250000", True),
    ("2026-03-12 17:30:05,123456789", "2026-03-12 17:30:05.123456", True),
    ("25/12/2025", "2025-12-25 00:00:00", False),
    ("12/25/2025", "2025-12-25 00:00:00", False),
    ("25.12.2025 17:30", "2025-12-25 17:30:00", True),
    ("05/05/2026", "2026-05-05 00:00:00", False),
    ("2026/3/4", "2026-03-04 00:00:00", False),
    ("12 Mar 2026", "2026-03-12 00:00:00", False),
    ("March 12, 2026", "2026-03-12 00:00:00", False),
    ("2024-02-29", "2024-02-29 00:00:00", False),
    ("2000-01-01", "2000-01-01 00:00:00", False),
    ("2026-11-22 23:59", "2026-11-22 23:59:00", True)])
def test_dates_that_are_understood(tmp_path: Path, written: str, moment: str, has_time: bool) -> None:
    assert one_date(tmp_path, written) == (moment, has_time, [])


@pytest.mark.parametrize(("written", "problem"), [
    ("03/04/2026", "fits both 3 April 2026 and 4 March 2026"),
    ("3.4.2026", "fits both 3 April 2026 and 4 March 2026"),
    ("2026-02-30", "does not exist: there is no 30 February in that year"),
    ("31/04/2026", "does not exist: there is no 31 April in that year"),
    ("2025-02-29", "does not exist: there is no 29 February in that year"),
    ("0023-05-01", "lies before 2000"), ("1999-12-31", "lies before 2000"),
    ("2062-05-01", "lies after 22 November 2026"), ("2026-11-23", "lies after 22 November 2026"),
    ("3/4/26", "has a year of two digits"),
    ("45000", "looks like the plain number that a spreadsheet keeps for a date"),
    ("2026-03-12 24:30", "has a time of day that does not exist"), ("soon", "is not a date"), ("2026", "is not a date"),
    ("2026-13-45", "is not a date"), ("99/99/2026", "is not a date"), ("12 Foo 2026", "is not a date"),
    ("20260312", "is not a date"), ("2026-W10", "is not a date"), ("", "is empty")])
def test_dates_that_are_refused(tmp_path: Path, written: str, problem: str) -> None:
    assert one_date(tmp_path, written) == (None, None, [problem])


def test_an_order_that_was_assumed_is_told(tmp_path: Path) -> None:
    _, report = logs_from(tmp_path, "patient_id,performed_at\nP1,25/12/2025\n")
    assert report.receipts[0].assumptions == (
        "Dates such as 25/12/2025 in column performed_at were read as day/month/year, the only order they fit.",)


def test_the_formats_of_a_profile_are_tried_in_their_order(tmp_path: Path) -> None:
    european = MappingProfile(date_formats=("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y %H:%M"))
    assert one_date(tmp_path, "03/04/2026", mapping=european) == ("2026-04-03 00:00:00", False, [])
    assert one_date(tmp_path, "04/30/2026", mapping=european) == ("2026-04-30 00:00:00", False, [])
    assert one_date(tmp_path, "03.04.26 18:05", mapping=european) == ("2026-04-03 18:05:00", True, [])
    assert one_date(tmp_path, "2026-04-03", mapping=european) == ("2026-04-03 00:00:00", False, [])


@pytest.mark.parametrize("written", ["2026-03-12T10:00:00Z", "2026-03-12 10:00+00:00", "2026-03-12T15:30:00+0530"])
def test_a_zoned_stamp_becomes_the_patients_own_clock_time(tmp_path: Path, written: str) -> None:
    assert one_date(tmp_path, written, zone="America/New_York") == ("2026-03-12 06:00:00", True, [])


def test_a_zoned_stamp_may_fall_on_another_day(tmp_path: Path) -> None:
    assert one_date(tmp_path, "2026-03-12T23:30Z", zone="Europe/Berlin")[0] == "2026-03-13 00:30:00"


def test_a_zoned_stamp_without_a_zone_is_refused(tmp_path: Path) -> None:
    assert one_date(tmp_path, "2026-03-12T10:00Z")[2] == ["says UTC but not the patient's zone"]
    assert one_date(tmp_path, "2026-03-12T10:00+01:00")[2] == ["says +01:00 but not the patient's zone"]


def test_the_zone_of_the_profile_goes_before_that_of_the_reading(tmp_path: Path) -> None:
    profile = MappingProfile(zone="Asia/Tokyo")
    assert one_date(tmp_path, "2026-03-12T10:00Z", mapping=profile, zone="UTC")[0] == "2026-03-12 19:00:00"


def test_a_column_of_midnights_is_taken_for_dates(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, "patient_id,performed_at\nP1,2026-03-01 00:00:00\nP1,2026-03-02 00:00:00\n")
    assert not logs["has_time"].any()
    assert "midnight" in report.receipts[0].assumptions[0]


def test_a_bad_logged_at_is_left_out_and_the_row_stands(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, "patient_id,performed_at,logged_at\nP1,2026-03-01,2062-01-01\n")
    assert logs["logged_at"].isna().all()
    assert found(report) == [(2, "logged_at", "2062-01-01", "lies after 22 November 2026", "cell left out")]


def test_a_date_alone_keeps_the_type_of_a_moment(tmp_path: Path) -> None:
    logs, _ = logs_from(tmp_path, "patient_id,performed_at\nP1,2026-03-01\n")
    assert logs["performed_at"].dtype == "datetime64[us]"
    assert logs["performed_at"].iloc[0] == pd.Timestamp("2026-03-01")
