"""What stands in the clinic after imports, overlapping and repeated?"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.files import TODAY, drawn, log_rows, sourced_rows, write_lines, write_rows
from clinic.plain_clinic import PlainClinic, Row
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.clinic.logs.receipts import receipt_words
from hipanalytics.errors import ClinicError, FileError
from hipanalytics.importers import MappingProfile

FIRST = """
    P1 | 2026-03-01 10:00 | bridge | 4
    P1 | 2026-03-02 10:00 | bridge | 5
    P2 | 2026-03-01 10:00 | squat  | 6
"""
LATER = """
    P1 | 2026-03-02 10:00 | bridge | 3
    P1 | 2026-03-03 10:00 | bridge | 2
    P2 | 2026-03-01 10:00 | squat  | 6
"""


def test_a_file_is_in_the_log_as_the_door_reads_it(clinic: Clinic, home: Path) -> None:
    receipt = clinic.import_logs(write_lines(home / "first.csv", FIRST), today=TODAY)[0]
    assert drawn(clinic) == [
        "P1 03-01 bridge 4 (first.csv 2)", "P1 03-02 bridge 5 (first.csv 3)", "P2 03-01 squat 6 (first.csv 4)"]
    assert (receipt.rows_read, receipt.accepted, receipt.rows_new, receipt.rows_known) == (3, 3, 3, 0)
    assert (receipt.data_up_to, receipt.author, receipt.file) == ("2026-03-02", "Dr Weber", "first.csv")


def test_the_same_file_again_changes_nothing(clinic: Clinic, home: Path) -> None:
    path = write_lines(home / "first.csv", FIRST)
    first = clinic.import_logs(path, today=TODAY)[0]
    again = clinic.import_logs(path.rename(home / "renamed.csv"), today=TODAY)[0]
    assert (again.already_imported, again.import_id) == (True, first.import_id)
    assert "nothing was changed" in receipt_words(again)
    assert [each.import_id for each in clinic.imports()] == [1]
    assert len(drawn(clinic)) == 3


def test_an_overlapping_file_adds_what_is_new_and_replaces_what_differs(clinic: Clinic, home: Path) -> None:
    clinic.import_logs(write_lines(home / "first.csv", FIRST), today=TODAY)
    later = clinic.import_logs(write_lines(home / "later.csv", LATER), today=TODAY)[0]
    assert drawn(clinic) == [
        "P1 03-01 bridge 4 (first.csv 2)", "P1 03-02 bridge 3 (later.csv 2)", "P1 03-03 bridge 2 (later.csv 3)",
        "P2 03-01 squat 6 (first.csv 4)"]
    assert (later.rows_read, later.rows_new, later.rows_known, later.rows_replaced) == (3, 2, 1, 1)


def test_the_rows_of_a_key_are_replaced_as_a_set(clinic: Clinic, home: Path) -> None:
    clinic.import_logs(write_lines(home / "two.csv", "P1|2026-03-01|bridge|4\nP1|2026-03-01|bridge|6"), today=TODAY)
    clinic.import_logs(write_lines(home / "one.csv", "P1|2026-03-01|bridge|6"), today=TODAY)
    assert drawn(clinic) == ["P1 03-01 bridge 6 (two.csv 3)"]
    clinic.import_logs(write_lines(home / "three.csv", "P1|2026-03-01|bridge|4\nP1|2026-03-01|bridge|7"), today=TODAY)
    assert drawn(clinic) == ["P1 03-01 bridge 4 (two.csv 2)", "P1 03-01 bridge 7 (three.csv 3)"]


def test_a_day_without_a_time_and_its_midnight_are_one_key(clinic: Clinic, home: Path) -> None:
    clinic.import_logs(write_lines(home / "day.csv", "P1|2026-03-01|bridge|4"), today=TODAY)
    timed = "P1|2026-03-01 00:00|bridge|5\nP1|2026-03-02 10:00|bridge|6"
    clinic.import_logs(write_lines(home / "midnight.csv", timed), today=TODAY)
    logs = clinic.cohort().logs
    assert sorted(zip(logs["has_time"], logs["pain"], strict=True)) == [(True, 5.0), (True, 6.0)]


def test_a_patient_alone_has_the_whole_log(clinic: Clinic, home: Path) -> None:
    clinic.import_logs(write_lines(home / "first.csv", FIRST), today=TODAY)
    clinic.import_logs(write_lines(home / "later.csv", LATER), today=TODAY)
    assert log_rows(clinic, ["P1"]) == [row for row in log_rows(clinic) if row[0] == "P1"]
    assert len(log_rows(clinic, ["P2", "P1", "P2"])) == 4
    with pytest.raises(ClinicError, match="does not know: P9"):
        clinic.cohort(["P1", "P9"])


def test_a_file_that_cannot_be_read_leaves_nothing(clinic: Clinic, home: Path) -> None:
    for path in (home / "gone.csv", home):
        with pytest.raises(FileError):
            clinic.import_logs(path, today=TODAY)
    (home / "no-table.csv").write_bytes(b"\x00\x01\x02")
    with pytest.raises(FileError):
        clinic.import_logs([write_lines(home / "first.csv", FIRST), home / "no-table.csv"], today=TODAY)
    assert [each.file for each in clinic.imports()] == ["first.csv"]


def test_a_file_without_a_usable_row_has_its_receipt(clinic: Clinic, home: Path) -> None:
    receipt = clinic.import_logs(write_lines(home / "bad.csv", "P1|someday|bridge|4"), today=TODAY)[0]
    assert (receipt.rows_read, receipt.rejected, receipt.rows_new, receipt.data_up_to) == (1, 1, 0, None)
    assert len(clinic.cohort().logs) == 0


@pytest.mark.parametrize("text", ["naïve ✓ 👩‍⚕️", "'; DROP TABLE log_rows; --", "a\tb\\N\\.", "x" * 1900, '"', "%s {0}"])
def test_any_note_comes_back_as_it_was(clinic: Clinic, home: Path, text: str) -> None:
    row: Row = {"patient_id": "P1", "performed_at": dt.date(2026, 3, 1), "exercise": text[:60].strip(), "note": text}
    clinic.import_logs(write_rows(home / "note.csv", [row]), today=TODAY)
    for cohort in (clinic.cohort(), clinic.cohort(["P1"])):
        assert cohort.logs["note"].tolist() == [text]
        assert cohort.logs["exercise"].tolist() == [text[:60].strip()]


# Against the plain clinic

FIRST_DAY, MIDNIGHT, TEN = dt.date(2026, 3, 1), dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 1, 10)
MOMENTS = [FIRST_DAY, MIDNIGHT, TEN, dt.date(2026, 3, 2)]
MAYBE: dict[str, st.SearchStrategy[Any]] = {
    "exercise": st.sampled_from([None, "bridge", "squat"]), "side": st.sampled_from([None, "left", "right"]),
    "pain": st.sampled_from([None, 0, 3, 3.5]), "done": st.sampled_from([None, True, False]),
    "reps": st.sampled_from([None, 0, 10]), "note": st.sampled_from([None, "stairs"]),
    "logged_at": st.sampled_from([None, dt.datetime(2026, 3, 3, 9)])}


@st.composite
def plain_files(draw: st.DrawFn) -> tuple[list[Row], tuple[str, ...], bool]:
    """Rows, the columns that the file has, and whether repeated rows count."""
    names = tuple(draw(st.lists(st.sampled_from(sorted(MAYBE)), unique=True, max_size=4)))
    row = st.fixed_dictionaries({
        "patient_id": st.sampled_from(["P1", "P2", "P-3"]), "performed_at": st.sampled_from(MOMENTS),
        **{name: MAYBE[name] for name in names}})
    rows = draw(st.lists(row, min_size=1, max_size=6))
    if not any(each["performed_at"] == TEN for each in rows):  # where all are midnight, the door takes them for days
        rows = [{**each, "performed_at": FIRST_DAY if each["performed_at"] == MIDNIGHT else each["performed_at"]}
                for each in rows]
    return rows, names, draw(st.booleans())


PlainFile = tuple[list[Row], tuple[str, ...], bool]
FILES = st.lists(plain_files(), min_size=1, max_size=3)
STEPS = st.lists(st.tuples(st.sampled_from(["import", "import", "undo"]), st.integers(0, 5)), min_size=2, max_size=8)
EXAMPLES = int(os.environ.get("HIPANALYTICS_EXAMPLES", "10"))
BEFORE = settings(max_examples=EXAMPLES, deadline=None,
                  suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
Open = Callable[[], Clinic]


@pytest.fixture
def fresh(home: Path) -> Open:
    """Opens a new, empty clinic in a folder, quickly."""
    open_clinic(home / "empty").close()

    def new() -> Clinic:
        folder = Path(tempfile.mkdtemp(dir=home))
        shutil.copytree(home / "empty", folder / "clinic")
        return open_clinic(folder / "clinic", clinician="Dr Weber")

    return new


@pytest.fixture
def fresh_on_server(home: Path, server: Any) -> Open:
    """The same on PostgreSQL."""
    empty = server.new_database()
    open_clinic(server.address(empty)).close()
    return lambda: open_clinic(server.address(server.new_database(empty)), clinician="Dr Weber")


@given(FILES, STEPS)
@BEFORE
def test_a_clinic_is_what_its_standing_imports_say(
    fresh: Open, files: list[PlainFile], steps: list[tuple[str, int]],
) -> None:
    with fresh() as clinic:
        agrees_with_the_plain_clinic(clinic, files, steps)


@pytest.mark.clinic
@given(FILES, STEPS)
@BEFORE
def test_a_clinic_on_a_server_is_what_its_standing_imports_say(
    fresh_on_server: Open, files: list[PlainFile], steps: list[tuple[str, int]],
) -> None:
    with fresh_on_server() as clinic:
        agrees_with_the_plain_clinic(clinic, files, steps)


def agrees_with_the_plain_clinic(
    clinic: Clinic, files: list[PlainFile], steps: list[tuple[str, int]],
) -> None:
    """Import and undo as the steps say; after each, the clinic and the plain one hold the same."""
    plain = PlainClinic()
    with tempfile.TemporaryDirectory() as folder:
        for what, which in steps:
            if what == "import":
                import_both(clinic, plain, Path(folder), files[which % len(files)])
            elif plain.imports and not plain.imports[which % len(plain.imports)].undone:
                number = which % len(plain.imports) + 1
                plain.undo(number)
                assert clinic.undo_import(number, "not meant").is_undone
            same_rows(clinic, plain)


def import_both(clinic: Clinic, plain: PlainClinic, folder: Path, file: PlainFile) -> None:
    rows, names, keep_repeated = file
    name = f"{abs(hash((repr(rows), names, keep_repeated)))}.csv"
    profile = MappingProfile(keep_repeated_rows=keep_repeated)
    receipt = clinic.import_logs(write_rows(folder / name, rows, names), mapping=profile, today=TODAY)[0]
    known = [each for each in plain.imports if each.file == name and not each.undone]
    assert receipt.already_imported == bool(known)
    if not known:
        counts = plain.add(name, rows, keep_repeated=keep_repeated)
        told = (receipt.rows_new, receipt.rows_known, receipt.rows_replaced, receipt.duplicates)
        assert told == (counts.new, counts.known, counts.replaced, counts.duplicates)
        assert (receipt.rows_read, receipt.accepted) == (len(rows), counts.new + counts.known)
        assert receipt.import_id == plain.imports[-1].number


def same_rows(clinic: Clinic, plain: PlainClinic) -> None:
    whole = sourced_rows(clinic)
    assert sorted((said for *_, said in whole), key=repr) == plain.rows()
    for file, number, said in whole:
        assert plain.holds(file, number, said), f"{file} has no such row {number}, or was undone"
    known = sorted({row["patient_id"] for each in plain.imports for _, row in each.rows})
    for patients in (known[:1], known[-2:]):
        assert log_rows(clinic, patients) == plain.rows(patients)
