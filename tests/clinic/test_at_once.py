"""Several at work on one clinic at once: nothing is lost, nothing is there twice, every conflict is told to one of two.

HIPANALYTICS_AT_ONCE=full: 250 saves and 50 imports by each of four processes; else a fifth of that.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from clinic.files import TODAY, log_rows, sourced_rows, write_rows
from clinic.plain_clinic import PlainClinic, Row
from clinic.processes import Worker
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.clinic.decisions.records import Pause, PlanVersion, RedFlagAnswer
from hipanalytics.errors import ClinicError, ConflictError

pytestmark = pytest.mark.clinic
IS_FULL = os.environ.get("HIPANALYTICS_AT_ONCE") == "full"
PROCESSES = 4
SAVES, IMPORTS = (250, 50) if IS_FULL else (50, 10)
DECIDED = ["S1", "S2", "S3"]
KINDS = {"plan": PlanVersion(valid_from=TODAY, sessions_per_week=3), "pause": Pause(start=TODAY),
         "red_flag": RedFlagAnswer(answered_on=dt.date(2026, 3, 1), positive=False)}

Attempt = tuple[str, str, int, bool, str]
"""Patient, kind, base, whether it was saved, and the reason that it was saved with."""


def work(place: str, number: int, seed: int, files: list[str], undone: int) -> tuple[list[Attempt], list[int]]:
    """Saves and imports in any order, as one process; what was tried, and which imports were undone."""
    chance = random.Random(seed)
    jobs = ["save"] * SAVES + ["import"] * len(files) + ["undo"] * undone
    chance.shuffle(jobs)
    todo, attempts, own, taken_back = list(files), list[Attempt](), list[int](), list[int]()
    with open_clinic(place, clinician=f"Clinician {number}") as clinic:
        for place_in_line, job in enumerate(jobs):
            if job == "import":
                own += [each.import_id for each in clinic.import_logs(todo.pop(), today=TODAY)]
            elif job == "save":
                attempts += save_until_it_is_kept(clinic, chance, f"{number}-{place_in_line}")
            elif own:
                taken_back += undo(clinic, own.pop())
    return attempts, taken_back


def save_until_it_is_kept(clinic: Clinic, chance: random.Random, reason: str) -> list[Attempt]:
    patient, kind = chance.choice(DECIDED), chance.choice(list(KINDS))
    tried: list[Attempt] = []
    while not tried or not tried[-1][3]:
        base = clinic.version(patient, kind)
        try:
            saved = clinic.save(patient, KINDS[kind], base=base, reason=reason)
        except ConflictError as error:
            assert "Clinician" in str(error)  # noqa: PT017
            tried.append((patient, kind, base, False, reason))
        else:
            assert saved.version == base + 1
            tried.append((patient, kind, base, True, reason))
    return tried


def undo(clinic: Clinic, import_id: int) -> list[int]:
    """Another may have undone it already: both had imported the same file."""
    try:
        clinic.undo_import(import_id, "tried")
    except ClinicError as error:
        assert "undone already" in str(error)  # noqa: PT017
        return []
    return [import_id]


def bring(place: str, file: str) -> tuple[int, bool]:
    with open_clinic(place, clinician="Dr Weber") as clinic:
        receipt = clinic.import_logs(file, today=TODAY)[0]
        return receipt.import_id, receipt.already_imported


def put_right(place: str, pain: str) -> str:
    with open_clinic(place, clinician="Dr Weber") as clinic:
        try:
            return f"saved as {clinic.correct({1: {'pain': pain}}, today=TODAY).receipts[0].import_id}"
        except ClinicError as error:
            return str(error)


def make(place: str) -> str:
    with open_clinic(place, name="Hip clinic") as clinic:
        clinic.cohort()
        return clinic.session.clinic_id


def renew(place: str, rounds: int) -> list[Any]:
    """Read the whole log again and again, while others write."""
    with open_clinic(place) as clinic:
        for _ in range(rounds):
            logs = clinic.cohort().logs
            by_file = Counter(logs["file"].astype(str))
            assert all(count in (0, 40) for count in by_file.values()), by_file
    return sorted(by_file)


def all_at_once(workers: list[Worker]) -> list[Any]:
    for worker in workers:
        worker.go()
    return [worker.result() for worker in workers]


@pytest.fixture
def exports(home: Path) -> dict[str, list[Row]]:
    """Files that overlap in their keys and differ in their values."""
    chance = random.Random(7)
    files: dict[str, list[Row]] = {}
    for number in range(PROCESSES * IMPORTS):
        rows = [{"patient_id": f"P{chance.randrange(6)}", "performed_at": dt.date(2026, 3, chance.randrange(1, 15)),
                 "exercise": chance.choice(["bridge", "squat"]), "pain": chance.randrange(5)} for _ in range(25)]
        files[f"export-{number}.csv"] = rows
        write_rows(home / f"export-{number}.csv", rows)
    return files


def test_saves_and_imports_by_four_at_once(place: str, home: Path, exports: dict[str, list[Row]]) -> None:
    with open_clinic(place, name="Hip clinic") as clinic:
        for patient in DECIDED:
            clinic.add_patient(patient)
    names = list(exports)
    share = [list(dict.fromkeys([*names[number::PROCESSES], *names[:3]])) for number in range(PROCESSES)]
    told = all_at_once([
        Worker(home, work, place, number, 100 + number, [str(home / name) for name in own], IMPORTS // 5)
        for number, own in enumerate(share)])
    with open_clinic(place) as clinic:
        check_decisions(clinic, [attempt for attempts, _ in told for attempt in attempts])
        check_log(clinic, exports, [number for _, taken_back in told for number in taken_back])


def check_decisions(clinic: Clinic, attempts: list[Attempt]) -> None:
    kept = [attempt for attempt in attempts if attempt[3]]
    assert len(kept) == PROCESSES * SAVES
    assert len(attempts) > len(kept), "no two met: this has shown nothing"
    for patient in DECIDED:
        for kind in KINDS:
            versions = clinic.history(kind, patient)
            assert [each.version for each in versions] == list(range(1, len(versions) + 1))
            saved = {base + 1: reason for who, what, base, _, reason in kept if (who, what) == (patient, kind)}
            assert {each.version: each.reason for each in versions} == saved
            for who, what, base, is_kept, _ in attempts:
                if (who, what) == (patient, kind) and not is_kept:
                    assert base + 1 in saved  # the other one was saved on top of it


def check_log(clinic: Clinic, exports: dict[str, list[Row]], taken_back: list[int]) -> None:
    """As the plain clinic says, which imports in the order of the receipts."""
    receipts, plain = clinic.imports(), PlainClinic()
    assert sorted(each.import_id for each in receipts if each.is_undone) == sorted(taken_back)
    assert [each.import_id for each in receipts] == list(range(1, len(receipts) + 1))
    standing = [each.file for each in receipts if not each.is_undone]
    assert len(standing) == len(set(standing))
    for receipt in receipts:
        counts = plain.add(receipt.file, exports[receipt.file])
        assert receipt.rows_read == len(exports[receipt.file]) == receipt.accepted + receipt.duplicates
        assert receipt.duplicates == counts.duplicates
    for number in taken_back:
        plain.undo(number)
    assert log_rows(clinic) == plain.rows()
    assert all(plain.holds(file, row, said) for file, row, said in sourced_rows(clinic))


def test_one_file_by_four_at_once_is_one_import(place: str, home: Path, exports: dict[str, list[Row]]) -> None:
    open_clinic(place).close()
    told = all_at_once([Worker(home, bring, place, str(home / "export-0.csv")) for _ in range(PROCESSES)])
    assert sorted(told) == [(1, False), (1, True), (1, True), (1, True)]
    with open_clinic(place) as clinic:
        assert [each.import_id for each in clinic.imports()] == [1]


def test_one_row_put_right_by_four_at_once_is_put_right_once(place: str, home: Path) -> None:
    write_rows(home / "bad.csv", [{"patient_id": "P1", "performed_at": TODAY, "pain": 12}])
    bring(place, str(home / "bad.csv"))
    told = Counter(each[:8] for each in all_at_once([Worker(home, put_right, place, pain) for pain in "1234"]))
    assert told == {"saved as": 1, "The quar": 3}
    with open_clinic(place) as clinic:
        assert len(clinic.cohort().logs) == 1
        assert clinic.imports()[-1].corrects == 1


def test_a_clinic_made_by_four_at_once_is_one(place: str, home: Path) -> None:
    made = all_at_once([Worker(home, make, place) for _ in range(PROCESSES)])
    assert len(set(made)) == 1
    with open_clinic(place, create=False) as clinic:
        assert (clinic.session.clinic_id, clinic.session.name) == (made[0], "Hip clinic")


def test_readers_see_whole_imports_alone(place: str, home: Path) -> None:
    """While one brings files of 40 rows, three read: of each file they see all rows or none."""
    open_clinic(place).close()
    files = []
    for number in range(12):
        rows: list[Row] = [{"patient_id": f"P{number}-{row}", "performed_at": TODAY, "pain": 1} for row in range(40)]
        files.append(str(write_rows(home / f"forty-{number}.csv", rows)))
    readers = [Worker(home, renew, place, 15) for _ in range(3)]
    writers = [Worker(home, bring_all, place, files)]
    all_at_once([*writers, *readers])
    assert renew(place, 1) == sorted(Path(file).name for file in files)


def bring_all(place: str, files: list[str]) -> None:
    for file in files:
        bring(place, file)
