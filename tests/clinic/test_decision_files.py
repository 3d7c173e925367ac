"""Plans, pauses, patients and red-flag answers from files: once only, undone without trace, overruling nobody."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select

from clinic.conftest import NOON
from clinic.files import TODAY, write_lines
from hipanalytics.clinic import schema
from hipanalytics.clinic.clinic import Clinic
from hipanalytics.clinic.decisions.files import import_decisions
from hipanalytics.clinic.decisions.records import PatientFacts, Pause, PlanVersion, RedFlagAnswer
from hipanalytics.clinic.decisions.saving import (
    add_patient,
    current,
    discharge,
    history,
    latest_version,
    save,
    withdraw,
)
from hipanalytics.clinic.decisions.tables import decided_tables
from hipanalytics.clinic.logs.members import unpacked
from hipanalytics.clinic.logs.receipts import ImportReceipt
from hipanalytics.clinic.logs.undoing import undo_import
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError, ConflictError, FileError, ProfileError
from hipanalytics.importers import MappingProfile

HEADS = {
    "plans": "patient_id,valid_from,sessions_per_week,exercise,reps",
    "pauses": "patient_id,start,end,reason",
    "patients": "patient_id,hip_side,clinician,programme_start",
    "red_flags": "patient_id,answered_on,question,positive,acknowledged_on"}


@pytest.fixture
def session(clinic: Clinic) -> Session:
    clinic.session.clock = lambda: NOON
    return clinic.session


class Desk:
    """Where files come in: each drawn as its rows, one on a line."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session, self.folder = session, folder
        self.names = (f"{number}.csv" for number in itertools.count(1))

    def bring(self, table: str, rows: str, **how: Any) -> ImportReceipt:
        path = self.folder / next(self.names)
        lines = [line.strip() for line in rows.strip().splitlines()]
        path.write_text("\n".join([HEADS[table], *lines, ""]), encoding="utf-8")
        return import_decisions(self.session, path, table, today=TODAY, **how)[0]

    def undo(self, receipt: ImportReceipt) -> None:
        undo_import(self.session, receipt.import_id, "wrong file")

    def stands(self, table: str) -> list[str]:
        """What holds now, a row on each line as in a file."""
        with self.session.database.reading() as connection:
            tables = decided_tables(connection)
        found = tables[table]
        if table == "plans":
            found = found.merge(tables["prescriptions"], how="left", on=["patient_id", "valid_from"])
        found = found[HEADS[table].split(",")]
        return sorted(",".join(_text(value) for value in row) for row in found.itertuples(index=False, name=None))

    def version(self, kind: str, patient_id: str = "P1") -> int:
        with self.session.database.reading() as connection:
            return latest_version(connection, patient_id, kind)


def _text(value: Any) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:g}" if isinstance(value, float) else str(value)


@pytest.fixture
def desk(session: Session, tmp_path: Path) -> Desk:
    return Desk(session, tmp_path)


# Once only

def test_the_same_file_twice_changes_nothing(desk: Desk) -> None:
    rows = "P1,2026-03-02,3,squat,8\nP1,2026-03-02,3,bridging,\nP2,2026-03-09,4,,"
    first = desk.bring("plans", rows)
    again = desk.bring("plans", rows)
    assert (first.import_id, first.rows_read, first.rows_new, first.rows_known) == (1, 3, 3, 0)
    assert (again.import_id, again.already_imported, first.already_imported) == (1, True, False)
    assert desk.stands("plans") == ["P1,2026-03-02,3,bridging,", "P1,2026-03-02,3,squat,8", "P2,2026-03-09,4,,"]


def test_an_overlapping_file_adds_what_is_new_and_the_order_of_rows_does_not_matter(desk: Desk) -> None:
    desk.bring("plans", "P1,2026-03-02,3,squat,8\nP1,2026-03-02,3,bridging,\nP2,2026-03-09,4,,")
    more = desk.bring(
        "plans", "P2,2026-03-09,5,,\nP1,2026-03-02,3,bridging,\nP1,2026-03-02,3,squat,8\nP3,2026-03-09,1,,")
    assert (more.rows_new, more.rows_known) == (2, 2)
    assert [desk.version("plan", patient) for patient in ("P1", "P2", "P3")] == [1, 2, 1]
    assert desk.stands("plans")[2:] == ["P2,2026-03-09,5,,", "P3,2026-03-09,1,,"]


