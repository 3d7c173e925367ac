"""Names, addresses, numbers and births are noticed at the door; scores, dates, codes and exercises are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipanalytics.errors import FileError
from hipanalytics.importers import MappingProfile, door_text, read_logs, read_patients, read_pauses, read_profile
from hipanalytics.importers.batches import read_log_batches
from hipanalytics.importers.identifiers import identifiers_in, identifiers_said, some_personal
from hipanalytics.importers.notices import joined_notices
from hipanalytics.importers.personal_numbers import is_health_number, is_phone, personal_in
from hipanalytics.importers.raw import RawTable, Source
from hipanalytics.importers.reading import read_raw
from hipanalytics.importers.screening import Screening
from tests.importers.files import SHARED, TODAY, logs_from

NAMES, MAILS, PHONES, BIRTHS, NUMBERS = (
    "names of people", "e-mail addresses", "phone numbers", "dates of birth", "health numbers")
EXAMPLE = Path(__file__).resolve().parents[2] / "data" / "example"


def told(report: object) -> list[str]:
    """What the report says of identifiers."""
    return [notice.sentence for notice in report.notices if notice.code == "identifier"]  # type: ignore[attr-defined]


# Each was looked up where the number is described, or its check digit worked out by hand.
RIGHT = ["756.1234.5678.97", "7569217076985", "A123456780", "943 476 5870", "9434765870", "295109912611193",
         "2 95 10 99 126 111 93", "253072B07300470", "111222333", "1237 010180", "RCCMNL83S18D969H", "151086 95088",
         "880320-0016", "19880320-0016", "211062-5629", "536-90-4399", "131052-308T", "54362315K", "44051401359"]


@pytest.mark.parametrize("number", RIGHT)
def test_health_numbers_with_the_right_check_digit(number: str) -> None:
    assert is_health_number(number)
    assert personal_in(f"patient {number} called")


@pytest.mark.parametrize("number", [
    "756.1234.5678.98", "7569217076984", "A123456781", "9434765871", "295109912611199", "111222334", "2237 010180",
    "RCCMNL83S18D969A", "15108695077", "880320-0018", "321062-5629", "666-00-0000", "536904399", "131052-308U"])
def test_a_wrong_check_digit_is_no_health_number(number: str) -> None:
    assert not is_health_number(number)


@given(st.integers(0, 99_999_999), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_one_in_ten_check_digits_fits_a_german_number(digits: int, letter: str) -> None:
    fitting = [last for last in range(10) if is_health_number(f"{letter}{digits:08d}{last}")]
    assert len(fitting) == 1


@pytest.mark.parametrize("number", [
    "+41 79 123 45 67", "+41791234567", "0041 79 123 45 67", "079 123 45 67", "0171/1234567", "01711234567",
    "(030) 123 45 67", "06 12 34 56 78", "06.12.34.56.78", "+41 (0)79 123 45 67", "(415) 555-2671", "415-555-2671"])
def test_phone_numbers(number: str) -> None:
    assert is_phone(number)
    assert personal_in(f"Tel.{number}, bitte")


@pytest.mark.parametrize("text", [
    "01.02.2026", "01.02.2026 10:30", "2026-03-12 17:30:00", "01.02.26-03.04.26", "2026-03-01 - 2026-03-14", "0-10",
    "3 x 10, 0.5 kg", "10 12 15 10 12 15 10 12", "5/10 4/10 3/10 2/10", "120/80 130/85 125/82", "110 120 130 140",
    "P-0001 did week 3", "20260312", "1.2.2026: 3/10, 2.2.2026: 4/10", "05 06 2026 und 07 06 2026", "0.123456789",
    "felt good @home", "SN-0034-2233-11", "", "-" * 500, "1 " * 5000, "a" * 10_000])
def test_what_notes_hold_besides(text: str) -> None:
    assert not personal_in(text)
    assert not is_phone(text)


@given(st.lists(st.one_of(st.sampled_from([*RIGHT, "079 123 45 67", "+41 (0)79 123 45 67", "a@b.ch", "2026-03-12"]),
                          st.text("0123456789 .-/()+@Aa:", max_size=24)), min_size=1, max_size=4))
def test_the_quick_look_lets_nothing_through_that_the_careful_one_finds(parts: list[str]) -> None:
    note = " ".join(parts)
    raw = RawTable({"column 1": pa.array(["P1"]).dictionary_encode(), "column 2": pa.array([note]).dictionary_encode()},
                   np.array([2]), Source("logs.csv", "CSV"), names={"column 1": "patient_id", "column 2": "note"})
    screened = Screening(MappingProfile(), "session_logs").screened(raw).columns["column 2"].to_pylist()
    assert (screened == [None]) == personal_in(note)


@pytest.mark.parametrize(("heading", "values", "kind"), [
    ("Vorname", ["Anna"], NAMES), ("first_name", ["aaa", "bbb"], NAMES), ("Last Name", ["O'Neill", "de Vries"], NAMES),
    ("Name", ["Anna Müller", "Huber, P.", "AYŞE YILMAZ"], NAMES), ("Nom", ["Élodie Martin"], NAMES),
    ("patientName", ["J. Okafor"], NAMES), ("who", ["Anna Moser", "Peter Huber", "Maria Frei", "J. Okafor"], NAMES),
    ("E-Mail", ["a@b.ch"], MAILS), ("contact", ["a@b.ch", "c.d@e.org", "x_y@z.co.uk"], MAILS),
    ("Tel. privat", ["079 123 45 67"], PHONES),
    ("Handy", ["0791234567", "unbekannt"], PHONES),
    ("contact", ["079 123 45 67", "0171/1234567", "+44 20 7946 0018"], PHONES),
    ("dob", ["2010-10-14"], BIRTHS), ("Geb.-Datum", ["12.3.44"], BIRTHS),
    ("Date de naissance", ["3 mars 1950"], BIRTHS),
    ("D", ["1956-03-12", "12.03.1944", "1970-01-01 00:00:00"], BIRTHS),
    ("AHV-Nr.", ["756.1234.5678.98"], NUMBERS), ("NHS number", ["9434765871"], NUMBERS),
    ("code", ["7561234567897", "756.9217.0769.85", "7569217076985"], NUMBERS),
])
def test_columns_that_tell_who_people_are(heading: str, values: list[str], kind: str) -> None:
    assert identifiers_in(heading, values) == kind


@pytest.mark.parametrize(("heading", "values"), [
    ("name", ["Knee Pain", "happiness", "Patellar Tendon Throbbing"]), ("Name", ["Clamshell", "Mini Squat", "Plank"]),
    ("exercise_name", ["Side Plank", "Bridging"]), ("activity", ["Road Bike", "Mt Bike", "Down Ski", "Alpi Ski"]),
    ("therapist", ["Anna Moser", "Peter Huber", "Maria Frei"]), ("Physio E-Mail", ["a@b.ch", "c@b.ch", "d@b.ch"]),
    ("entered_by", ["Anna", "Peter", "Maria"]), ("medication", ["Ibuprofen", "Paracetamol", "Diclofenac"]),
    ("place", ["Berlin, Germany", "Zürich, Switzerland", "Paris, France"]), ("month", ["Jan", "Feb", "Mar", "Apr"]),
    ("record_id", ["1", "2", "3", "4"]), ("mrn", ["12345678", "23456789", "34567890"]),
    ("code", ["P-01", "P-02", "P-03"]),
    ("serial", [str(1_000_000_000 + step) for step in range(300)]), ("padded", [f"{n:010d}" for n in range(300)]),
    ("serial", [str(100_000_000 + step) for step in range(300)]), ("code", [f"A{100_000_000 + n}" for n in range(300)]),
    ("epoch", [str(1_700_000_000 + 86_400 * step) for step in range(300)]), ("gps", ["47.3768866", "8.541694", "7.1"]),
    ("op_date", ["2019-03-01", "2011-05-06", "1999-04-03"]), ("visit", ["2026-01-01", "2026-01-02", "2026-01-03"]),
    ("mobile", ["yes", "no"]), ("phone", ["iPhone 12", "Pixel 7"]), ("nhs", ["1", "0"]), ("email_sent", ["yes", "no"]),
    ("born", ["1950", "1944"]), ("mobility", ["good", "bad"]), ("pain", ["3.8", "2", "10"]), ("dob", []), ("", ["x"]),
])
def test_columns_that_do_not(heading: str, values: list[str]) -> None:
    assert identifiers_in(heading, values) == ""
    assert not some_personal(heading, values) or heading == "Physio E-Mail"


@pytest.mark.parametrize(("values", "kind"), [
    (["Anna"], NAMES), (["anna.mueller"], NAMES), (["Mueller_Anna"], NAMES), (["HUBER MARIA"], NAMES),
    (["Huber"], NAMES),
    (["756.1234.5678.97"], NUMBERS), (["7561234567897"], NUMBERS), (["a@b.ch"], MAILS), (["+41791234567"], PHONES),
    (["1956-03-12", "1944-01-01", "12.03.1960"], BIRTHS), (["12031956", "01021944", "05061950"], BIRTHS),
    (["9434765870"], ""), (["9434765870", "9434765919", "4010232137"], NUMBERS),
    (["P-0001", "P-0002"], ""), (["A", "B"], ""), (["ABC", "XYZ"], ""), (["12345678"], ""), (["blue-fox"], ""),
    (["Patient A", "Patient B"], ""), (["H9TE2BTRAY8T26A87"], ""), (["jan-01"], ""), (["20240312", "20240313"], ""),
])
def test_a_patients_own_identifier(values: list[str], kind: str) -> None:
    assert identifiers_in("patient_id", values, "patient") == kind


@given(st.lists(st.integers(0, 10**9 - 1), min_size=8, max_size=40, unique=True),
       st.sampled_from(["P{}", "{}", "S-{:09d}"]))
def test_running_numbers_are_pseudonyms(numbers: list[int], shape: str) -> None:
    ids = [shape.format(number % 10**8) for number in numbers]
    assert identifiers_in("patient_id", list(dict.fromkeys(ids)), "patient") == ""


@given(st.lists(st.text(max_size=30), max_size=8, unique=True), st.text(max_size=30),
       st.sampled_from(["patient", "text", "unused"]))
def test_rubbish_is_looked_at_without_a_fault(values: list[str], heading: str, use: str) -> None:
    assert identifiers_in(heading, values, use) in ("", NAMES, MAILS, PHONES, BIRTHS, NUMBERS)  # type: ignore[arg-type]
    assert identifiers_said(heading) in ("", NAMES, MAILS, PHONES, BIRTHS, NUMBERS)


def test_columns_that_are_not_used_are_told(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, (
        "patient_id,performed_at,Name,dob,Kommentar,weight\n"
        "P1,2026-03-01,Anna Muster,1950-03-01,ruft an: 079 123 45 67,70\n"
        "P2,2026-03-01,Peter Beispiel,1944-12-24,gut,80\n"))
    assert told(report) == [
        'Column "Name" looks like names of people. It was not read.',
        'Column "dob" looks like dates of birth. It was not read.',
        'Column "Kommentar" holds e-mail addresses, phone numbers or health numbers in its text. It was not read.']
    assert 'Worth knowing:\n  Column "Name" looks like names of people.' in door_text(report)
    assert len(logs) == 2


NOTES = ("patient_id,performed_at,exercise,note\n"
         "P1,2026-03-01,squat,gut\nP1,2026-03-02,squat,\"Frau Muster, 079 123 45 67\"\nP2,2026-03-03,squat,a@b.ch\n"
         "P2,2026-03-04,squat,\"3 x 10 on 2026-03-04 17:30, 2/10\"\nP2,2026-03-05,squat,AHV 756.1234.5678.97\n"
         "P2,2026-03-06,squat,a@b.ch\n")


def test_of_notes_only_the_cells_with_an_identifier_are_emptied(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, NOTES)
    assert logs["note"].fillna("").tolist() == ["gut", "", "", "3 x 10 on 2026-03-04 17:30, 2/10", "", ""]
    assert told(report) == [
        'Column "note" holds e-mail addresses, phone numbers or health numbers in 4 cells; they were left empty (first '
        'in logs.csv, row 3). keep = ["note"] in a profile keeps such cells.']
    assert [notice.count for notice in report.notices if notice.code == "identifier"] == [4]
    assert (report.accepted, report.rejected, report.cells_left_out) == (6, 0, 0)


@pytest.mark.parametrize("kept", ["note", "NOTE ", ["note"]])
def test_notes_that_the_profile_keeps_stay_and_are_not_told(tmp_path: Path, kept: object) -> None:
    logs, report = logs_from(tmp_path, NOTES, mapping=MappingProfile.model_validate({"keep": kept}))
    assert logs["note"].fillna("").tolist()[1] == "Frau Muster, 079 123 45 67"
    assert told(report) == []


def test_a_used_column_of_identifiers_is_emptied_as_a_whole(tmp_path: Path) -> None:
    mapping = MappingProfile(columns={"note": "Kontakt", "exercise": "Übung"})
    text = ("patient_id,performed_at,Übung,Kontakt\n"
            "P1,2026-03-01,Kniebeuge,a@b.ch\nP2,2026-03-01,Brücke,c@d.ch\nP3,2026-03-01,Plank,e@f.ch\n"
            "P4,2026-03-01,,privat\n")
    logs, report = logs_from(tmp_path, text, mapping=mapping)
    assert logs["note"].isna().all()
    assert logs["exercise"].dropna().tolist() == ["Kniebeuge", "Brücke", "Plank"]
    assert told(report) == [
        'Column "Kontakt" (note) looks like e-mail addresses. It was left empty; keep = ["note"] in a profile keeps '
        'it.']
    kept, report = logs_from(tmp_path, text, mapping=mapping.model_copy(update={"keep": ("Kontakt",)}))
    assert kept["note"].tolist() == ["a@b.ch", "c@d.ch", "e@f.ch", "privat"]
    assert told(report) == []


def test_patients_names_are_told_and_on_request_refused(tmp_path: Path) -> None:
    text = "Patient,performed_at\nHuber_Anna,2026-03-01\nMoser_Peter,2026-03-01\n"
    mapping = MappingProfile(columns={"patient_id": "Patient"})
    logs, report = logs_from(tmp_path, text, mapping=mapping)
    assert len(logs) == 2
    assert told(report) == [
        'Column "Patient" (patient_id) looks like names of people. pseudonymise = true in a profile turns them into '
        'pseudonyms when the file is imported into a clinic; keep = ["patient_id"] in a profile says that they may '
        'stay.']
    with pytest.raises(FileError) as refused:
        logs_from(tmp_path, text, mapping=mapping, refuse_identifiers=True)
    assert str(refused.value) == (
        'logs.csv: the column "Patient" (patient_id) looks like names of people, and a clinic keeps pseudonyms. Write '
        'pseudonymise = true in the profile to turn them into pseudonyms, or keep = ["patient_id"] to take them as '
        'they are.')
    for kept in ("patient_id", "patient"):
        mine = mapping.model_copy(update={"keep": (kept,)})
        logs, report = logs_from(tmp_path, text, mapping=mine, refuse_identifiers=True)
        assert (len(logs), told(report)) == (2, [])


def test_other_tables_are_watched_too(tmp_path: Path) -> None:
    path = tmp_path / "pauses.csv"
    path.write_text(
        "patient_id,start,end,reason\nP1,2026-03-01,2026-03-05,holiday\nP2,2026-03-01,2026-03-05,see a@b.ch\n")
    pauses, report = read_pauses(path, today=TODAY)
    assert pauses["reason"].fillna("").tolist() == ["holiday", ""]
    assert len(told(report)) == 1
    path.write_text("patient_id,clinician,Telefon\nP1,Anna Moser,079 123 45 67\nP2,a.moser@clinic.ch,079 123 45 68\n")
    patients, report = read_patients(path, today=TODAY)
    assert patients["clinician"].tolist() == ["Anna Moser", "a.moser@clinic.ch"]
    assert told(report) == ['Column "Telefon" looks like phone numbers. It was not read.']
    path.write_text("patient_id,clinician\nanna.huber,A\npeter.frei,B\n")
    with pytest.raises(FileError, match="names of people"):
        read_patients(path, today=TODAY, refuse_identifiers=True)


def test_parquet_columns_that_are_not_read_are_judged_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "logs.parquet"
    pd.DataFrame({"patient_id": [7561234567897, 7569217076985], "performed_at": pd.to_datetime(["2026-03-01"] * 2),
                  "note": ["good", "mail a@b.ch"], "Geburtsdatum": ["1950-01-01"] * 2, "weight": [70.0, 80.0],
                  "mobile_app_version": ["1", "2"]}).to_parquet(path)
    logs, report = read_logs(path, today=TODAY)
    assert logs["note"].fillna("").tolist() == ["good", ""]
    assert [sentence.partition(".")[0] for sentence in told(report)] == [
        'Column "patient_id" looks like health numbers',
        'Column "note" holds e-mail addresses, phone numbers or health numbers in 1 cell; it was left empty (first in '
        'logs',
        'Column "Geburtsdatum" looks like dates of birth, by its name']


def test_several_files_are_told_once_and_counted_together(tmp_path: Path) -> None:
    for name, row in (("a.csv", "P1,2026-03-01,a@b.ch,Anna\n"), ("b.csv", "P2,2026-03-01,c@d.ch,Peter\n")):
        (tmp_path / name).write_text("patient_id,performed_at,note,Vorname\nP9,2026-01-01,gut,Maria\n" + row)
    _, report = read_logs([tmp_path / "a.csv", tmp_path / "b.csv"], today=TODAY)
    assert [(notice.count, notice.sentence[:20]) for notice in report.notices if notice.code == "identifier"] == [
        (2, 'Column "note" holds '), (1, 'Column "Vorname" loo')]


def test_a_file_in_parts_is_screened_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "logs.csv").write_text(NOTES)
    raw = read_raw(tmp_path / "logs.csv", MappingProfile(), "session_logs")
    parts = [raw.kept(raw.rows % 3 == rest) for rest in range(3)]
    whole, again = Screening(MappingProfile(), "session_logs"), Screening(MappingProfile(), "session_logs")
    whole.screened(raw)
    for _ in range(2):  # from the beginning again, as where the fast reader cannot go on
        list(again.over(parts))
    cleaned = [again.screened(part, seen_before=True) for part in parts]
    assert [notice.count for notice in again.notices()] == [notice.count for notice in whole.notices()] == [4]
    notes = [note for part in cleaned for note in part.columns["column 4"].to_pylist() if note]
    assert sorted(notes) == ["3 x 10 on 2026-03-04 17:30, 2/10", "gut"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_large_file_in_batches_is_told_and_emptied_as_a_small_one(tmp_path: Path, ending: str) -> None:
    (tmp_path / "logs.csv").write_text(NOTES)
    path = tmp_path / f"logs.{ending}"
    if ending == "parquet":
        pd.read_csv(tmp_path / "logs.csv").to_parquet(path)
    logs, report = read_logs(path, today=TODAY)
    batches = list(read_log_batches(path, today=TODAY, rows_per_batch=2, whole_up_to=0))
    assert len(batches) >= 3
    assert pd.concat(batch.frame["note"] for batch in batches).fillna("").tolist() == logs["note"].fillna("").tolist()
    notices = joined_notices(notice for batch in batches for notice in batch.notices)
    assert [(notice.count, notice.sentence) for notice in notices if notice.code == "identifier"] == [
        (4, told(report)[0])]


def test_patients_names_anywhere_in_a_large_file_are_refused_before_its_first_batch(tmp_path: Path) -> None:
    names = "".join(f"Huber_Anna{'aeiou'[n % 5]},2026-03-{n % 28 + 1:02d}\n" for n in range(40))
    (tmp_path / "logs.csv").write_text("patient_id,performed_at\nP1,2026-03-01\nP1,2026-03-02\n" + names)
    with pytest.raises(FileError, match="names of people"):
        next(read_log_batches(tmp_path / "logs.csv", today=TODAY, rows_per_batch=2, whole_up_to=0,
                              refuse_identifiers=True))


@pytest.mark.parametrize(("file", "table"), [
    ("logs", "session_logs"), ("patients", "patients"), ("pauses", "pauses"), ("plans", "plans"),
    ("truth", "patients")])
def test_the_example_cohort_raises_no_false_alarm(file: str, table: str) -> None:
    profile = MappingProfile.model_validate({"table": table})
    screening = Screening(profile, table, refuse=True)
    screening.screened(read_raw(EXAMPLE / f"{file}.csv", profile, table))
    assert screening.notices() == ()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of real files is absent")
def test_real_files_raise_the_true_alarms_alone() -> None:
    found: dict[str, list[str]] = {}
    for path in sorted(SHARED.rglob("*.csv")):
        screening = Screening(MappingProfile(), "session_logs", refuse=True)
        screening.screened(read_raw(path, MappingProfile(), "session_logs"))
        found[str(path.relative_to(SHARED))] = [notice.sentence for notice in screening.notices()]
    assert len(found) >= 10
    assert {name: sentences for name, sentences in found.items() if sentences} == {
        "redcap/decimal-comma/data.csv": ['Column "name" looks like names of people. It was not read.'],
        "redcap/repeating-instruments/data.csv": [
            'Column "first_name" looks like names of people. It was not read.',
            'Column "dob" looks like dates of birth. It was not read.']}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of real files is absent")
@pytest.mark.parametrize("number", [2, 3, 4, 5, 6, 9])
def test_real_diaries_with_their_profiles_are_silent(number: int) -> None:
    profile = read_profile(f"diary_participant_{number}")
    path = next((SHARED / "diaries").glob(f"Participant{number}*.csv"))
    _, report = read_logs(path, mapping=profile, today=TODAY, refuse_identifiers=True)
    assert told(report) == []
