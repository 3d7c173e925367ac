"""A clinic of every earlier version, with data in every table, opens with this one and is whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hipanalytics.clinic.care.copying import copy_clinic, counts_of
from hipanalytics.clinic.care.soundness import faults
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.clinic.database import Database
from hipanalytics.clinic.decisions.standing import current
from hipanalytics.clinic.migrating import EARLIER, LATEST, bring_up_to_date, migrate
from hipanalytics.clinic.places import find_place
from hipanalytics.clinic.schema import metadata
from hipanalytics.errors import ClinicError

DUMPS = Path(__file__).parent / "versions"


def load_dump(version: str, folder: Path) -> Path:
    """The clinic of an earlier version, as it was left by its program."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "clinic.sqlite")) as connection:
        connection.executescript((DUMPS / f"{version}.sql").read_text(encoding="utf-8"))
    return folder


@pytest.fixture(params=EARLIER)
def earlier(request: pytest.FixtureRequest, home: Path) -> Path:
    return load_dump(request.param, home / "earlier")


def tables_of(connection: Connection) -> list[Any]:
    """What differs between these tables and those that the program knows."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(context, metadata)


def test_the_log_is_whole(earlier: Path) -> None:
    with open_clinic(earlier) as clinic:
        logs = clinic.cohort().logs
    pain = {(row.patient_id, row.performed_at.day): row.pain for row in logs.itertuples()}
    assert pain == {
        **{("P-01", day): 5 for day in range(1, 12)}, **{("P-01", day): 4 for day in range(12, 21)},
        **{("P-02", day): 3 for day in range(1, 11)}, ("P-02", 5): 1}
    assert len(logs) == 30


def test_the_receipts_are_whole(earlier: Path) -> None:
    with open_clinic(earlier) as clinic:
        told = [(each.import_id, each.kind, each.file, each.rows_read, each.accepted, each.rejected, each.rows_replaced,
                 each.is_undone, each.corrects) for each in clinic.imports()]
        with clinic.session.database.reading() as connection:
            assert faults(connection) == []
    assert told == [
        (1, "session_logs", "first.csv", 25, 24, 1, 0, False, None),
        (2, "session_logs", "second.csv", 9, 9, 0, 3, False, None),
        (3, "session_logs", "third.csv", 4, 4, 0, 2, True, None),
        (4, "session_logs", "first.csv", 1, 1, 0, 1, False, 1),
        (5, "patients", "patients.csv", 1, 1, 0, 0, False, None)]


def test_what_was_decided_is_whole(earlier: Path) -> None:
    with open_clinic(earlier) as clinic, clinic.session.database.reading() as connection:
        held = {kind: [(each.patient_id, each.record) for each in current(connection, kind)]
                for kind in ("patient", "plan", "pause", "red_flag", "review", "quiet")}
        assert clinic.clinicians == ["Dr Weber", "Dr Frei"]
    said = {patient: (record.hip_side, str(record.programme_start)) for patient, record in held["patient"]}
    assert said == {"P-01": (None, "2026-03-01"), "P-02": ("left", "None")}
    assert [(patient, str(record.valid_from), record.sessions_per_week) for patient, record in held["plan"]] == [
        ("P-01", "2026-03-02", 4)]
    assert [(patient, str(record.end), record.reason) for patient, record in held["pause"]] == [
        ("P-02", "2026-03-04", "holiday")]
    assert [(patient, record.question, record.positive) for patient, record in held["red_flag"]] == [
        ("P-02", "night pain", False)]
    assert [(patient, record.flags, record.decision) for patient, record in held["review"]] == [
        ("P-01", {"persistent": 4.0}, "call her")]
    assert held["quiet"] == []


def test_the_quarantine_and_the_trail_are_whole(earlier: Path) -> None:
    with open_clinic(earlier, clinician="Dr Frei") as clinic:
        waiting = clinic.quarantine()
        trail = clinic.trail()
    assert waiting[["file", "row", "effect"]].values.tolist() == [["first.csv", 26, "row refused"]]
    assert waiting["cells"].iloc[0]["patient_id"] == "P 03"
    actions = trail["action"][::-1].tolist()
    assert actions[:6] == ["imported", "imported", "imported", "import undone", "opened", "corrected"]
    assert set(trail["author"]) == {"Dr Weber", "Dr Frei"}


def test_work_goes_on(earlier: Path, home: Path) -> None:
    with open_clinic(earlier, clinician="Dr Frei") as clinic:
        file = home / "fourth.csv"
        file.write_text("patient_id,performed_at,exercise,pain\nP-01,2026-03-20,squat,2\nP-09,2026-03-20,squat,2\n")
        receipt, = clinic.import_logs(file)
        clinic.undo_import(2, "try")
        pain = clinic.cohort(["P-01"]).logs.set_index("performed_at")["pain"]
    assert (receipt.import_id, receipt.rows_new, receipt.rows_replaced) == (6, 2, 1)
    assert pain.tolist() == [5.0] * 14 + [2.0]


def test_the_tables_are_those_of_a_fresh_clinic(earlier: Path, home: Path) -> None:
    schemas = []
    for folder in (earlier, home / "fresh"):
        with open_clinic(folder) as clinic, clinic.session.database.reading() as connection:
            assert tables_of(connection) == []
            schemas.append(sorted(map(tuple, connection.exec_driver_sql(
                "SELECT type, name, tbl_name, replace(replace(sql, char(10), ''), char(9), '') FROM sqlite_master"))))
    assert schemas[0] == schemas[1]


@pytest.mark.clinic
@pytest.mark.parametrize("version", EARLIER)
def test_a_server_of_an_earlier_version_is_brought_up_to_date(version: str, database: str, home: Path) -> None:
    old, server = Database(find_place(load_dump(version, home / "earlier"))), Database(find_place(database))
    with server.writing() as connection:
        migrate(connection, version)
    bring_up_to_date(server)
    bring_up_to_date(old)
    with old.reading() as source, server.writing() as target:
        assert tables_of(target) == []
        copy_clinic(source, target)
        assert counts_of(target) == counts_of(source)
    server.close()
    old.close()
    with open_clinic(database) as clinic:
        assert len(clinic.cohort().logs) == 30


def test_a_clinic_of_a_newer_version_is_refused_and_left_as_it_is(home: Path) -> None:
    with Clinic(open_clinic(home / "clinic").session):
        pass
    file = home / "clinic" / "clinic.sqlite"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()
    with pytest.raises(ClinicError, match=r"newer version of hipanalytics \(tables 9999.*nothing was changed"):
        open_clinic(home / "clinic")
    assert file.read_bytes() == before


def test_the_versions_are_those_of_the_steps() -> None:
    steps = ScriptDirectory(str(Path(migrate.__code__.co_filename).parent / "migrations"))
    assert steps.get_heads() == [LATEST]
    assert [step.revision for step in steps.walk_revisions()] == [LATEST, *reversed(EARLIER)]
    assert {path.stem for path in DUMPS.glob("*.sql")} == set(EARLIER)


def test_a_step_that_fails_changes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = load_dump(EARLIER[0], home / "earlier")
    before = sqlite3.connect(folder / "clinic.sqlite")
    tables = list(before.iterdump())

    def fail(connection: Connection, to: str) -> None:
        migrate(connection, to)
        raise KeyboardInterrupt

    monkeypatch.setattr("hipanalytics.clinic.migrating.migrate", fail)
    with pytest.raises(KeyboardInterrupt):
        open_clinic(folder)
    assert list(before.iterdump()) == tables
    before.close()
