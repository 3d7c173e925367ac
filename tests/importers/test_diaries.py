"""The shipped profiles on the real diaries, against counts made with Python's csv module alone."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter

import pandas as pd
import pytest

from hipanalytics.importers import read_logs
from tests.importers.files import SHARED, TODAY, found

DIARIES = SHARED / "diaries"
pytestmark = pytest.mark.skipif(not DIARIES.is_dir(), reason="the real diaries (../shared/data/diaries) are absent")

PARTICIPANTS = [(2, "Participant2PainNew.csv", "Knee Pain"), (3, "Participant3KneePain.csv", "Knee Pain"),
                (4, "Participant4Pain.csv", "Knee Pain"), (5, "Participant5Pain.csv", "Ankle Pain"),
                (6, "Participant6KneePain.csv", "Knee Pain"), (9, "Participant9Pain.csv", "Knee Pain")]


def rows_of(name: str) -> list[dict[str, str]]:
    with (DIARIES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("number", "name", "symptom"), PARTICIPANTS)
def test_a_participants_ratings(number: int, name: str, symptom: str) -> None:
    rows = rows_of(name)
    own = [row for row in rows if row["name"] == symptom]
    logs, report = read_logs(DIARIES / name, mapping=f"diary_participant_{number}", today=TODAY)
    assert (report.rows_read, report.filtered_out) == (len(rows), len(rows) - len(own))
    assert (report.accepted, report.duplicates, report.rejected) == (len(own), 0, 0)
    symptoms = Counter(row["name"] for row in rows if row["name"] != "happiness")
    assert symptoms.most_common(1)[0][0] == symptom
    days = [dt.date(int(row["startyear"]), int(row["startmonth"]), int(row["startday"])) for row in own]
    assert logs["performed_at"].dt.date.tolist() == days
    assert logs["pain"].tolist() == [float(row["intensity"]) for row in own]
    assert logs["row"].tolist() == [place for place, row in enumerate(rows, 2) if row["name"] == symptom]
    assert logs[["exercise", "done"]].isna().all(axis=None)
    assert set(logs["patient_id"]) == {f"P{number}"}
    assert found(report) == []


def test_participant_2_keeps_the_time_of_the_stamp_whose_day_is_always_that_of_the_day_columns() -> None:
    rows = rows_of("Participant2PainNew.csv")
    for row in rows:
        day = dt.date(int(row["startyear"]), int(row["startmonth"]), int(row["startday"]))
        assert dt.datetime.fromisoformat(row["date"]).date() == day
    logs, _ = read_logs(DIARIES / "Participant2PainNew.csv", mapping="diary_participant_2", today=TODAY)
    assert logs["has_time"].all()
    assert logs["performed_at"].iloc[0] == pd.Timestamp("2018-01-31 20:21:49")


def test_the_sport_diary_holds_sessions_with_its_dates_filled_down() -> None:
    rows = rows_of("sport.csv")
    year = month = ""
    days = []
    for row in rows:
        year, month = row["year"] or year, row["month"] or month
        days.append(dt.date(int(year), int(month), int(row["day"])))
    logs, report = read_logs(DIARIES / "sport.csv", mapping="sport_diary", today=TODAY)
    assert (report.rows_read, report.accepted, report.duplicates, report.rejected) == (2448, 2448, 0, 0)
    assert logs["performed_at"].dt.date.tolist() == days
    assert logs["done"].all()
    assert logs["exercise"].tolist() == [row["activity"] for row in rows]
    assert logs["has_time"].tolist() == [":" in row["start time"] for row in rows]
    assert logs.loc[0, "performed_at"] == pd.Timestamp("2015-11-23 16:30")
    for ours, theirs in (("pain_after", "pain after"), ("effort", "effort Intensity")):
        assert logs[ours].fillna(-1).tolist() == [float(row[theirs] or -1) for row in rows]
    sides = {"Right Mostly": "right", "Right Only": "right", "Left Mostly": "left", "": None}
    assert logs["pain_side"].astype(object).where(logs["pain_side"].notna(), None).tolist() == [
        sides[row["Side"]] for row in rows]
    assert found(report) == []