def test_the_receipt_counts_what_was_refused_and_names_whose_rows_came(desk: Desk) -> None:
    squat = "P1,2026-03-02,3,squat,8"
    receipt = desk.bring("plans", f"{squat}\n{squat}\nP2,2026-03-02,9,,\nP 3,2026-03-02,3,,")
    counts = (receipt.rows_read, receipt.accepted, receipt.duplicates, receipt.rejected, receipt.rows_new)
    assert counts == (4, 1, 1, 2, 1)
    with desk.session.database.reading() as connection:
        whose = connection.execute(select(schema.import_patients.c["import_id", "rows"])).all()
        known = connection.execute(select(schema.patients.c.patient_id)).scalars().all()
        held = connection.execute(select(schema.imports.c["members", "member_rows"])).one()
        ids = connection.execute(select(schema.decisions.c.decision_id)).scalars().all()
    assert (whose, known) == ([(1, 1)], ["P1"])
    assert unpacked(held.members).tolist() == ids
    assert unpacked(held.member_rows).tolist() == [2]


def test_a_file_without_a_row_that_can_be_used_leaves_a_receipt_alone(desk: Desk) -> None:
    receipt = desk.bring("pauses", "P1,2026-03-09,2026-03-02,flu")
    assert (receipt.rejected, receipt.accepted, desk.stands("pauses")) == (1, 0, [])


def test_a_profile_and_pseudonyms_apply(desk: Desk) -> None:
    profile = MappingProfile(table="patients", columns={"patient_id": "patient_id"}, pseudonymise=True)
    desk.bring("patients", "Anna Muster,left,,", mapping=profile)
    (row,) = desk.stands("patients")
    assert row.startswith("H")
    assert row.endswith(",left,,")
    assert "Muster" not in row


