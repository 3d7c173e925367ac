"""What is new since a patient was last reviewed? And which flags stay quiet?"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.drawing import Drawn, date_of
from rules.looking import review_of

from hipanalytics.clinic.decisions.news import NEWS_COLUMNS, Notes, with_notes
from hipanalytics.clinic.decisions.news_words import news_counts, news_sentence
from hipanalytics.clinic.decisions.records import Quiet, ReviewNote
from hipanalytics.exports import csv_text, write_table
from hipanalytics.review import Review
from hipanalytics.thresholds import ClinicThresholds, Thresholds

NOTHING = ".......|"
TODAY = 84
RED = {"answered_on": date_of(3), "positive": True}


@functools.cache
def caseload() -> Review:
    """On day 84: worse (now 6.0), thirds (now 16/3), hurt (red flag), gone (silent, no pain known), fine (no flag)."""
    return review_of(
        Drawn(12 * "x.x.x..|", 2 * "3.3.3.." + 10 * "6.6.6..", name="worse"),
        Drawn(12 * "x.x.x..|", 12 * "5.5.6..", name="thirds"),
        Drawn(12 * "x.x.x..|", 12 * "5.5.5..", name="hurt", red_flags=[RED]),
        Drawn("x.x.x..|x.x.x..", name="gone"),
        Drawn(12 * "x.x.x..|", 12 * "2.2.2..", name="fine"),
        as_of=TODAY)


def flags_by_name() -> dict[str, str]:
    return caseload().table.set_index("patient_id")["flags"].fillna("").to_dict()


def note(patient: str, day: int, *flags: str, by: str = "Dr Weber", due: int | None = None) -> Any:
    return patient, by, ReviewNote(as_of=date_of(day), flags=dict.fromkeys(flags), decision="Go on.",
                                   next_review_by=date_of(due) if due else None)


def quiet(patient: str, flag: str, *, on: int = 80, pain: float | None = None, then: Sequence[str] = (),
          until: int | None = None) -> Any:
    return patient, Quiet(
        as_of=date_of(on), flag=flag, kind="snoozed" if until else "acknowledged",
        until=date_of(until) if until else None, pain_latest=pain, flags=(flag, *then))


def row_of(patient: str, review: Review | None = None, **notes: Any) -> dict[str, Any]:
    table = with_notes(review or caseload(), Notes(**notes)).table
    return table[table["patient_id"] == patient].to_dict("records")[0]


def news_of(patient: str, **notes: Any) -> dict[str, Any]:
    """The new columns of one patient: missing values as None, days as dates."""
    row = row_of(patient, **notes)
    return {name: None if pd.isna(row[name]) else row[name].date() if isinstance(row[name], pd.Timestamp) else row[name]
            for name in NEWS_COLUMNS}


def test_the_patients_of_these_examples() -> None:
    assert flags_by_name() == {"hurt": "red_flag;persistent", "worse": "worsening", "thirds": "persistent",
                               "gone": "silent;too_little_data", "fine": ""}


# The columns


def test_they_follow_all_others_and_change_nothing() -> None:
    before = caseload().table
    after = with_notes(caseload(), Notes([note("worse", 80)], [quiet("gone", "silent", then=["too_little_data"])],
                                         {"fine": date_of(80)})).table
    assert after.columns.tolist() == [*before.columns, *NEWS_COLUMNS]
    pd.testing.assert_frame_equal(after[before.columns.tolist()], before)
    assert {name: str(after[name].dtype) for name in NEWS_COLUMNS} == NEWS_COLUMNS


def test_never_reviewed() -> None:
    assert news_of("gone") == dict.fromkeys(NEWS_COLUMNS) | {"flags_new": "silent;too_little_data"}
    assert news_of("fine") == dict.fromkeys(NEWS_COLUMNS)


def test_a_review_says_who_when_what_was_seen_and_when_again() -> None:
    assert news_of("gone", reviews=[note("gone", 70, "silent", due=98)], last_imports={"gone": date_of(60)}) == {
        "last_review_on": date_of(70), "last_review_by": "Dr Weber", "last_review_decision": "Go on.",
        "weeks_since_review": 2, "flags_new": "too_little_data", "next_review_due": date_of(98),
        "flags_quiet": None, "snoozed_until": None,
        "not_imported_since": date_of(60)}


@pytest.mark.parametrize(("day", "weeks"), [(84, 0), (78, 0), (77, 1), (21, 9)])
def test_whole_weeks_since_the_review(day: int, weeks: int) -> None:
    assert news_of("fine", reviews=[note("fine", day)])["weeks_since_review"] == weeks


@pytest.mark.parametrize(("reviews", "by"), [
    pytest.param([note("gone", 70, by="A"), note("gone", 50, by="B")], "A", id="the latest day"),
    pytest.param([note("gone", 70, by="A"), note("gone", 70, by="B")], "B", id="of one day the one made last"),
    pytest.param([note("gone", 50, by="A"), note("gone", 85, by="B")], "A", id="one of a later day is not there yet"),
    pytest.param([note("gone", 84, by="A")], "A", id="one of this very day is"),
    pytest.param([note("fine", 84, by="A")], None, id="not another patient's"),
])
def test_which_review_is_the_last(reviews: list[Any], by: str | None) -> None:
    assert news_of("gone", reviews=reviews)["last_review_by"] == by


def test_a_review_without_patients() -> None:
    nobody = review_of(Drawn("x.x.x..", name="left", discharged_on=5), as_of=84)
    assert with_notes(nobody, Notes([note("left", 3)])).table.empty


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_they_can_be_written_to_files(tmp_path: Path, ending: str) -> None:
    table = with_notes(caseload(), Notes([note("worse", 70, due=90)])).table
    write_table(table, tmp_path / f"review.{ending}")
    assert (tmp_path / f"review.{ending}").stat().st_size > 0
    assert "2024-03-10,Dr Weber,Go on.,2,worsening,2024-03-30,,,\n" in csv_text(table)


# Quiet flags: worse has pain 6.0 now and the flag worsening; thirds has 16/3 and persistent


@pytest.mark.parametrize(("entry", "stays"), [
    pytest.param(quiet("worse", "worsening", pain=6), True, id="acknowledged, pain as it was"),
    pytest.param(quiet("worse", "worsening", pain=7.5), True, id="pain has fallen"),
    pytest.param(quiet("worse", "worsening", pain=5.1), True, id="risen by 0.9"),
    pytest.param(quiet("worse", "worsening", pain=5), False, id="risen by 1"),
    pytest.param(quiet("worse", "worsening"), True, id="pain then not known: no rise can be said"),
    pytest.param(quiet("gone", "silent", pain=1, then=["too_little_data"]), True, id="pain now not known: the same"),
    pytest.param(quiet("thirds", "persistent", pain=13 / 3), False, id="risen by 16/3 - 13/3, which is 1"),
    pytest.param(quiet("thirds", "persistent", pain=13 / 3 + 1e-12), False, id="less by what arithmetic may lose"),
    pytest.param(quiet("thirds", "persistent", pain=13 / 3 + 1e-6), True, id="and a hair less"),
    pytest.param(quiet("gone", "silent"), False, id="too_little_data has joined"),
    pytest.param(quiet("gone", "silent", then=["too_little_data", "low_adherence"]), True, id="another has cleared"),
    pytest.param(quiet("gone", "silent", then=["too_little_data"], until=85), True, id="snoozed until tomorrow"),
    pytest.param(quiet("gone", "silent", then=["too_little_data"], until=84), False, id="until today"),
    pytest.param(quiet("gone", "silent", then=["too_little_data"], on=84), True, id="acknowledged today"),
    pytest.param(quiet("gone", "silent", then=["too_little_data"], on=85), False, id="tomorrow: not there yet"),
    pytest.param(quiet("hurt", "red_flag", pain=5, then=["persistent"]), False, id="a red flag is never quiet"),
    pytest.param(quiet("hurt", "persistent", pain=5), False, id="a red flag has joined"),
    pytest.param(quiet("hurt", "persistent", pain=5, then=["red_flag"]), True, id="beside a red flag known then"),
    pytest.param(quiet("fine", "silent", until=90), False, id="a flag that is not raised is not listed"),
])
def test_a_quiet_flag_comes_back_when_pain_rises_or_another_joins(entry: Any, stays: bool) -> None:
    patient, made = entry
    news = news_of(patient, quiets=[entry])
    assert news["flags_quiet"] == (made.flag if stays else None)
    assert news["snoozed_until"] == (made.until if stays else None)


@pytest.mark.parametrize(("reviews", "stays"), [
    pytest.param([note("worse", 82)], False, id="a review since then did not see it: it had cleared"),
    pytest.param([note("worse", 82, "worsening")], True, id="a review since then saw it"),
    pytest.param([note("worse", 80)], True, id="a review of the same day came before it"),
])
def test_a_flag_that_had_cleared_meanwhile_is_a_new_one(reviews: list[Any], stays: bool) -> None:
    news = news_of("worse", reviews=reviews, quiets=[quiet("worse", "worsening", on=80, pain=6)])
    assert (news["flags_quiet"] == "worsening") == stays


def test_of_two_entries_of_a_flag_the_later_holds() -> None:
    for_good = quiet("worse", "worsening", on=70, pain=6)
    over = quiet("worse", "worsening", on=75, pain=6, until=80)
    assert news_of("worse", quiets=[for_good, over])["flags_quiet"] is None
    assert news_of("worse", quiets=[over, for_good])["flags_quiet"] == "worsening"


def test_each_flag_by_itself_and_the_first_to_come_back() -> None:
    both = [quiet("gone", "silent", then=["too_little_data"], until=100),
            quiet("gone", "too_little_data", then=["silent"], until=90)]
    news = news_of("gone", quiets=both)
    assert (news["flags_quiet"], news["snoozed_until"]) == ("silent;too_little_data", date_of(90))


@pytest.mark.parametrize(("numbers", "stays"), [
    pytest.param(ClinicThresholds(Thresholds(quiet_returns_at_rise=0.5)), False, id="the clinic's own"),
    pytest.param(ClinicThresholds(patients={"P": Thresholds(quiet_returns_at_rise=0.5)}), False,
                 id="the patient's own"),
    pytest.param(ClinicThresholds(patients={"Q": Thresholds(quiet_returns_at_rise=0.5)}), True, id="another patient's"),
])
def test_a_smaller_rise_can_bring_it_back(numbers: ClinicThresholds, stays: bool) -> None:
    review = review_of(Drawn(12 * "x.x.x..|", 12 * "5.5.5.."), thresholds=numbers)
    row = row_of("P", review, quiets=[quiet("P", "persistent", pain=4.5)])
    assert (row["flags_quiet"] == "persistent") == stays


FLAGS = st.sampled_from(["red_flag", "worsening", "persistent", "silent", "too_little_data"])
DAYS = st.integers(1, 100)
PATIENTS = st.sampled_from(["worse", "thirds", "hurt", "gone", "fine", "stranger"])
ENTRIES = st.builds(
    lambda patient, flag, on, pain, then, ahead: quiet(
        patient, flag, on=on, pain=pain, then=then, until=on + ahead if ahead else None),
    PATIENTS, FLAGS, DAYS, st.none() | st.floats(0, 10), st.lists(FLAGS), st.none() | st.integers(1, 30))
REVIEWS = st.builds(lambda patient, day, flags: note(patient, day, *flags), PATIENTS, DAYS, st.lists(FLAGS))


@given(st.lists(REVIEWS, max_size=6), st.lists(ENTRIES, max_size=6))
def test_whatever_was_noted(reviews: list[Any], quiets: list[Any]) -> None:
    """Only raised flags are new or quiet, a red flag never is quiet, and nobody is left out or moved."""
    table = with_notes(caseload(), Notes(reviews, quiets)).table
    assert table["patient_id"].tolist() == caseload().table["patient_id"].tolist()
    assert "red_flag" not in ";".join(table["flags_quiet"].dropna())
    assert (table["snoozed_until"].dropna() > pd.Timestamp(date_of(TODAY))).all()
    assert (table["weeks_since_review"].dropna() >= 0).all()
    for row in table.fillna({"flags": "", "flags_new": "", "flags_quiet": ""}).to_dict("records"):
        assert set(row["flags"].split(";")) >= {*row["flags_new"].split(";"), *row["flags_quiet"].split(";")} - {""}
        assert pd.notna(row["last_review_on"]) or row["flags_new"] == row["flags"]
        assert news_sentence(row)[-1:] in ("", ".")
        assert not {"nan", "None", "NaT", "<NA>"} & set(news_sentence(row).replace(".", " ").split())


# In words. Day 84 is 24 March 2024


@pytest.mark.parametrize(("patient", "notes", "words"), [
    pytest.param("gone", {}, "Never reviewed.", id="never reviewed"),
    pytest.param("fine", {"reviews": [note("fine", 80)]}, "Dr Weber, 20 Mar 2024: Go on.", id="nothing to say"),
    pytest.param("worse", {"reviews": [note("worse", 63)]}, "New since Dr Weber's review of 3 Mar 2024: worsening.",
                 id="a new flag"),
    pytest.param("gone", {"reviews": [note("gone", 63)]},
                 "New since Dr Weber's review of 3 Mar 2024: silent; too little data.", id="two of them"),
    pytest.param("fine", {"reviews": [note("fine", 43)]}, "Dr Weber, 12 Feb 2024: Go on.",
                 id="five weeks and six days ago"),
    pytest.param("fine", {"reviews": [note("fine", 42)]}, "Not reviewed for 6 weeks.", id="six weeks ago"),
    pytest.param("fine", {"reviews": [note("fine", 21, due=61)]},
                 "Not reviewed for 9 weeks; review due since 1 Mar 2024.", id="and due"),
    pytest.param("fine", {"reviews": [note("fine", 63, due=84)]}, "Review due since 24 Mar 2024.", id="due today"),
    pytest.param("fine", {"reviews": [note("fine", 63, due=85)]}, "Dr Weber, 3 Mar 2024: Go on.", id="due tomorrow"),
    pytest.param("worse", {"reviews": [note("worse", 63)], "quiets": [quiet("worse", "worsening", until=95)]},
                 "Snoozed until 4 Apr 2024.", id="new, and snoozed since: it was seen"),
    pytest.param("worse", {"reviews": [note("worse", 80, "worsening")], "quiets": [quiet("worse", "worsening")]},
                 "Acknowledged: worsening.", id="acknowledged"),
    pytest.param("fine", {"reviews": [note("fine", 80)], "last_imports": {"fine": date_of(70)}},
                 "No import since 10 Mar 2024.", id="no import for two weeks"),
    pytest.param("fine", {"reviews": [note("fine", 80)], "last_imports": {"fine": date_of(71)}},
                 "Dr Weber, 20 Mar 2024: Go on.", id="no import for 13 days"),
    pytest.param("fine", {"reviews": [note("fine", 80)], "last_imports": {"fine": date_of(400)}},
                 "Dr Weber, 20 Mar 2024: Go on.", id="imported long after the day of the review"),
])
def test_what_is_new_in_a_sentence(patient: str, notes: dict[str, Any], words: str) -> None:
    assert news_sentence(row_of(patient, **notes)) == words


def test_the_patients_own_thresholds_decide_what_is_long() -> None:
    row = row_of("fine", reviews=[note("fine", 60)])
    assert news_sentence(row, Thresholds(first_review_days=21)) == "Not reviewed for 3 weeks."


def test_counts_for_the_caseload() -> None:
    review = with_notes(caseload(), Notes(
        [note("worse", 30, due=60), note("thirds", 70, due=84), note("gone", 70, "silent"), note("fine", 80, due=90)],
        [quiet("thirds", "persistent")]))
    assert news_counts(review) == [
        "2 patients with a flag that is new since you last looked", "1 not reviewed for 6 weeks or more",
        "2 reviews are due", "1 never reviewed"]


def test_without_a_clinic_there_is_no_news() -> None:
    assert news_counts(caseload()) == []
    assert {news_sentence(row) for row in caseload().table.to_dict("records")} == {""}


def test_nothing_new_is_said_of_nobody() -> None:
    seen = [note(patient, 84, *flags.split(";") if flags else []) for patient, flags in flags_by_name().items()]
    assert news_counts(with_notes(caseload(), Notes(seen))) == []


def test_the_day_is_the_patients_own_where_it_is_not_the_reviews() -> None:
    own = review_of(Drawn(4 * "x.x.x..|", name="short"), Drawn(12 * "x.x.x..|", name="long"), as_of="last-log")
    row = row_of("short", own, reviews=[note("short", 20, due=25)])
    assert row["as_of"].date() == date_of(26)
    assert news_sentence(row).endswith("review due since 25 Jan 2024.")
    assert row["last_review_on"].date() - dt.timedelta(days=20) == date_of(0)
