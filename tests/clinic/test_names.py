"""Names lie on this computer alone, beside the clinic, and are shown only when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from clinic.files import TODAY, write_lines
from hipanalytics.clinic.care.backup import backup
from hipanalytics.clinic.care.names import (
    PersonName,
    forget_name,
    import_names,
    names_file,
    names_words,
    preview_names,
    set_name,
    show_name,
)
from hipanalytics.clinic.clinic import Clinic, open_clinic
from hipanalytics.errors import ClinicError, FileError, HipAnalyticsError

ANN, BOB = PersonName("Ann Müller", "+41 79 000 00 00", "calls back"), PersonName('Bob "B", jr')


@pytest.fixture
def two(home: Path) -> Iterator[Clinic]:
    with open_clinic(home / "clinic", clinician="Dr Weber") as opened:
        opened.import_logs(write_lines(home / "a.csv", "P-1|2026-03-01|squat|5\nP-2|2026-03-01|squat|5"), today=TODAY)
        yield opened


def test_a_name_is_kept_shown_changed_and_forgotten(two: Clinic) -> None:
    session = two.session
    assert show_name(session, "P-1") is None
    set_name(session, "P-2", BOB)
    set_name(session, "P-1", BOB)
    set_name(session, "P-1", ANN)
    assert (show_name(session, "P-1"), show_name(session, "P-2")) == (ANN, BOB)
    forget_name(session, "P-2")
    forget_name(session, "nobody")
    assert (show_name(session, "P-1"), show_name(session, "P-2")) == (ANN, None)


def test_the_trail_says_whose_name_was_asked_for_and_never_the_name(two: Clinic) -> None:
    set_name(two.session, "P-1", ANN)
    show_name(two.session, "P-1")
    trail = two.trail()
    assert trail["action"].tolist() == ["named", "named", "imported"]
    assert trail["patient_id"].tolist()[:2] == ["P-1", "P-1"]
    assert "Ann" not in trail.to_csv()


def test_only_patients_of_the_clinic_have_names(two: Clinic) -> None:
    for name in (lambda: set_name(two.session, "P-9", ANN), lambda: show_name(two.session, "P-9")):
        with pytest.raises(ClinicError, match="no patient P-9"):
            name()
    assert not names_file(two.session.clinic_id).exists()


@pytest.mark.parametrize("values", [("",), ("  ",), ("x" * 501,), ("Ann\nMüller",), ("Ann", "0" * 501), ("Ann", "\0")])
def test_what_is_no_name_is_refused(values: tuple[str, ...]) -> None:
    with pytest.raises(ClinicError):
        PersonName(*values)


def test_names_lie_outside_the_clinic_and_in_no_backup(two: Clinic, home: Path) -> None:
    set_name(two.session, "P-1", ANN)
    file = names_file(two.session.clinic_id)
    assert file.stat().st_mode & 0o077 == 0
    assert [path for path in file.parent.iterdir() if "names" in path.name] == [file]  # nothing half written
    backup(two.session, home / "one")
    for path in [*(home / "clinic").rglob("*"), home / "one.hipclinic"]:
        assert path.is_dir() or "Müller".encode() not in path.read_bytes()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_file_of_names_says_what_it_would_bring_and_brings_it(two: Clinic, home: Path, ending: str) -> None:
    decided = pd.DataFrame(
        [["P-1", "Ann Müller", "+41 79 000 00 00", "calls  back"], ["P-9", "Zoe", "", ""], ["P-2", "Bob", "", ""],
         ["P-2", "Rob", "", ""], ["", "", "", ""]], columns=["Patient_ID", "name", "phone", "note"])
    file = home / f"names.{ending}"
    decided.to_csv(file, index=False) if ending == "csv" else decided.to_excel(file, index=False)
    for table in (preview_names(two.session, file), import_names(two.session, file)):
        assert table["what"].tolist() == ["new", "not in the clinic", *["more than once in the file"] * 2]
    assert names_words(table).splitlines() == [
        "4 rows: 2 more than once in the file, 1 new, 1 not in the clinic.", "Left out (not in the clinic): P-9.",
        "Left out (more than once in the file): P-2."]
    assert show_name(two.session, "P-1") == ANN
    assert preview_names(two.session, file)["what"].tolist()[0] == "as before"
    decided.head(1).assign(phone="1").to_csv(home / "other.csv", index=False)
    assert import_names(two.session, home / "other.csv")["what"].tolist() == ["changes"]
    assert show_name(two.session, "P-1") == PersonName("Ann Müller", "1", "calls back")


@pytest.mark.parametrize(("text", "sentence"), [
    ("patient,name\nP-1,Ann\n", "no column patient_id"), ("a,b\n1,2\n", "no column patient_id and no column name"),
    ("", "is empty"), ("patient_id,name\nP-1,\n", "Give the person's name")])
def test_a_file_that_is_no_name_list_is_refused(two: Clinic, home: Path, text: str, sentence: str) -> None:
    (home / "names.csv").write_text(text)
    with pytest.raises(HipAnalyticsError, match=sentence):
        import_names(two.session, home / "names.csv")
    with pytest.raises(FileError, match="does not exist"):
        import_names(two.session, home / "nix.csv")
    assert show_name(two.session, "P-1") is None


@pytest.mark.parametrize("rubbish", [b"\xff\xfe\xff", b"a,b\n1,2\n", b"patient_id,name,phone,note\nP-1\n", b"\0"])
def test_a_damaged_name_list_is_told_and_not_overwritten(two: Clinic, rubbish: bytes) -> None:
    file = names_file(two.session.clinic_id)
    file.write_bytes(rubbish)
    with pytest.raises(ClinicError, match="cannot be read"):
        set_name(two.session, "P-1", ANN)
    assert file.read_bytes() == rubbish