def test_files_that_cannot_be_used_are_refused_in_plain_words(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(ClinicError, match="There are no files of 'logs'; there are files of plans, pauses, patients"):
        import_decisions(desk.session, tmp_path / "1.csv", "logs")
    with pytest.raises(FileError, match=r"nothing\.csv does not exist"):
        import_decisions(desk.session, tmp_path / "nothing.csv", "plans")
    with pytest.raises(ProfileError, match="The profile is for the table pauses, not for plans"):
        desk.bring("plans", "P1,2026-03-02,3,,", mapping=MappingProfile(table="pauses"))


def test_a_failure_midway_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr("hipanalytics.clinic.trail.record", fail)
        with pytest.raises(MemoryError):
            desk.bring("plans", "P1,2026-03-02,3,squat,8")
    with desk.session.database.reading() as connection:
        for table in (schema.patients, schema.imports, schema.decisions, schema.import_patients):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
    assert desk.bring("plans", "P1,2026-03-02,3,squat,8").rows_new == 1


# What is the same thing

def test_a_pause_is_known_by_its_start_and_a_later_file_may_close_it(desk: Desk) -> None:
    desk.bring("pauses", "P1,2026-03-02,,flu\nP1,2026-03-20,2026-03-22,away")
    desk.bring("pauses", "P1,2026-03-02,2026-03-08,flu")
    assert desk.stands("pauses") == ["P1,2026-03-02,2026-03-08,flu", "P1,2026-03-20,2026-03-22,away"]


def test_pauses_of_one_start_all_stand_and_are_not_doubled(desk: Desk) -> None:
    both = ["P1,2026-03-02,2026-03-04,flu", "P1,2026-03-02,2026-03-08,away"]
    desk.bring("pauses", "\n".join(both))
    again = desk.bring("pauses", "\n".join([both[1], both[0], "P1,2026-03-02,2026-03-09,third"]))
    assert (again.rows_new, again.rows_known) == (1, 2)
    assert desk.stands("pauses") == [*both, "P1,2026-03-02,2026-03-09,third"]


def test_what_a_file_of_patients_leaves_empty_stays_as_it_was(desk: Desk) -> None:
    add_patient(desk.session, "P1", PatientFacts(clinician="Dr Ito", programme_start="2026-01-05"))
    first = desk.bring("patients", "P1,left,,")
    second = desk.bring("patients", "P1,,Dr Weber,")
    assert desk.stands("patients") == ["P1,left,Dr Weber,2026-01-05"]
    with desk.session.database.reading() as connection:
        assert [each.changes for each in history(connection, "patient", "P1")][1:] == [
            ("hip side left",), ("clinician Dr Ito -> Dr Weber",)]
    desk.undo(first)
    assert desk.stands("patients") == ["P1,,Dr Weber,2026-01-05"]
    desk.undo(second)
    assert desk.stands("patients") == ["P1,,Dr Ito,2026-01-05"]


# A clinician's decision holds until a file says something new

def test_a_file_that_repeats_itself_does_not_take_back_what_a_clinician_changed(desk: Desk) -> None:
    desk.bring("plans", "P1,2026-03-02,3,,\nP2,2026-03-02,3,,")
    save(desk.session, "P1", PlanVersion(valid_from="2026-03-02", sessions_per_week=2), base=1, reason="too tired")
    withdraw(desk.session, "P2", "plan", "2026-03-02", base=1)
    repeated = desk.bring("plans", "P1,2026-03-02,3,,\nP2,2026-03-02,3,,\nP3,2026-03-02,3,,")
    assert (repeated.rows_new, repeated.rows_known) == (1, 2)
    assert desk.stands("plans") == ["P1,2026-03-02,2,,", "P3,2026-03-02,3,,"]
    desk.bring("plans", "P1,2026-03-02,5,,\nP2,2026-03-02,5,,")
    assert desk.stands("plans") == ["P1,2026-03-02,5,,", "P2,2026-03-02,5,,", "P3,2026-03-02,3,,"]


def test_an_acknowledged_red_flag_and_a_discharge_are_not_undone_by_the_weekly_file(desk: Desk) -> None:
    desk.bring("red_flags", "P1,2026-03-02,Night pain?,yes,")
    desk.bring("patients", "P1,left,Dr Ito,")
    (answer,) = found(desk, "red_flag")
    done = RedFlagAnswer(**{**dict(answer.record), "acknowledged_on": "2026-03-10", "what_was_done": "seen by the GP"})
    save(desk.session, "P1", done, base=1, item=answer.item)
    discharge(desk.session, "P1", dt.date(2026, 3, 12), base=1)
    desk.bring("red_flags", "P1,2026-03-02,Night pain?,yes,\nP1,2026-03-09,Fever?,no,")
    desk.bring("patients", "P1,left,Dr Weber,")
    assert done in [each.record for each in found(desk, "red_flag")]
    (facts,) = found(desk, "patient")
    assert (facts.record.discharged_on, facts.record.clinician) == (dt.date(2026, 3, 12), "Dr Weber")


def test_a_pause_whose_start_a_clinician_corrected_does_not_come_twice(desk: Desk) -> None:
    desk.bring("pauses", "P1,2026-03-02,,flu")
    (pause,) = found(desk, "pause")
    save(desk.session, "P1", Pause(start="2026-03-03", reason="flu"), base=1, item=pause.item)
    desk.bring("pauses", "P1,2026-03-02,,flu\nP2,2026-03-02,,flu")
    assert desk.stands("pauses") == ["P1,2026-03-03,,flu", "P2,2026-03-02,,flu"]


def test_who_saves_on_top_of_what_an_import_brought_or_took_away_is_told(desk: Desk) -> None:
    save_plan = PlanVersion(valid_from="2026-03-09", sessions_per_week=2)
    brought = desk.bring("plans", "P1,2026-03-02,3,,")
    with pytest.raises(ConflictError, match=r"changed the plan on .* \(from 2 Mar 2026; sessions per week 3; import 1"):
        save(desk.session, "P1", save_plan, base=0)
    desk.undo(brought)
    with pytest.raises(ConflictError, match="Dr Weber undid the import that brought the version you saw, on"):
        save(desk.session, "P1", save_plan, base=1)
    saved = save(desk.session, "P1", save_plan, base=0)
    assert (saved.version, desk.stands("plans")) == (2, ["P1,2026-03-09,2,,"])


def found(desk: Desk, kind: str) -> list[Any]:
    with desk.session.database.reading() as connection:
        return current(connection, kind, ["P1"])


# Undone without trace

FILES = (
    "P1,2026-03-02,3,squat,8\nP2,2026-03-02,3,,",
    "P1,2026-03-02,3,squat,10\nP1,2026-03-09,4,,\nP2,2026-03-02,3,,",
    "P1,2026-03-02,3,squat,8\nP1,2026-03-09,4,,\nP3,2026-03-02,1,,")


def test_undoing_any_of_overlapping_files_in_every_order_leaves_what_the_others_give(desk: Desk) -> None:
    for order, undone in itertools.product(itertools.permutations(FILES), FILES):
        receipts = {rows: desk.bring("plans", rows) for rows in order}
        desk.undo(receipts[undone])
        left = [rows for rows in order if rows != undone]
        assert desk.stands("plans") == told("plans", left)
        for rows in left:
            desk.undo(receipts[rows])
        assert desk.stands("plans") == []


def told(table: str, standing: list[str]) -> list[str]:
    """What files say, one after the other, in plain loops: the later holds; of people an empty cell says nothing."""
    holds: dict[tuple[str, ...], list[str]] = {}
    for rows in standing:
        for row in rows.splitlines():
            cells = row.split(",")
            key = tuple(cells[:1] if table == "patients" else cells[:3] if table == "red_flags" else cells[:2])
            before = holds.get(key, [""] * len(cells)) if table in ("patients", "red_flags") else [""] * len(cells)
            holds[key] = [new or old for new, old in zip(cells, before, strict=True)]
    return sorted(",".join(cells) for cells in holds.values())


def random_rows(table: str, dice: random.Random) -> Iterator[str]:
    days = ("2026-03-02", "2026-03-09")
    for patient, day in itertools.product(("P1", "P2"), days[:1] if table == "patients" else days):
        if dice.random() < 0.7:
            yield {
                "plans": f"{patient},{day},{dice.randint(1, 2)},squat,{dice.randint(1, 2)}",
                "pauses": f"{patient},{day},{dice.choice(('', '2026-03-10'))},{dice.choice(('', 'flu'))}",
                "patients": f"{patient},{dice.choice(('', 'left', 'both'))},{dice.choice(('', 'Ito'))},"
                            f"{dice.choice(('', '2026-01-05'))}",
                "red_flags": f"{patient},{day},Fever?,{dice.choice(('True', 'False'))},"
                             f"{dice.choice(('', '2026-03-10'))}",
            }[table]


@pytest.mark.parametrize("table", list(HEADS))
def test_whatever_is_imported_and_undone_what_stands_is_what_the_standing_files_say(desk: Desk, table: str) -> None:
    dice = random.Random(7)
    standing: list[tuple[ImportReceipt, str]] = []
    for _ in range(25):
        rows = "\n".join(random_rows(table, dice))
        if standing and dice.random() < 0.4:
            desk.undo(standing.pop(dice.randrange(len(standing)))[0])
        elif rows:
            receipt = desk.bring(table, rows)
            standing += [] if receipt.already_imported else [(receipt, rows)]
        assert desk.stands(table) == told(table, [rows for _, rows in standing])


# The first plan of a patient who has logged before

def test_the_assumed_start_comes_and_goes_with_the_files_that_need_it(
    clinic: Clinic, desk: Desk, tmp_path: Path,
) -> None:
    lines = "P1 | 2026-01-05 | squat | 5\nP2 | 2026-03-02 | squat | 5"
    clinic.import_logs(write_lines(tmp_path / "logs.csv", lines), today=TODAY)
    first = desk.bring("plans", "P1,2026-03-02,3,,\nP2,2026-03-02,3,,")
    desk.bring("patients", "P1,left,,")
    second = desk.bring("plans", "P1,2026-03-02,3,,\nP1,2026-03-09,4,,")
    assert desk.stands("patients") == ["P1,left,,2026-01-05"]
    with desk.session.database.reading() as connection:
        assert [each.reason for each in history(connection, "patient", "P1")] == ["assumed: the first logged day", ""]
    desk.undo(first)
    assert desk.stands("patients") == ["P1,left,,2026-01-05"]
    desk.undo(second)
    assert desk.stands("patients") == ["P1,left,,"]
