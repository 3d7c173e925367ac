"""The columnar snapshot gives the very rows of the database, whatever has happened to it or beside it."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clinic.files import TODAY, log_rows, rows_of_table, write_lines
from clinic.processes import Worker
from hipanalytics.clinic import clinic as clinic_module
from hipanalytics.clinic.clinic import Clinic, open_clinic


@pytest.fixture(autouse=True)
def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts of snapshots that are read."""
    read: list[str] = []
    inner = pq.read_table

    def read_table(path: Any, **options: Any) -> pa.Table:
        read.append(str(path))
        return inner(path, **options)

    monkeypatch.setattr(pq, "read_table", read_table)
    return read


def bring(clinic: Clinic, home: Path, name: str, lines: str) -> int:
    return clinic.import_logs(write_lines(home / f"{name}.csv", lines), today=TODAY)[0].import_id


def check(clinic: Clinic) -> list[Any]:
    """The snapshot's rows are the database's; they are given back."""
    whole = clinic.cohort().logs
    with clinic.session.database.reading() as connection:
        numbers = connection.exec_driver_sql("SELECT patient_no FROM patients").scalars().all()
        plain = clinic_module.read_logs_of(connection, numbers)
    assert sorted(rows_of_table(whole), key=repr) == sorted(rows_of_table(plain), key=repr)
    assert set(whole.columns) == set(plain.columns)
    assert whole.dtypes.astype(str).sort_index().to_dict() == plain.dtypes.astype(str).sort_index().to_dict()
    return sorted(rows_of_table(whole), key=repr)


def folder_of(clinic: Clinic) -> Path:
    return clinic.session.database.place.snapshots(clinic.session.clinic_id)


def test_it_follows_every_kind_of_change(clinic: Clinic, home: Path) -> None:
    seen = [check(clinic)]
    for change in (
        lambda: bring(clinic, home, "a", "P1|2026-03-01|bridge|5\nP2|2026-03-01|bridge|5\nP2|2026-03-02|bridge|12"),
        lambda: bring(clinic, home, "b", "P1|2026-03-01|bridge|6\nP3|2026-03-01|squat|5"),
        lambda: clinic.undo_import(2, "tried"),
        lambda: clinic.correct({int(clinic.quarantine()["entry"].iloc[0]): {"pain": "2"}}, today=TODAY),
        lambda: clinic.undo_import(3, "tried"),
        lambda: bring(clinic, home, "c", "P1|2026-03-01|bridge|6\nP3|2026-03-01|squat|5"),
        lambda: clinic.undo_import(1, "tried"),
    ):
        change()
        now = check(clinic)
        assert now not in seen[-1:]
        seen.append(now)
    assert [len(rows) for rows in seen] == [0, 3, 4, 3, 3, 3, 4, 2]


def test_what_changes_nothing_renews_nothing(clinic: Clinic, home: Path) -> None:
    bring(clinic, home, "a", "P1|2026-03-01|bridge|5")
    check(clinic)
    before = sorted(each.name for each in folder_of(clinic).iterdir())
    clinic.import_logs(home / "a.csv", today=TODAY)
    bring(clinic, home, "b", "P1|2026-03-01|bridge|5\n")
    check(clinic)
    assert sorted(each.name for each in folder_of(clinic).iterdir()) == before


@pytest.mark.clinic
def test_two_hundred_small_imports_do_not_slow_the_reading(
    clinic: Clinic, home: Path, count_reads: list[str],
) -> None:
    most = 0
    for number in range(200):
        bring(clinic, home, "week", f"P{number % 7}|2026-03-{1 + number % 20:02}|bridge|{number % 10}\n"
                                    f"P{number}|2026-02-01|squat|{number % 9}")
        if number % 7 == 0:
            check(clinic)
            count_reads.clear()
            check(clinic)
            most = max(most, len(count_reads))
    assert most <= 10


def age(folder: Path) -> None:
    """As if all of it had been written an hour ago."""
    for each in folder.iterdir():
        os.utime(each, (time.time() - 3600,) * 2)


