"""Looking at a patient, acknowledging and snoozing a flag, and taking it back."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rules.drawing import Drawn, date_of
from rules.looking import review_of

from hipanalytics.clinic.decisions.news import Notes, with_notes
from hipanalytics.clinic.decisions.review_notes import acknowledge, notes_of, review_patient, snooze, undo
from hipanalytics.clinic.decisions.saving import add_patient, history
from hipanalytics.clinic.logs.imports import import_logs
from hipanalytics.clinic.logs.undoing import undo_import
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError
from hipanalytics.review import Review

DONE = 12 * "x.x.x..|"
RED = {"answered_on": date_of(3), "positive": True}
AHEAD = date_of(100)


@functools.cache
def caseload(pain: str = "6") -> Review:
    """On day 84: worse (pain 6.0 now), gone (silent, no pain known), hurt (a red flag), fine (no flag)."""
    return review_of(
        Drawn(DONE, 2 * "3.3.3.." + 10 * f"{pain}.{pain}.{pain}..", name="worse"),
        Drawn("x.x.x..|x.x.x..", name="gone"),
        Drawn(DONE, 12 * "2.2.2..", name="hurt", red_flags=[RED]),
        Drawn(DONE, 12 * "2.2.2..", name="fine"),
        as_of=84)


@pytest.fixture
def clinic(session: Session) -> Session:
    for patient in ("worse", "gone", "hurt", "fine"):
        add_patient(session, patient)
    return session


def notes_in(session: Session) -> Notes:
    with session.database.reading() as connection:
        return notes_of(connection)


def news_of(session: Session, patient: str, review: Review | None = None) -> dict[str, Any]:
    table = with_notes(review or caseload(), notes_in(session)).table.set_index("patient_id")
    return table.loc[patient].to_dict()


def test_a_fresh_clinic_has_no_notes(session: Session) -> None:
    assert notes_in(session) == Notes(reviews=[], quiets=[], last_imports={})


def test_a_review_keeps_who_looked_at_what_and_when_again(clinic: Session) -> None:
    saved = review_patient(clinic, caseload(), "gone", "Call on Monday.", date_of(98))
    assert (saved.author, saved.patient_id, saved.record.decision) == ("Dr Weber", "gone", "Call on Monday.")
    assert saved.record.flags == {"silent": None, "too_little_data": None}
    news = news_of(clinic, "gone")
    assert (news["last_review_on"].date(), news["last_review_by"]) == (date_of(84), "Dr Weber")
    assert (news["next_review_due"].date(), news["weeks_since_review"]) == (date_of(98), 0)
    assert pd.isna(news["flags_new"])


def test_a_review_keeps_the_latest_pain_and_says_seen_where_nothing_was_decided(clinic: Session) -> None:
    record = review_patient(clinic, caseload(), "worse").record
    assert (record.flags, record.decision) == ({"worsening": 6.0}, "Seen.")


def test_the_latest_of_several_reviews_holds_and_none_is_lost(clinic: Session) -> None:
    review_patient(clinic, caseload(), "worse")
    clinic.clinician = "M. Rossi"
    review_patient(clinic, caseload(), "worse")
    assert news_of(clinic, "worse")["last_review_by"] == "M. Rossi"
    assert [each[1] for each in notes_in(clinic).reviews] == ["Dr Weber", "M. Rossi"]


def test_a_review_that_was_taken_back_leaves_the_one_before(clinic: Session) -> None:
    review_patient(clinic, caseload(), "worse")
    clinic.clinician = "M. Rossi"
    second = review_patient(clinic, caseload(), "worse")
    undo(clinic, "worse", "review", second.item, "the wrong patient")
    assert news_of(clinic, "worse")["last_review_by"] == "Dr Weber"


def test_an_acknowledged_flag_comes_back_at_a_point_more(clinic: Session) -> None:
    acknowledge(clinic, caseload(), "worse", "worsening", "Known: new job.")
    assert news_of(clinic, "worse")["flags_quiet"] == "worsening"
    assert pd.isna(news_of(clinic, "worse", caseload("7"))["flags_quiet"])


def test_a_snoozed_flag_comes_back_on_its_day(clinic: Session) -> None:
    entry = snooze(clinic, caseload(), "gone", "silent", date_of(90), "On holiday.")
    assert (entry.record.pain_latest, set(entry.record.flags)) == (None, {"silent", "too_little_data"})
    assert news_of(clinic, "gone")["snoozed_until"].date() == date_of(90)
    for day, stays in ((89, True), (90, False)):
        later = review_of(Drawn("x.x.x..|x.x.x..", name="gone"), as_of=day)
        assert (news_of(clinic, "gone", later)["flags_quiet"] == "silent") == stays


def test_a_flag_has_one_entry_and_undoing_it_shows_the_flag_again(clinic: Session) -> None:
    acknowledge(clinic, caseload(), "worse", "worsening", "Known.")
    entry = snooze(clinic, caseload(), "worse", "worsening", AHEAD, "Only until the scan.")
    assert news_of(clinic, "worse")["snoozed_until"].date() == AHEAD
    undo(clinic, "worse", "quiet", entry.item, "The scan came early.")
    assert pd.isna(news_of(clinic, "worse")["flags_quiet"])
    with clinic.database.reading() as connection:
        assert [each.reason for each in history(connection, "quiet", "worse")] == [
            "Known.", "Only until the scan.", "The scan came early."]


def test_flags_are_quiet_one_by_one(clinic: Session) -> None:
    acknowledge(clinic, caseload(), "gone", "silent", "On holiday.")
    snooze(clinic, caseload(), "gone", "too_little_data", AHEAD, "On holiday.")
    assert news_of(clinic, "gone")["flags_quiet"] == "silent;too_little_data"
    undo(clinic, "gone", "quiet", "1", "Back.")
    assert news_of(clinic, "gone")["flags_quiet"] == "too_little_data"


@pytest.mark.parametrize(("act", "words"), [
    pytest.param(lambda s, r: acknowledge(s, r, "hurt", "red_flag", "Seen."), "on the answer itself", id="a red flag"),
    pytest.param(lambda s, r: snooze(s, r, "hurt", "red_flag", AHEAD, "Later."), "on the answer itself",
                 id="a red flag for a while"),
    pytest.param(lambda s, r: acknowledge(s, r, "worse", "silent", "Seen."), "raised are worsening", id="another flag"),
    pytest.param(lambda s, r: acknowledge(s, r, "fine", "silent", "Seen."), "none is raised", id="no flag at all"),
    pytest.param(lambda s, r: acknowledge(s, r, "worse", "worsening", " \n"), "Give the reason", id="no reason"),
    pytest.param(lambda s, r: acknowledge(s, r, "stranger", "silent", "Seen."), "not in this review", id="a stranger"),
    pytest.param(lambda s, r: snooze(s, r, "worse", "worsening", date_of(84), "Wait."), "a day after the review's",
                 id="until today"),
    pytest.param(lambda s, r: snooze(s, r, "worse", "worsening", date_of(451), "Wait."), "at most a year",
                 id="more than a year ahead"),
    pytest.param(lambda s, r: snooze(s, r, "worse", "worsening", None, "Wait."), "until which day", id="until never"),
    pytest.param(lambda s, r: snooze(s, r, "worse", "worsening", "soon", "Wait."), "a day such as", id="no day"),
    pytest.param(lambda s, r: review_patient(s, r, "worse", "", date_of(84)), "next review cannot be", id="due today"),
    pytest.param(lambda s, r: review_patient(s, r, "stranger"), "not in this review", id="a stranger is reviewed"),
    pytest.param(lambda s, r: undo(s, "worse", "quiet", "1", "Sorry."), "there is no '1'", id="nothing to undo"),
    pytest.param(lambda s, r: undo(s, "worse", "review", "1", ""), "Give the reason", id="undone without a reason"),
    pytest.param(lambda s, r: undo(s, "worse", "plan", "1", "Sorry."), "cannot be taken back here", id="a plan"),
])
def test_what_cannot_be_is_refused_and_nothing_is_saved(
    clinic: Session, act: Callable[[Session, Review], Any], words: str,
) -> None:
    with pytest.raises(ClinicError, match=words):
        act(clinic, caseload())
    assert notes_in(clinic) == Notes(reviews=[], quiets=[], last_imports={})


def test_a_year_ahead_is_in_order(clinic: Session) -> None:
    assert snooze(clinic, caseload(), "worse", "worsening", date_of(84 + 366), "Wait.").record.until == date_of(450)


def test_the_last_import_of_each_patient_that_was_not_undone(session: Session, home: Path) -> None:
    def bring(day: int, *rows: str) -> int:
        session.clock = lambda: dt.datetime(2026, 3, day, 12, tzinfo=dt.UTC)
        file = home / f"logs-{day}.csv"
        file.write_text("\n".join(["patient_id,performed_at,exercise,pain", *rows]), encoding="utf-8")
        return import_logs(session, file)[0].import_id

    bring(2, "A,2026-03-01,bridging,3", "B,2026-03-01,bridging,3")
    third = bring(9, "A,2026-03-08,bridging,3")
    assert notes_in(session).last_imports == {"A": dt.date(2026, 3, 9), "B": dt.date(2026, 3, 2)}
    undo_import(session, third, "the wrong file")
    assert notes_in(session).last_imports == {"A": dt.date(2026, 3, 2), "B": dt.date(2026, 3, 2)}
