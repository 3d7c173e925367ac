"""What clinicians decide is kept, signed, and never overwritten."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select

from clinic.conftest import NOON
from clinic.files import TODAY, write_lines
from hipanalytics.clinic import schema
from hipanalytics.clinic.clinic import Clinic
from hipanalytics.clinic.clinicians import set_clinician
from hipanalytics.clinic.decisions.records import (
    PatientFacts,
    Pause,
    PlanVersion,
    Quiet,
    RedFlagAnswer,
    ReviewNote,
    kind_of,
)
from hipanalytics.clinic.decisions.saving import (
    add_patient,
    current,
    discharge,
    history,
    latest_version,
    save,
    take_up_again,
    withdraw,
)
from hipanalytics.clinic.decisions.tables import decided_tables
from hipanalytics.clinic.moments import moment_words
from hipanalytics.clinic.session import Session
from hipanalytics.clinic.trail import read_trail
from hipanalytics.cohort import Cohort
from hipanalytics.errors import ClinicError, ConflictError
from hipanalytics.measures.courses import find_courses

PLAN = PlanVersion(valid_from=dt.date(2026, 3, 2), sessions_per_week=3,
                   exercises=({"exercise": "squat", "sets": 2, "reps": 8},))
NOT_SAVED = "Nothing of yours was saved: look at it, and save again."


@pytest.fixture
def session(clinic: Clinic) -> Session:
    """At noon of 16 March 2026, with Dr Weber at work, and with the patient P1."""
    clinic.session.clock = lambda: NOON
    add_patient(clinic.session, "P1", PatientFacts(hip_side="left"), "referred")
    return clinic.session


def now(session: Session, kind: str, patient_id: str = "P1") -> list[Any]:
    with session.database.reading() as connection:
        return [each.record for each in current(connection, kind, [patient_id])]


def version(session: Session, kind: str) -> int:
    with session.database.reading() as connection:
        return latest_version(connection, "P1", kind)


def logged(clinic: Clinic, folder: Path, lines: str) -> None:
    clinic.import_logs(write_lines(folder / "logs.csv", lines), today=TODAY)


def rows_saved(session: Session) -> int:
    with session.database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(schema.decisions)).scalar_one())


def test_a_plan_is_kept_with_who_when_and_why(session: Session) -> None:
    saved = save(session, "P1", PLAN, reason="first visit", base=0)
    with session.database.reading() as connection:
        assert current(connection, "plan") == [saved]
        trail = read_trail(connection, patient_id="P1")
    assert saved.record == PLAN
    assert (saved.author, saved.saved_at, saved.reason) == ("Dr Weber", "2026-03-16T12:00:00.000Z", "first visit")
    assert (saved.version, saved.item, saved.withdrawn, saved.import_id) == (1, "2026-03-02", False, None)
    assert trail.iloc[0][["author", "action", "detail"]].tolist() == ["Dr Weber", "changed", "plan"]


def test_a_plan_of_the_same_day_takes_the_place_of_the_first_and_the_first_stays_in_the_history(
    session: Session,
) -> None:
    save(session, "P1", PLAN, base=0)
    better = PLAN.model_copy(update={"sessions_per_week": 4})
    save(session, "P1", better, base=1, reason="too easy")
    assert now(session, "plan") == [better]
    with session.database.reading() as connection:
        told = [(each.version, each.changes, each.reason) for each in history(connection, "plan", "P1")]
    assert told == [
        (1, ("from 2 Mar 2026", "sessions per week 3", "squat added"), ""),
        (2, ("sessions per week 3 -> 4",), "too easy")]


def test_a_withdrawn_plan_holds_no_more_and_the_earlier_one_does_again(session: Session) -> None:
    later = PlanVersion(valid_from=dt.date(2026, 3, 9), sessions_per_week=5)
    save(session, "P1", PLAN, base=0)
    save(session, "P1", later, base=1)
    withdraw(session, "P1", "plan", "2026-03-09", reason="wrong patient", base=2)
    assert now(session, "plan") == [PLAN]
    with session.database.reading() as connection:
        assert history(connection, "plan", "P1")[-1].changes == ("withdrawn",)
    with pytest.raises(ClinicError, match=r"In the plan of P1 there is no '2026-03-09' that holds\."):
        withdraw(session, "P1", "plan", "2026-03-09", base=3)
    save(session, "P1", later, base=3)
    assert now(session, "plan") == [PLAN, later]


def test_a_save_on_top_of_an_older_version_is_refused_with_what_the_other_changed(session: Session) -> None:
    save(session, "P1", PLAN, base=0)
    harder = {"valid_from": "2026-03-09", "sessions_per_week": 4,
              "exercises": [{"exercise": "squat", "sets": 2, "reps": 10}, {"exercise": "bridging"}]}
    save(session, "P1", PlanVersion(**harder), base=1, reason="too easy")
    session.clinician = "Dr Ito"
    with pytest.raises(ConflictError) as refused:
        save(session, "P1", PlanVersion(valid_from="2026-03-10", sessions_per_week=2), base=1)
    when = moment_words("2026-03-16T12:00:00.000Z")
    assert str(refused.value) == (
        f"Dr Weber changed the plan on {when} (from 9 Mar 2026; sessions per week 3 -> 4; bridging added; "
        f"squat: reps 8 -> 10; reason: too easy). {NOT_SAVED}")
    assert version(session, "plan") == 2
    save(session, "P1", PlanVersion(valid_from="2026-03-10", sessions_per_week=2), base=2)
    assert version(session, "plan") == 3


def test_of_many_changes_in_between_the_last_three_are_told(session: Session) -> None:
    for base, sessions in enumerate([3, 4, 5, 6, 7]):
        save(session, "P1", PlanVersion(valid_from="2026-03-09", sessions_per_week=sessions), base=base)
    with pytest.raises(ConflictError) as refused:
        save(session, "P1", PLAN, base=0)
    assert str(refused.value).startswith("2 earlier changes, then: Dr Weber changed the plan on")
    assert re.findall(r"\((.*?)\)", str(refused.value)) == [f"sessions per week {n} -> {n + 1}" for n in (4, 5, 6)]


def test_what_is_saved_on_top_of_a_version_needs_it(session: Session) -> None:
    before = rows_saved(session)
    answer = RedFlagAnswer(answered_on="2026-03-01", question="fever", positive=False)
    for record in (PatientFacts(), PLAN, Pause(start="2026-03-01"), answer):
        with pytest.raises(ClinicError, match=r"Say which version of .* you saw"):
            save(session, "P1", record)
        with pytest.raises(ConflictError, match=rf"There is no version 9 to save on top of\. {NOT_SAVED}"):
            save(session, "P1", record, base=9)
    assert rows_saved(session) == before


def test_pauses_stand_side_by_side_and_each_is_changed_by_itself(session: Session) -> None:
    ill, away = Pause(start="2026-03-02", reason="flu"), Pause(start="2026-03-20", end="2026-03-27", reason="holiday")
    first = save(session, "P1", ill, base=0)
    save(session, "P1", away, base=1)
    over = Pause(start="2026-03-02", end="2026-03-06", reason="flu")
    changed = save(session, "P1", over, base=2, item=first.item)
    assert now(session, "pause") == [over, away]
    with session.database.reading() as connection:
        assert history(connection, "pause", "P1")[-1].changes == ("end 6 Mar 2026",)
    assert changed.item == first.item == "1"
    withdraw(session, "P1", "pause", "2", base=3)
    assert now(session, "pause") == [over]
    with pytest.raises(ClinicError, match=r"In the pauses of P1 there is no '7' that holds\."):
        save(session, "P1", over, base=4, item="7")
    with pytest.raises(ClinicError, match="In the pauses of P1 there is no '5'"):
        save(session, "P1", over, base=4, item="5")


def test_a_red_flag_answer_is_acknowledged_in_a_row_of_its_own(session: Session) -> None:
    answer = RedFlagAnswer(answered_on="2026-03-10", question="Night pain?", positive=True)
    open_answer = save(session, "P1", answer, base=0)
    done = RedFlagAnswer(answered_on="2026-03-10", question="Night pain?", positive=True,
                         acknowledged_on="2026-03-16", what_was_done="seen by the GP, X-ray clear")
    save(session, "P1", done, base=1, item=open_answer.item)
    assert now(session, "red_flag") == [done]
    with session.database.reading() as connection:
        assert [each.record for each in history(connection, "red_flag", "P1")] == [answer, done]


def test_reviews_and_quiet_flags_are_events_that_need_no_base_and_can_be_undone(session: Session) -> None:
    note = ReviewNote(as_of="2026-03-15", flags={"worsening": 5.25, "silent": None}, decision="call")
    quiet = Quiet(as_of="2026-03-15", flag="worsening", kind="snoozed", until="2026-04-01", pain_latest=5.25,
                  flags=("worsening", "silent"))
    for record in (note, quiet, note):
        save(session, "P1", record, reason="known")
    item = save(session, "P1", quiet).item
    assert now(session, "review") == [note, note]
    withdraw(session, "P1", "quiet", item, reason="by mistake")
    assert now(session, "quiet") == [quiet]


def test_a_patient_is_added_by_hand_once(session: Session) -> None:
    with pytest.raises(ConflictError, match="P1 is in this clinic already: Dr Weber added the patient on"):
        add_patient(session, "P1")
    for pseudonym in ("Anna Müller", "", "P1\n", "x" * 65, "\ud800"):
        with pytest.raises(ClinicError, match="is no pseudonym: use 1 to 64"):
            add_patient(session, pseudonym)
    with pytest.raises(ClinicError, match=r"There is no patient P9 in this clinic\."):
        save(session, "P9", PLAN, base=0)
    assert now(session, "patient") == [PatientFacts(hip_side="left")]


def test_a_patient_of_the_logs_is_there_already(clinic: Clinic, session: Session, tmp_path: Path) -> None:
    logged(clinic, tmp_path, "P2 | 2026-01-05 | squat | 5")
    with pytest.raises(ConflictError, match=r"P2 is in this clinic already: Dr Weber imported rows of this patient on"):
        add_patient(session, "P2")
    save(session, "P2", PatientFacts(hip_side="right"), base=0)
    assert now(session, "patient", "P2") == [PatientFacts(hip_side="right")]


def test_a_patient_is_discharged_and_taken_up_again(session: Session) -> None:
    discharge(session, "P1", dt.date(2026, 3, 13), reason="goal reached", base=1)
    assert now(session, "patient") == [PatientFacts(hip_side="left", discharged_on="2026-03-13")]
    with pytest.raises(ConflictError, match="discharged on 13 Mar 2026; reason: goal reached"):
        take_up_again(session, "P1", base=1)
    take_up_again(session, "P1", reason="pain is back", base=2)
    assert now(session, "patient") == [PatientFacts(hip_side="left")]
    with pytest.raises(ClinicError, match=r"P1 is not discharged\."):
        take_up_again(session, "P1", base=3)
    with pytest.raises(ClinicError, match="discharged on cannot be 'soon': a day such as 2026-03-12 is needed"):
        discharge(session, "P1", "soon", base=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(("facts", "plan", "kept"), [
    (PatientFacts(hip_side="left"), PLAN, PatientFacts(hip_side="left", programme_start="2026-01-05")),
    (PatientFacts(programme_start="2026-02-01"), PLAN, PatientFacts(programme_start="2026-02-01")),
    (PatientFacts(), PlanVersion(valid_from="2026-01-05", sessions_per_week=3), PatientFacts()),
    (PatientFacts(), PLAN.model_copy(update={"new_episode": True}), PatientFacts())],
    ids=["logged before", "start known", "logged from the first day on", "new episode"])
def test_the_first_plan_after_logs_keeps_the_assumed_start(
    clinic: Clinic, session: Session, tmp_path: Path, facts: PatientFacts, plan: PlanVersion, kept: PatientFacts,
) -> None:
    logged(clinic, tmp_path, "P1 | 2026-02-07 | squat | 5\nP1 | 2026-01-05 07:30 | squat | 5")
    save(session, "P1", facts, base=1)
    save(session, "P1", plan, base=0)
    assert now(session, "patient") == [kept]
    with session.database.reading() as connection:
        reasons = [each.reason for each in history(connection, "patient", "P1")]
    assert reasons == ["referred", "", *(["assumed: the first logged day"] if kept != facts else [])]


def test_a_later_plan_assumes_nothing(clinic: Clinic, session: Session, tmp_path: Path) -> None:
    save(session, "P1", PLAN, base=0)
    logged(clinic, tmp_path, "P1 | 2026-01-05 | squat | 5")
    save(session, "P1", PLAN.model_copy(update={"valid_from": dt.date(2026, 3, 9)}), base=1)
    assert now(session, "patient") == [PatientFacts(hip_side="left")]


def test_the_first_plan_erases_nothing_from_the_course(clinic: Clinic, session: Session, tmp_path: Path) -> None:
    days = pd.date_range("2026-01-05", "2026-03-15")
    logged(clinic, tmp_path, "\n".join(f"P1 | {day:%Y-%m-%d} | squat | 5" for day in days))
    save(session, "P1", PLAN, base=0)
    with session.database.reading() as connection:
        cohort = Cohort(clinic.cohort().logs, **decided_tables(connection))
    course = find_courses(cohort, dt.date(2026, 3, 15), assumed_sessions_per_week=3).iloc[0]
    assert (course["start"], course["plan_source"]) == (pd.Timestamp("2026-01-05"), "plan")


def test_nothing_is_saved_where_nobody_signs(session: Session) -> None:
    before = rows_saved(session)
    set_clinician(session, "Dr Weber", works_here=True)
    session.clinician, session.login = None, "shared-pc"
    with pytest.raises(ClinicError, match="Who are you"):
        save(session, "P1", PLAN, base=0)
    session.clinician = "dr weber"
    assert save(session, "P1", PLAN, base=0).author == "Dr Weber"
    assert rows_saved(session) == before + 1


@pytest.mark.parametrize(("record", "sentence"), [
    (lambda: PlanVersion(valid_from="2026-03-12", sessions_per_week=8),
     "sessions per week cannot be 8: a number of 7 or less is needed."),
    (lambda: PlanVersion(valid_from="tomorrow", sessions_per_week=3),
     "valid from cannot be 'tomorrow': a day such as 2026-03-12 is needed."),
    (lambda: PlanVersion(sessions_per_week=float("nan")),
     "valid from is missing. sessions per week cannot be nan: a number is needed."),
    (lambda: PlanVersion(valid_from="2026-03-12", sessions_per_week=3, valid_to="2026-03-11"),
     "valid to (2026-03-11) lies before valid from (2026-03-12)."),
    (lambda: PlanVersion(valid_from="2026-03-12", sessions_per_week=3, exercises=[{"exercise": " ", "reps": -1}]),
     "exercise cannot be ' ': some text is needed. reps cannot be -1: a number of 0 or more is needed."),
    (lambda: PlanVersion(valid_from="2026-03-12", sessions_per_week=3, exercises="squat"),
     "exercises cannot be 'squat': a list is needed."),
    (lambda: Pause(start="2026-03-12", why="flu"), "There is no 'why' here; there is start, end, reason."),
    (lambda: PatientFacts(hip_side="l"), "hip side cannot be 'l': left, right or both is needed."),
    (lambda: ReviewNote(as_of="2026-03-12", flags={"worsening": 11}, decision=""),
     "flags cannot be 11: a number of 10 or less is needed. decision cannot be '': some text is needed."),
    (lambda: Quiet(as_of="2026-03-12", flag="silent", kind="snoozed"), "Say until which day the flag is snoozed."),
    (lambda: Quiet(as_of="2026-03-12", flag="silent", kind="acknowledged", until="2026-04-12"),
     "A flag is either acknowledged, or snoozed until a day."),
    (lambda: RedFlagAnswer(answered_on="2026-03-12", question="x" * 10_001, positive="perhaps"),
     f"question cannot be '{'x' * 59}...: text of at most 10,000 characters is needed. "
     "positive cannot be 'perhaps': true or false is needed."),
])
def test_rubbish_is_refused_in_plain_words(record: Any, sentence: str) -> None:
    with pytest.raises(ClinicError) as refused:
        record()
    assert str(refused.value) == sentence


def test_days_that_cannot_be_meant_are_refused(session: Session) -> None:
    before = rows_saved(session)
    for record, sentence in (
        (PlanVersion(valid_from="1999-12-31", sessions_per_week=3),
         "valid from cannot be 1999-12-31: give a day from 2000-01-01 to 2028-03-16."),
        (PlanVersion(valid_from="2028-03-17", sessions_per_week=3),
         "valid from cannot be 2028-03-17: give a day from 2000-01-01 to 2028-03-16."),
        (PatientFacts(replacement_date="2026-03-18"),
         "replacement date cannot be 2026-03-18: give a day from 1950-01-01 to 2026-03-16."),
    ):
        with pytest.raises(ClinicError) as refused:
            save(session, "P1", record, base=version(session, kind_of(record)))
        assert str(refused.value) == sentence
    assert rows_saved(session) == before


def test_a_reason_is_plain_text(session: Session) -> None:
    for reason in ("a\x00b", "\ud800", "x" * 10_001):
        with pytest.raises(ClinicError, match="Give the reason in at most 10,000 letters"):
            save(session, "P1", PLAN, base=0, reason=reason)
    assert save(session, "P1", PLAN, base=0, reason=" zu\tviel\xa0Übung ").reason == "zu viel Übung"


def test_what_is_saved_comes_back_as_it_was(session: Session) -> None:
    strange = {"exercise": "own \"thing\"\n", "side": "both", "hold_s": 0.1, "load_kg": 1e300}
    for record in (
        PatientFacts(clinician="Zoë O'Neil 🩺", replacement_date="1955-01-01", replacement_approach="anterior"),
        PlanVersion(valid_from="2026-03-12", sessions_per_week=1, valid_to="2026-03-12", new_episode=True,
                    exercises=(strange,)),
        Pause(start="2026-03-12", reason=""), RedFlagAnswer(answered_on="2026-03-12", positive=True),
        ReviewNote(as_of="2026-03-12", decision="call\nthen wait"),
        Quiet(as_of="2026-03-12", flag="flare", kind="acknowledged"),
    ):
        save(session, "P1", record, base=version(session, kind_of(record)))
        assert now(session, kind_of(record))[-1] == record
