"""A clinic on the command line, as it is used from week to week."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hipanalytics.clinic.decisions.news import NEWS_COLUMNS
from hipanalytics.review import REVIEW_COLUMNS

WEEK_1 = """patient_id,performed_at,exercise,pain
A,2026-01-05,bridging,6
A,2026-01-07,bridging,5
B,2026-01-05,bridging,
"""
WEEK_2 = """patient_id,performed_at,exercise,pain
A,2026-01-07,bridging,4
A,2026-01-09,bridging,12
B,2026-13-07,bridging,3
"""
PLANS = "patient_id,valid_from,sessions_per_week\nA,2026-01-01,3\n"


@pytest.fixture
def clinic(run: Callable[..., tuple], tmp_path: Path) -> Callable[..., tuple]:
    """The command in a clinic that holds the first week."""
    (tmp_path / "week_1.csv").write_text(WEEK_1)
    (tmp_path / "week_2.csv").write_text(WEEK_2)
    (tmp_path / "plans.csv").write_text(PLANS)
    status, _, said = run("import", "week_1.csv", "--plans", "plans.csv")
    assert status == 0
    assert "3 rows read = 3 new + 0 known already." in said
    return run


def test_without_a_clinic_nothing_is_made_by_looking(run, tmp_path: Path) -> None:
    for command in ("review", "imports", "quarantine", "trail", "clinicians"):
        status, _, said = run(command)
        assert status == 2, command
        assert "There is no clinic in" in said
        assert "hipanalytics import" in said
    assert not list(tmp_path.rglob("clinic.sqlite"))


def test_the_same_file_again_changes_nothing(clinic) -> None:
    status, _, said = clinic("import", "week_1.csv")
    assert status == 0
    assert "week_1.csv was imported before (import 1," in said
    assert "nothing was changed" in said


def test_the_review_says_what_is_new(clinic) -> None:
    status, out, said = clinic("review")
    header = out.splitlines()[0].split(",")
    assert status == 0
    assert header[:len(REVIEW_COLUMNS)] == list(REVIEW_COLUMNS)
    assert header[-len(NEWS_COLUMNS):] == list(NEWS_COLUMNS)
    assert "2 never reviewed" in said


def test_an_import_is_listed_and_undone(clinic) -> None:
    clinic("import", "week_2.csv")
    _, out, _ = clinic("imports")
    assert [line.split("Import ")[1][0] for line in out.splitlines()] == ["1", "2", "3"]
    status, _, said = clinic("undo-import", "3", "--reason", "wrong week")
    assert status == 0
    assert "Import 3 (week_2.csv) is undone" in said
    status, _, said = clinic("undo-import", "3", "--reason", "wrong week")
    assert status == 2
    assert "was undone already" in said


def test_the_quarantine_goes_out_as_a_sheet_and_comes_back_corrected(clinic, tmp_path: Path) -> None:
    status, _, said = clinic("import", "week_2.csv")
    assert status == 1
    assert "hipanalytics quarantine" in said
    clinic("quarantine", "--output", "open.xlsx")
    sheet = pd.read_excel("open.xlsx", dtype=str, keep_default_na=False)
    assert sheet["pain"].tolist() == ["12", "3"]
    assert 'performed_at: "2026-13-07" is not a date' in sheet["problem"][1]
    sheet.loc[0, "pain"], sheet.loc[1, "performed_at"] = "2", "2026-01-77"
    sheet.to_excel("open.xlsx", index=False)
    status, _, said = clinic("correct", "open.xlsx")
    assert status == 1
    assert 'Still wrong, and not imported: row 4, performed_at: "2026-01-77"' in said
    _, out, _ = clinic("quarantine")
    assert out.count("\n") == 1
    status, _, said = clinic("dismiss", out.split()[0], "--reason", "nobody knows the day")
    assert status == 0
    _, out, said = clinic("quarantine")
    assert (out, said) == ("", "The quarantine is empty.\n")


def test_a_list_of_clinicians_asks_who_is_at_work(clinic) -> None:
    clinic("clinicians", "--add", "Anna Weber")
    status, _, said = clinic("undo-import", "1", "--reason", "test")
    assert status == 2
    assert "Who are you?" in said
    assert "Anna Weber" in said
    status, _, _ = clinic("undo-import", "1", "--reason", "test", "--clinician", "anna weber")
    assert status == 0
    _, out, _ = clinic("imports")
    assert "by Anna Weber" in out


def test_what_does_not_go_together_is_said(clinic) -> None:
    for arguments, sentence in [
        (("import",), "Give at least one file"),
        (("review", "week_1.csv", "--clinic", "x"), "not both"),
        (("review", "--plans", "plans.csv"), "takes no other files"),
        (("correct", "week_1.csv"), "no column entry"),
        (("dismiss", "99", "--reason", "x"), "no open entry 99"),
        (("imports", "--clinic", "mysql://host/db"), "not understood"),
        (("review", "--clinic", "week_1.csv"), "is a file"),
    ]:
        status, _, said = clinic(*arguments)
        assert status == 2, arguments
        assert sentence in said, arguments


def test_a_clinic_goes_into_a_backup_and_comes_back(clinic, tmp_path: Path) -> None:
    assert clinic("backup", "copy.hipclinic")[0] == 0
    status, _, said = clinic("erase", "B", "--reason", "asked for it", "--yes")
    assert status == 0, said
    assert "The patient was erased" in said
    status, _, said = clinic("restore", "copy.hipclinic", "again")
    assert status == 0
    assert "erased again" in said
    _, out, _ = clinic("review", "--clinic", "again")
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == ["A"]
    status, out, _ = clinic("doctor", "--clinic", "again")
    assert [line.split(":")[0] for line in out.splitlines() if "TO DO" in line] == ["TO DO Last backup"]
    assert status == 2
    clinic("backup", "another.hipclinic", "--clinic", "again")
    status, out, _ = clinic("doctor", "--clinic", "again")
    assert "Nothing needs to be done." in out
    assert status == 0


def test_a_name_is_shown_on_demand(clinic) -> None:
    assert clinic("name", "A")[1] == "A is not on this computer's list.\n"
    clinic("name", "A", "--set", "Anna Muster", "--phone", "079 000 00 00")
    assert clinic("name", "A")[1] == "Anna Muster  079 000 00 00\n"
    _, out, _ = clinic("trail", "A")
    assert ",named," in out
    assert clinic("name", "Z")[0] == 2
