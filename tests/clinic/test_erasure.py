"""An erased patient is gone from every table, every text and every byte of the clinic's folder; all others stay."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from clinic.files import TODAY
from hipanalytics.clinic import schema
from hipanalytics.clinic.care import names
from hipanalytics.clinic.care.erasure import Erased, erase, erased_words, list_file, read_list
from hipanalytics.clinic.care.soundness import faults
from hipanalytics.clinic.care.traces import Traces
from hipanalytics.clinic.clinic import Clinic, open_clinic
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
from hipanalytics.clinic.erased import erased_among
from hipanalytics.clinic.keys import key_file
from hipanalytics.errors import ClinicError
from hipanalytics.importers import MappingProfile

GONE = "Kx-4711"
"""The patient who is erased; OTHER and LONGER stay."""
OTHER, LONGER = "Ab-0815", "Kx-47110"
HEADER = "patient_id,performed_at,exercise,pain,note"
DAY = dt.date(2026, 3, 2)


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


def used(clinic: Clinic, folder: Path) -> Clinic:
    """Everything that can be done to a clinic is done to this one, with the patient in it."""
    session = clinic.session
    clinic.import_logs(write(
        folder / f"{GONE} march.csv", f"{GONE},2026-03-01,squat,5,knee too", f"{GONE},2026-03-02,squat,11,",
        f"{OTHER},2026-03-01,squat,3,trains with {GONE}.", f"{OTHER},2026-03-02,squat,99,{GONE} was there",
        f"{GONE} (Ann),2026-03-03,squat,5,", f"?,2026-03-03,squat,5,perhaps {GONE}",
        f"{OTHER},2026-03-05,squat,98,"), today=TODAY)
    clinic.import_logs(write(folder / "second.csv", f"{GONE},2026-03-01,squat,6,", f"{GONE},2026-03-04,bridge,6,",
                             f"{OTHER},2026-03-04,squat,2,"), today=TODAY)
    undone = clinic.import_logs(write(folder / "third.csv", f"{GONE},2026-03-04,bridge,1,"), today=TODAY)[0]
    clinic.undo_import(undone.import_id, f"not {GONE}'s")
    alone = MappingProfile(constants={"patient_id": GONE}, columns={"performed_at": "day"})
    (folder / "alone.csv").write_text("day,pain\n2026-03-05,4\n")
    clinic.import_logs(folder / "alone.csv", mapping=alone, today=TODAY)
    entries = clinic.quarantine().set_index("row")["entry"]
    clinic.correct({int(entries[3]): {"pain": "1"}}, today=TODAY)
    clinic.dismiss([int(entries[8])], f"see {GONE}")
    (folder / "patients.csv").write_text(f"patient_id,hip_side\n{GONE},left\n{OTHER},right\n")
    import_decisions(session, folder / "patients.csv", "patients", today=TODAY)
    for patient in (GONE, OTHER):
        plan = PlanVersion(valid_from=DAY, sessions_per_week=3)
        decisions.save(session, patient, plan, base=0, reason=f"as {GONE}")
        decisions.save(session, patient, Pause(start=DAY, reason=f"with {GONE}"), base=0)
        decisions.save(session, patient, RedFlagAnswer(answered_on=DAY, positive=False, question=f"{GONE}?"), base=0)
        decisions.save(session, patient, ReviewNote(as_of=DAY, flags={}, decision=f"ask {GONE}\nsoon"))
        decisions.save(session, patient, Quiet(as_of=DAY, flag="silent", kind="snoozed", until=TODAY))
    decisions.add_patient(session, LONGER, reason=f"a relative of {GONE}")
    names.set_name(session, GONE, names.PersonName("Ann Example"))
    names.set_name(session, OTHER, names.PersonName("Bob Example"))
    clinic.cohort()
    clinic.cohort([GONE])
    return clinic


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of a well-used clinic, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(folder))
        used(open_clinic(folder / "clinic", clinician="Dr Weber"), folder).close()
    return folder


@pytest.fixture
def in_folder(template: Path, home: Path) -> Iterator[Clinic]:
    shutil.copytree(template, home, dirs_exist_ok=True)
    with open_clinic(home / "clinic", clinician="Dr Weber") as opened:
        yield opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.clinic)])
def well_used(request: pytest.FixtureRequest, home: Path) -> Iterator[Clinic]:
    if request.param == "sqlite":
        yield request.getfixturevalue("in_folder")
    else:
        with open_clinic(request.getfixturevalue("database"), clinician="Dr Weber") as opened:
            yield used(opened, home)


def everything(clinic: Clinic) -> dict[str, list[tuple[Any, ...]]]:
    with clinic.session.database.reading() as connection:
        return {table.name: [tuple(row) for row in connection.execute(select(table))]
                for table in schema.metadata.sorted_tables}


def files_with(folder: Path, word: str) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


def test_nothing_of_the_patient_is_left_in_any_table(well_used: Clinic) -> None:
    erased = erase(well_used.session, GONE, f"{GONE} asked for it")
    assert erased.is_complete
    assert erased.doubtful == {}
    assert erased.removed["log_rows"] == 7  # 5 and 6 on the 1st; none and 1 on the 2nd; 6 and 1 on the 4th; the 5th
    assert erased.removed["decisions"] == 7  # hip side, assumed start, plan, pause, answer, review, snooze
    left = repr(everything(well_used)).replace(LONGER, "")
    assert GONE not in left
    assert "Ann" not in left
    assert json.dumps(GONE)[1:-1] not in left


def test_no_byte_of_the_folder_holds_the_patient(in_folder: Clinic, home: Path) -> None:
    with closing(sqlite3.connect(home / "clinic" / "clinic.sqlite")) as held:  # so that there is a journal
        held.execute("SELECT count(*) FROM patients").fetchall()
        in_folder.import_logs(write(home / "more.csv", f"{GONE},2026-03-09,squat,5,"), today=TODAY)
        with in_folder.session.database.writing() as connection:  # no other's pseudonym begins with it
            connection.execute(schema.patients.update().where(schema.patients.c.patient_id == LONGER).values(
                patient_id="Ab-4711"))
        assert {"clinic.sqlite", "clinic.sqlite-wal"} <= set(files_with(home / "clinic", GONE))
        assert list((home / "clinic" / "snapshot").iterdir())
        assert erase(in_folder.session, GONE, "asked").is_complete
        assert files_with(home / "clinic", GONE) == []
        assert files_with(names.names_file(in_folder.session.clinic_id).parent, GONE) == []
        in_folder.cohort()
        assert files_with(home / "clinic", GONE) == []


def test_everyone_else_stays_as_they_were(well_used: Clinic) -> None:
    def of_others(cohort: Any) -> list[list[str]]:
        tables = [cohort.logs, cohort.plans, cohort.pauses, cohort.patients, cohort.red_flags]
        return [sorted(map(repr, table[table["patient_id"].astype(str) != GONE].drop(
            columns=["note", "file", "reason", "question"], errors="ignore").astype(object).values.tolist()))
                for table in tables]

    before = of_others(well_used.cohort())
    erase(well_used.session, GONE, "asked")
    after = well_used.cohort()
    assert set(after.logs["patient_id"]) == {OTHER}
    assert of_others(after) == before
    assert list(map(len, before)) == [4, 1, 1, 2, 1]
    notes = after.logs.set_index("performed_at")["note"]
    assert notes.loc["2026-03-01"] == "trains with [erased]."
    assert set(after.logs["file"]) == {"[erased] march.csv", "second.csv"}
    with well_used.session.database.reading() as connection:
        held = {kind: decisions.current(connection, kind, [OTHER])[0] for kind in ("pause", "review", "plan")}
        assert held["pause"].record.reason == "with [erased]"
        assert held["review"].record.decision == "ask [erased]\nsoon"
        assert held["plan"].reason == "as [erased]"
        assert decisions.current(connection, "patient", [LONGER])[0].reason == "a relative of [erased]"
        assert faults(connection) == []
    assert names.show_name(well_used.session, OTHER) == names.PersonName("Bob Example")


def test_refused_rows_of_the_patient_go_and_those_of_others_wait_on(well_used: Clinic) -> None:
    erase(well_used.session, GONE, "asked")
    waiting = well_used.quarantine()
    assert waiting["row"].tolist() == [5]  # dismissed rows and the patient's own are gone
    assert waiting["cells"].iloc[0]["note"] == "[erased] was there"
    assert waiting["file"].tolist() == ["[erased] march.csv"]


def test_the_trail_says_that_someone_was_erased_and_not_who(well_used: Clinic) -> None:
    before = len(well_used.trail())
    erase(well_used.session, GONE, "asked")
    trail = well_used.trail()
    assert len(trail) == before + 1
    assert trail.loc[0, ["author", "action", "patients"]].tolist() == ["Dr Weber", "erased", 1]
    assert trail.loc[0, "detail"] == ""
    assert set(trail["patient_id"].dropna()) == {OTHER, LONGER}


def test_work_goes_on_after_an_erasure(well_used: Clinic, home: Path) -> None:
    erase(well_used.session, GONE, "asked")
    well_used.import_logs(write(home / "next.csv", f"{OTHER},2026-03-04,squat,8,"), today=TODAY)
    well_used.undo_import(2, "try")
    logs = well_used.cohort([OTHER]).logs.set_index("performed_at")["pain"]
    assert logs.loc["2026-03-04"] == 8
    well_used.undo_import(1, "try")
    with well_used.session.database.reading() as connection:
        assert faults(connection) == []
    assert well_used.cohort().logs["patient_id"].tolist() == [OTHER]


def test_a_snapshot_elsewhere_forgets_the_patient_when_next_used(
    in_folder: Clinic, home: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = type(in_folder.session.database.place)
    monkeypatch.setattr(place, "snapshots", lambda self, clinic_id: home / "elsewhere")
    assert GONE in set(in_folder.cohort().logs["patient_id"])
    with monkeypatch.context() as patch:
        patch.setattr(place, "snapshots", lambda self, clinic_id: home / "own")
        erase(in_folder.session, GONE, "asked")
    logs = in_folder.cohort().logs
    assert set(logs["patient_id"]) == {OTHER}
    assert not any(GONE in text for text in logs["file"].astype(str))


@contextmanager
def reader(file: Path) -> Iterator[None]:
    """Another program in the midst of reading the clinic."""
    script = ("import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN'); "
              "c.execute('SELECT * FROM patients').fetchall(); print('reading', flush=True); sys.stdin.read()")
    process = subprocess.Popen([sys.executable, "-c", script, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == b"reading\n"
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


def test_while_someone_reads_it_is_not_complete_and_the_repeat_completes_it(
    in_folder: Clinic, home: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hipanalytics.clinic.care.wiping._WAIT_SECONDS", 0.2)
    with reader(home / "clinic" / "clinic.sqlite"):
        erased = erase(in_folder.session, GONE, "asked")
        assert not erased.is_complete
        assert "in use elsewhere" in erased.to_do[0]
        assert erased_words(erased).startswith("NOT COMPLETE.\n")
        assert GONE not in set(in_folder.cohort().logs["patient_id"])
        assert GONE.encode() in (home / "clinic" / "clinic.sqlite").read_bytes().replace(LONGER.encode(), b"")
    again = erase(in_folder.session, GONE, "asked")
    assert again.is_complete
    assert again.removed == {}
    assert len(everything(in_folder)["erasures"]) == 1
    for file in (home / "clinic").rglob("*"):
        assert file.is_dir() or GONE.encode() not in file.read_bytes().replace(LONGER.encode(), b"")


@pytest.mark.clinic
def test_a_killed_erasure_is_all_or_nothing_and_completed_by_its_repeat(
    template: Path, home: Path,
) -> None:
    script = ("import sys; from hipanalytics.clinic.opening import open_session\n"
              "from hipanalytics.clinic.care.erasure import erase\n"
              "session = open_session(sys.argv[1], clinician='Dr Weber'); print('go', flush=True)\n"
              "erase(session, sys.argv[2], 'asked')")
    for wait in range(8):
        shutil.rmtree(home / "clinic", ignore_errors=True)
        shutil.rmtree(home / "hipanalytics", ignore_errors=True)
        shutil.copytree(template, home, dirs_exist_ok=True)
        process = subprocess.Popen([sys.executable, "-c", script, home / "clinic", GONE], stdout=subprocess.PIPE)
        assert process.stdout
        assert process.stdout.readline() == b"go\n"
        time.sleep(wait * 0.02)
        process.kill()
        process.wait()
        process.stdout.close()
        with open_clinic(home / "clinic", clinician="Dr Weber") as clinic:
            held = everything(clinic)
            is_erased = len(held["erasures"])
            assert len(held["patients"]) == 3 - is_erased
            assert is_erased <= len(read_list(clinic.session.clinic_id) or ())
            with clinic.session.database.reading() as connection:
                assert faults(connection) == []
            assert erase(clinic.session, GONE, "asked").is_complete
        for file in (home / "clinic").rglob("*"):
            assert file.is_dir() or GONE.encode() not in file.read_bytes().replace(LONGER.encode(), b"")


def test_it_is_remembered_by_a_hash_in_the_clinic_and_outside(well_used: Clinic) -> None:
    session = well_used.session
    erase(session, GONE, f"letter of {GONE}")
    (row,) = everything(well_used)["erasures"]
    assert row[1:2] + row[3:] == ("Dr Weber", "letter of [erased]")
    listed = read_list(session.clinic_id)
    assert [tuple(entry.values()) for entry in listed or ()] == [row]
    assert list_file(session.clinic_id).stat().st_mode & 0o077 == 0
    with session.database.reading() as connection:
        assert erased_among(session, connection, [GONE, OTHER, LONGER, "new"]) == {GONE}


def test_without_the_key_nobody_is_erased_and_nobody_can_be_recognised(well_used: Clinic) -> None:
    session = well_used.session
    with session.database.reading() as connection:
        key = key_file(session.clinic_id)
        content = key.read_text()
        key.unlink()
        assert erased_among(session, connection, [OTHER]) == set()  # nobody was erased: no key is needed
    with pytest.raises(ClinicError, match="secret key is not on this computer"):
        erase(session, GONE, "asked")
    assert set(well_used.cohort().logs["patient_id"]) == {GONE, OTHER}
    key.write_text(content)
    erase(session, GONE, "asked")
    key.unlink()
    with session.database.reading() as connection, pytest.raises(ClinicError, match="secret key"):
        erased_among(session, connection, [OTHER])


def test_a_stranger_and_an_erasure_without_reason_are_refused(well_used: Clinic) -> None:
    before = everything(well_used)
    for stranger in ("Kx", "Kx-4", "4711", "Ab-081"):
        with pytest.raises(ClinicError, match=f"no patient {stranger} in this clinic"):
            erase(well_used.session, stranger, "asked")
    with pytest.raises(ClinicError, match="Say why"):
        erase(well_used.session, GONE, "  ")
    assert everything(well_used) == before
    assert read_list(well_used.session.clinic_id) is None


def test_where_the_list_cannot_be_written_nothing_is_erased(well_used: Clinic) -> None:
    before = everything(well_used)
    list_file(well_used.session.clinic_id).mkdir()
    with pytest.raises(ClinicError, match="list of erasures"):
        erase(well_used.session, GONE, "asked")
    assert everything(well_used) == before


@pytest.mark.parametrize("short", ["12", "P1", "20260"])
def test_a_short_pseudonym_is_removed_from_tables_and_left_in_sentences(short: str, home: Path) -> None:
    clinic = open_clinic(home / "clinic", clinician="Dr Weber")
    clinic.import_logs(write(home / "a.csv", f"{short},2026-03-01,squat,5,", f"{short},2026-03-02,squat,50,",
                             f"{OTHER},2026-03-01,squat,3,did {short} of them", f"{OTHER},2026-03-02,squat,4,fine"),
                       today=TODAY)
    alone = MappingProfile(constants={"patient_id": short}, columns={"performed_at": "day"})
    (home / "alone.csv").write_text("day,pain\n2026-03-05,4\n")
    clinic.import_logs(home / "alone.csv", mapping=alone, today=TODAY)
    erased = erase(clinic.session, short, "asked")
    assert erased.is_complete
    assert erased.doubtful["log_rows.note"] == 1
    assert "1 in log_rows.note" in erased_words(erased)
    assert clinic.cohort().logs["note"].tolist() == [f"did {short} of them", "fine"]
    assert clinic.quarantine().empty
    assert short not in clinic.imports()[1].profile
    assert [row[1] for row in everything(clinic)["patients"]] == [OTHER]


@pytest.mark.parametrize("word", ["left", "pain", "true", "plan", "squat", "session_logs", "100200", "patient_id"])
def test_a_pseudonym_that_is_a_word_of_the_program_breaks_nothing(word: str, home: Path) -> None:
    clinic = open_clinic(home / "clinic", clinician="Dr Weber")
    file = write(home / "a.csv", f"{word},2026-03-01,squat,5,", f"{OTHER},2026-03-01,squat,3,the {word} one",
                 f"{OTHER},2026-03-02,squat,33,")
    profile = MappingProfile(words={"side": {"L": "left"}}, filter={"exercise": "squat"})
    clinic.import_logs(file, mapping=profile, today=TODAY)
    squat = PrescribedExercise(exercise="squat", side="left", load_kg=100200)
    decisions.save(clinic.session, OTHER, PlanVersion(valid_from=DAY, sessions_per_week=3, exercises=(squat,)), base=0)
    erase(clinic.session, word, "asked")
    entries = clinic.quarantine()["entry"].tolist()
    assert clinic.correct({entries[0]: {"pain": "3"}}, today=TODAY).still_wrong.empty
    cohort = clinic.cohort()
    assert cohort.logs["note"].dropna().tolist() == ["the [erased] one"]
    assert cohort.prescriptions[["exercise", "side", "load_kg"]].values.tolist() == [["squat", "left", 100200]]


def test_words_say_what_was_removed(clinic: Clinic, home: Path) -> None:
    file = write(home / "a.csv", f"{GONE},2026-03-01,squat,5,", f"{OTHER},2026-03-01,squat,5,{GONE}")
    clinic.import_logs(file, today=TODAY)
    words = erased_words(erase(clinic.session, GONE, "asked")).splitlines()
    assert words[:2] == ["The patient was erased: 1 rows of the log removed.",
                         "1 other texts named the patient; they say [erased] now."]
    assert words[2].startswith("Backups made before still hold the patient")


def test_files_that_are_not_the_clinics_are_named(home: Path) -> None:
    with open_clinic(home / "clinic", clinician="Dr Weber") as clinic:
        clinic.import_logs(write(home / "a.csv", f"{GONE},2026-03-01,squat,5,"), today=TODAY)
        (home / "clinic" / "export.txt").write_text(f"about {GONE}")
        erased: Erased = erase(clinic.session, GONE, "asked")
    assert not erased.is_complete
    assert "export.txt" in erased.to_do[0]
    assert "export.txt" in erased.advice[-1]


def test_the_words_of_a_profile_for_patients_are_never_kept(home: Path) -> None:
    clinic = open_clinic(home / "clinic", clinician="Dr Weber")
    profile = MappingProfile(words={"patient_id": {"Ann Example": GONE, "Bob Example": OTHER}}, keep=["patient_id"])
    file = write(home / "a.csv", "Ann Example,2026-03-01,squat,5,", "Bob Example,2026-03-01,squat,3,")
    clinic.import_logs(file, mapping=profile, today=TODAY)
    erase(clinic.session, GONE, "asked")
    words = MappingProfile.model_validate_json(clinic.imports()[0].profile).words
    assert list(words["patient_id"]) == ["not kept"]
    assert clinic.cohort().logs["patient_id"].tolist() == [OTHER]
    assert files_with(home / "clinic", "Ann Example") == files_with(home / "clinic", "Bob Example") == []


@pytest.mark.parametrize(("text", "wanted"), [
    ("as P-017.", "as [erased]."), ("P-017", "[erased]"), ("(P-017)", "([erased])"), ("P-017.csv", "[erased].csv"),
    ("log_P-017_3.csv", "log_[erased]_3.csv"), ("P-0170", "P-0170"), ("XP-017", "XP-017"), ("éP-017", "éP-017"),
    ("P-017-2", "P-017-2"), ("P-017 and P-017-2", "[erased] and P-017-2"), ("A.P-017", "A.P-017"), ("p-017", "p-017"),
    ("P-017-3", "[erased]-3"), ("", "")])
def test_only_whole_words_that_are_no_other_patient_are_taken_out(text: str, wanted: str) -> None:
    traces = Traces("P-017", ["P-017", "P-017-2", "A.P-017", "Q-1"])
    assert traces.taken_out(text) == wanted
    assert traces.are_in(text) == (text != wanted)


@given(st.lists(st.sampled_from(["P-017", "P-0170", "a", "-", ".", "_", " ", "é", "\n"]), max_size=12).map("".join))
def test_nothing_but_the_pseudonym_is_taken_out_and_none_is_left(text: str) -> None:
    traces = Traces("P-017", ["P-0170"])
    out = traces.taken_out(text)
    assert not traces.are_in(out)
    assert out.replace("[erased]", "P-017") == text
