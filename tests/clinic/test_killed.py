"""A process that works on a clinic is killed at any moment: all of its step is there, or nothing; nothing else is lost.

HIPANALYTICS_KILLS says how often (20; before a release, 200).
"""

from __future__ import annotations

import datetime as dt
import math
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clinic.files import TODAY, rows_of_table, write_lines
from clinic.postgres import Server
from clinic.processes import Worker
from hipanalytics.clinic.clinic import open_clinic
from hipanalytics.clinic.decisions.records import PlanVersion
from hipanalytics.errors import ClinicError

pytestmark = pytest.mark.clinic
KILLS = int(os.environ.get("HIPANALYTICS_KILLS", "20"))
PATIENTS = [f"P{number}" for number in range(20)]
EXERCISES = ("bridge", "squat", "clam")


def export(path: Path, first_day: int, last_day: int, pain: int) -> Path:
    """Days of March of all patients, with a cell to be left out and a row to be refused at the end."""
    rows = [f"{patient} | 2026-03-{day:02} 10:00 | {exercise} | {(pain + day) % 11}"
            for patient in PATIENTS for day in range(first_day, last_day + 1) for exercise in EXERCISES]
    rows += [f"P1 | 2026-03-{last_day} 20:00 | bridge | 12", f"P2 | 2026-02-{last_day + 30} | bridge | 1"]
    return write_lines(path, "\n".join(rows))


# The steps, as another process takes them

def bring(place: str, home: str) -> None:
    with open_clinic(place, clinician="Dr Weber") as clinic:
        clinic.import_logs(Path(home) / "third.csv", today=TODAY)


def take_back(place: str, _: str) -> None:
    with open_clinic(place, clinician="Dr Weber") as clinic, suppress(ClinicError):
        clinic.undo_import(1, "wrong export")


def put_right(place: str, _: str) -> None:
    with open_clinic(place, clinician="Dr Weber") as clinic:
        quarantine = clinic.quarantine()
        right = {"row refused": {"performed_at": "2026-02-27"}, "cell left out": {"pain": "2"}}
        clinic.correct({entry: right[effect] for entry, effect in zip(
            quarantine["entry"].tolist(), quarantine["effect"], strict=True)}, today=TODAY)


def plan(place: str, _: str) -> None:
    """With the first plan, the assumed start of the programme is kept too: two rows."""
    with open_clinic(place, clinician="Dr Weber") as clinic, suppress(ClinicError):
        clinic.save("P3", PlanVersion(valid_from=dt.date(2026, 3, 15), sessions_per_week=3), base=0)


def make(place: str, _: str) -> None:
    open_clinic(place, name="Hip clinic", clinician="Dr Weber").close()


def look(place: str, _: str) -> None:
    with open_clinic(place, clinician="Dr Weber") as clinic:
        clinic.cohort()


STEPS = {"import": bring, "undo": take_back, "correct": put_right, "plan": plan, "make": make, "look": look}


@dataclass(frozen=True)
class State:
    """What a clinic holds."""

    rows: list[Any]
    receipts: list[Any]
    quarantine: list[Any]
    decisions: list[Any]


def state_of(place: str) -> State | None:
    """None: there is no clinic yet."""
    try:
        clinic = open_clinic(place, create=False)
    except ClinicError as error:
        assert "There is no clinic" in str(error)  # noqa: PT017
        return None
    with clinic:
        numbers = clinic.cohort().logs
        known = sorted(numbers["patient_id"].unique())
        rows = sorted(rows_of_table(clinic.cohort(known).logs), key=repr)
        assert sorted(rows_of_table(numbers), key=repr) == rows
        decided = [each for kind in ("plan", "patient") for each in clinic.decided(kind)]
        return State(
            rows,
            [(each.import_id, each.file, each.corrects, each.rows_read, each.rows_new, each.rows_known,
              each.rows_replaced, each.is_undone) for each in clinic.imports()],
            clinic.quarantine()[["import_id", "row", "effect"]].to_numpy().tolist(),
            [(each.patient_id, each.kind, each.version, each.content) for each in decided])


@dataclass
class Copies:
    """Copies of one clinic, to be worked on and killed."""

    home: Path
    another: Callable[[], str]
    remove: Callable[[str], None]

    def check(self, place: str) -> None:
        """Whole, and no patient's data lie about: not beside the clinic, and not where temporary files are made."""
        assert list((self.home / "temporary").rglob("*")) == []
        if "://" not in place and Path(place).exists():
            allowed = {f"clinic.sqlite{ending}" for ending in ("", "-wal", "-shm", "-journal")} | {"snapshot"}
            assert {each.name for each in Path(place).iterdir()} <= allowed
            with closing(sqlite3.connect(Path(place) / "clinic.sqlite")) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.fixture
def copies(request: pytest.FixtureRequest, home: Path, place: str) -> Iterator[Copies]:
    is_new = request.node.callspec.params["name"] == "make"
    if not is_new:
        with open_clinic(place, name="Hip clinic", clinician="Dr Weber") as clinic:
            clinic.import_logs(export(home / "first.csv", 1, 12, pain=0), today=TODAY)
            clinic.import_logs(export(home / "second.csv", 8, 20, pain=1), today=TODAY)
            clinic.cohort()
    export(home / "third.csv", 1, 27, pain=2)
    numbers = iter(range(10_000))
    if "://" in place:
        server: Server = request.getfixturevalue("server")
        address, _, name = place.rpartition("/")
        yield Copies(home, lambda: f"{address}/{server.new_database(name)}",
                     lambda place: server.drop(place.rpartition("/")[2]))
        return

    def another() -> str:
        folder = home / f"copy-{next(numbers)}"
        return str(folder if is_new else shutil.copytree(place, folder))

    yield Copies(home, another, lambda place: shutil.rmtree(place))


@pytest.mark.parametrize("name", STEPS)
def test_all_or_nothing(copies: Copies, name: str) -> None:
    """A step is killed again and again, at moments spread over its time."""
    step, home = STEPS[name], str(copies.home)
    place = copies.another()
    before = state_of(place)
    took = time_of(Worker(copies.home, step, place, home))
    after = state_of(place)
    assert (before == after) == (name == "look")
    kills, wanted = 0, math.ceil((KILLS if "://" not in place else KILLS / 4) / len(STEPS))
    while kills < wanted:
        place = copies.another()
        if is_cut_short(Worker(copies.home, step, place, home), took * (kills + random.random()) / wanted):
            kills += 1
        else:
            took *= 0.9
        copies.check(place)
        assert state_of(place) in (before, after)
        time_of(Worker(copies.home, step, place, home))
        assert state_of(place) == after
        copies.check(place)
        copies.remove(place)


def time_of(worker: Worker) -> float:
    """Seconds that a step takes when nobody kills it."""
    begun = time.perf_counter()
    worker.go()
    worker.result()
    return time.perf_counter() - begun


def is_cut_short(worker: Worker, moment: float) -> bool:
    worker.go()
    is_done = worker.is_done_within(moment)
    worker.kill()
    return not is_done
