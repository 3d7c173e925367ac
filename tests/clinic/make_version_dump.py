"""Writes versions/NNNN.sql: a small clinic with data in every table, as it is in that version of the tables.

Run once for each version, before the next one is made: python -m clinic.make_version_dump 0002 (in the folder tests).
While it is in the making, an earlier version can be made again: what later versions have added is taken away.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

ADDED = {"0002": "DROP TABLE erasures"}
"""What each version added to the one before, taken away again."""
FOLDER = Path(__file__).parent / "versions"
TODAY = dt.date(2026, 3, 31)
HEADER = "patient_id,performed_at,exercise,pain,note"


def dump(version: str) -> None:
    """The clinic of this version, as the statements that make it."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
            os.environ[name] = folder
        make_clinic(Path(folder))
        with closing(sqlite3.connect(Path(folder) / "clinic" / "clinic.sqlite")) as connection:
            for later in sorted(ADDED, reverse=True):
                if later > version:
                    connection.execute(ADDED[later])
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
            FOLDER.mkdir(exist_ok=True)
            (FOLDER / f"{version}.sql").write_text("\n".join(connection.iterdump()) + "\n", encoding="utf-8")


def make_clinic(folder: Path) -> None:
    """Two patients, overlapping files, an undo, a correction, rows set aside, and a decision of every kind."""
    from hipanalytics.clinic.clinic import Clinic
    from hipanalytics.clinic.decisions import saving as decisions
    from hipanalytics.clinic.decisions.files import import_decisions
    from hipanalytics.clinic.decisions.records import (
        Pause,
        PlanVersion,
        PrescribedExercise,
        Quiet,
        RedFlagAnswer,
        ReviewNote,
    )
    from hipanalytics.clinic.opening import open_session

    session = open_session(folder / "clinic", name="Hip clinic")
    session.login = "weber"
    session.clock = lambda: dt.datetime(2026, 3, 31, 12, tzinfo=dt.UTC)
    clinic = Clinic(session)
    clinic.add_clinician("Dr Weber")
    clinic.add_clinician("Dr Frei")
    clinic.sign_as("Dr Weber")
    first = [f"P-01,2026-03-{day:02d},squat,5," for day in range(1, 15)]
    first += [f"P-02,2026-03-{day:02d},bridge,{11 if day == 5 else 3},tired" for day in range(1, 11)]
    clinic.import_logs(_file(folder, "first.csv", [*first, "P 03,2026-03-01,squat,2,"]), today=TODAY)
    second = [f"P-01,2026-03-{day:02d},squat,4," for day in range(12, 21)]
    clinic.import_logs(_file(folder, "second.csv", second), today=TODAY)
    third = [f"P-02,2026-03-{day:02d},bridge,8," for day in range(9, 13)]
    receipt, = clinic.import_logs(_file(folder, "third.csv", third), today=TODAY)
    clinic.undo_import(receipt.import_id, "the wrong patient")
    entries = clinic.quarantine()
    clinic.correct({int(entries.loc[entries["patient_id"] == "P-02", "entry"].iloc[0]): {"pain": "1"}}, today=TODAY)
    (folder / "patients.csv").write_text("patient_id,hip_side\nP-02,left\n")
    import_decisions(session, folder / "patients.csv", "patients", today=TODAY)
    day = dt.date(2026, 3, 2)
    squat = PrescribedExercise(exercise="squat", sets=3, reps=10)
    decisions.save(session, "P-01", PlanVersion(valid_from=day, sessions_per_week=3, exercises=(squat,)), base=0)
    decisions.save(session, "P-01", PlanVersion(valid_from=day, sessions_per_week=4), base=1, reason="goes well")
    decisions.save(session, "P-02", Pause(start=day, end=dt.date(2026, 3, 4), reason="holiday"), base=0)
    decisions.save(session, "P-02", RedFlagAnswer(answered_on=day, question="night pain", positive=False), base=0)
    decisions.save(session, "P-01", ReviewNote(as_of=TODAY, flags={"persistent": 4.0}, decision="call her"))
    quiet = decisions.save(session, "P-01", Quiet(as_of=TODAY, flag="persistent", kind="acknowledged"), reason="known")
    decisions.withdraw(session, "P-01", "quiet", quiet.item, reason="not any more")
    clinic.close()


def _file(folder: Path, name: str, rows: list[str]) -> Path:
    (folder / name).write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return folder / name


if __name__ == "__main__":
    dump(sys.argv[1])