def test_what_no_longer_belongs_is_swept_out(clinic: Clinic, home: Path) -> None:
    """Parts that were replaced, and what a killed process left behind: gone once nobody can be writing them."""
    for number in range(12):
        bring(clinic, home, "week", f"P{number}|2026-03-01|bridge|5")
        check(clinic)
    folder = folder_of(clinic)
    (folder / "part-0123456789abcdef.parquet").write_bytes(b"half writ")
    (folder / "snapshot.json.0123abcd").write_text("{")
    age(folder)
    (folder / "part-fedcba9876543210.parquet").write_bytes(b"being written now")
    bring(clinic, home, "last", "P1|2026-03-09|bridge|5")
    check(clinic)
    manifest = json.loads((folder / "snapshot.json").read_text())
    assert {each.name for each in folder.iterdir()} == {
        "snapshot.json", "part-fedcba9876543210.parquet", *manifest["parts"]}


# What may lie in its folder

def rubbish_everywhere(folder: Path) -> None:
    for each in folder.iterdir():
        each.write_bytes(b"\x00\xffrubbish" * 50)


def truncated_part(folder: Path) -> None:
    part = next(folder.glob("part-*"))
    os.truncate(part, part.stat().st_size // 2)


def another_table(folder: Path) -> None:
    pq.write_table(pa.table({"melody": ["la", "le", "lu"]}), next(folder.glob("part-*")))


def fewer_rows(folder: Path) -> None:
    part = next(folder.glob("part-*"))
    pq.write_table(pq.read_table(part).slice(0, 1), part)


def lost_part(folder: Path) -> None:
    next(folder.glob("part-*")).unlink()


def folder_for_a_part(folder: Path) -> None:
    part = next(folder.glob("part-*"))
    part.unlink()
    part.mkdir()


def file_for_the_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


def manifest(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "snapshot.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


def whole_manifest(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "snapshot.json").write_text(text) and None


HARMS: dict[str, Callable[[Path], None]] = {
    "rubbish everywhere": rubbish_everywhere, "a truncated part": truncated_part, "another table": another_table,
    "fewer rows": fewer_rows, "a lost part": lost_part, "a folder for a part": folder_for_a_part,
    "a file for the folder": file_for_the_folder, "a future change": manifest(change=99),
    "an earlier change": manifest(change=1), "words for a number": manifest(change="two"),
    "no change": manifest(change=None), "odd prints": manifest(parts={"..": 1}),
    "another token": manifest(token="0" * 16), "no parts": manifest(parts=[]), "odd parts": manifest(parts=[1, None]),
    "no text": whole_manifest("\x00"), "a list": whole_manifest("[1]"), "a number": whole_manifest("1e999"),
    "deep": whole_manifest("[" * 100_000), "huge": manifest(change=10**400), "endless": manifest(change=float("inf"))}


@pytest.mark.parametrize("name", HARMS)
def test_a_harmed_snapshot_is_made_anew(session_folder: Path, home: Path, name: str) -> None:
    clinic = open_clinic(session_folder)
    bring(clinic, home, "a", "P1|2026-03-01|bridge|5\nP2|2026-03-01|bridge|5")
    check(clinic)
    bring(clinic, home, "b", "P1|2026-03-01|bridge|6\nP2|2026-03-02|bridge|5")
    check(clinic)
    HARMS[name](folder_of(clinic))
    assert len(check(clinic)) == 3
    bring(clinic, home, "c", "P1|2026-03-01|bridge|7")
    assert len(check(clinic)) == 3
    clinic.close()


def test_flipped_bytes_never_give_wrong_rows(session_folder: Path, home: Path) -> None:
    """As a failing disk may do it; anywhere in a part."""
    with open_clinic(session_folder) as clinic:
        bring(clinic, home, "a", "\n".join(f"P{number}|2026-03-{1 + number % 28:02}|bridge|{number % 10}"
                                           for number in range(300)))
        expected = check(clinic)
        for seed in range(40):
            chance = random.Random(seed)
            clinic.cohort()  # made anew where it was dropped
            part = next(folder_of(clinic).glob("part-*"))
            content = bytearray(part.read_bytes())
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            part.write_bytes(content)
            assert sorted(rows_of_table(clinic.cohort().logs), key=repr) == expected


@pytest.fixture
def session_folder(home: Path) -> Path:
    open_clinic(home / "clinic").close()
    return home / "clinic"


# Other histories

def test_a_clinic_put_back_to_an_earlier_state(session_folder: Path, home: Path) -> None:
    """The file is copied back, and goes on differently: the same number of changes, and another log."""
    with open_clinic(session_folder) as clinic:
        bring(clinic, home, "a", "P1|2026-03-01|bridge|5")
        check(clinic)
    shutil.copy(session_folder / "clinic.sqlite", home / "kept.sqlite")
    with open_clinic(session_folder) as clinic:
        bring(clinic, home, "b", "P2|2026-03-01|bridge|5")
        bring(clinic, home, "c", "P3|2026-03-01|bridge|5")
        assert len(check(clinic)) == 3
    shutil.copy(home / "kept.sqlite", session_folder / "clinic.sqlite")
    with open_clinic(session_folder) as clinic:
        assert len(check(clinic)) == 1
    with open_clinic(session_folder) as clinic:
        bring(clinic, home, "b", "P2|2026-03-01|bridge|5")
        check(clinic)
        bring(clinic, home, "c", "P3|2026-03-01|bridge|5")
        check(clinic)
    snapshot = home / "snapshot-of-another-history"
    shutil.copytree(session_folder / "snapshot", snapshot)
    shutil.copy(home / "kept.sqlite", session_folder / "clinic.sqlite")
    with open_clinic(session_folder) as clinic:
        bring(clinic, home, "d", "P4|2026-03-01|bridge|5")
        bring(clinic, home, "e", "P5|2026-03-01|bridge|5")
        shutil.rmtree(session_folder / "snapshot")
        shutil.copytree(snapshot, session_folder / "snapshot")
        assert [said[0] for *_, said in check(clinic)] == ["P1", "P4", "P5"]


def test_the_snapshot_of_another_clinic(home: Path) -> None:
    """Both have had one change."""
    with open_clinic(home / "one") as one, open_clinic(home / "other") as other:
        bring(one, home, "a", "P1|2026-03-01|bridge|5")
        bring(other, home, "b", "P2|2026-03-01|bridge|5")
        check(one)
        check(other)
        shutil.rmtree(home / "other" / "snapshot")
        shutil.copytree(home / "one" / "snapshot", home / "other" / "snapshot")
        assert [said[0] for *_, said in check(other)] == ["P2"]


def look_often(place: str, files: list[str]) -> int:
    """Bring files and read the whole log after each; how many times it was wrong."""
    wrong = 0
    with open_clinic(place) as clinic:
        for file in files:
            clinic.import_logs(file, today=TODAY)
            with clinic.session.database.reading() as connection:
                logs = clinic._cohort(connection, None).logs
                numbers = connection.exec_driver_sql("SELECT patient_no FROM patients").scalars().all()
                plain = clinic_module.read_logs_of(connection, numbers)
            wrong += sorted(rows_of_table(logs), key=repr) != sorted(rows_of_table(plain), key=repr)
    return wrong


@pytest.mark.clinic
def test_several_renew_it_at_once(place: str, home: Path) -> None:
    open_clinic(place).close()
    workers = []
    for worker in range(3):
        days = [f"2026-03-{number + 1:02}" for number in range(12)]
        files = [str(write_lines(home / f"{worker}-{day}.csv", f"P{worker}1|{day}|squat|5\nP0|{day}|squat|{worker}"))
                 for day in days]
        workers.append(Worker(home, look_often, place, files))
    for each in workers:
        each.go()
    assert [each.result() for each in workers] == [0, 0, 0]
    with open_clinic(place) as clinic:
        assert len(log_rows(clinic)) == 3 * 12 + 12
