"""The command, as a clinic's IT person meets it: outputs, exit statuses, and sentences instead of traces."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from hipanalytics.review import REVIEW_COLUMNS

LOGS = """patient_id,performed_at,exercise,pain
A,2026-01-05,bridging,6
A,2026-01-07,bridging,5
A,2026-01-09,bridging,7
B,2026-01-05,bridging,
"""


def test_a_clean_file_gives_the_table_on_standard_output_and_status_0(run, tmp_path: Path) -> None:
    Path("logs.csv").write_text(LOGS)
    status, out, err = run("review", "logs.csv")
    table = pd.read_csv(io.StringIO(out))
    assert status == 0
    assert tuple(table.columns[: len(REVIEW_COLUMNS)]) == REVIEW_COLUMNS
    assert sorted(table["patient_id"]) == ["A", "B"]
    assert "4 rows read = 4 accepted" in err
    assert "Reviewed 2 patients, up to 9 Jan 2026" in err
    assert [path.name for path in tmp_path.iterdir()] == ["logs.csv"]


@pytest.mark.parametrize("name", ["review.csv", "review.xlsx", "review.parquet"])
def test_the_table_is_the_same_in_every_format(run, name: str) -> None:
    Path("logs.csv").write_text(LOGS)
    _, out, _ = run("review", "logs.csv")
    status, nothing, _ = run("review", "logs.csv", "--output", name)
    read = {"csv": pd.read_csv, "xlsx": pd.read_excel, "parquet": pd.read_parquet}[name.rpartition(".")[2]]
    expected = pd.read_csv(io.StringIO(out), parse_dates=["as_of"])
    assert (status, nothing) == (0, "")
    found = read(name)
    assert list(found.columns) == list(expected.columns)
    assert pd.to_datetime(found["as_of"]).tolist() == expected["as_of"].tolist()
    assert found["pain_trend_n"].tolist() == expected["pain_trend_n"].tolist()
    assert found["reason"].tolist() == expected["reason"].tolist()


def test_refused_rows_give_status_1_and_a_full_list(run) -> None:
    Path("logs.csv").write_text(LOGS + "A,2026-02-30,bridging,6\nA,2026-01-10,bridging,10.5\n")
    status, out, err = run("review", "logs.csv", "--rejects", "rejects.csv")
    rejects = pd.read_csv("rejects.csv", dtype=str)
    table = pd.read_csv(io.StringIO(out)).set_index("patient_id")
    assert status == 1
    assert rejects[["row", "column", "value"]].to_numpy().tolist() == [
        ["6", "performed_at", "2026-02-30"], ["7", "pain", "10.5"]]
    assert "6 rows read = 5 accepted + 0 exact duplicates + 1 rejected" in err
    assert table.loc["A", ["rows_refused", "cells_left_out"]].tolist() == [1, 1]
    assert table.loc["B", ["rows_refused", "cells_left_out"]].tolist() == [0, 0]
    assert 'logs.csv row 7: pain "10.5" is outside 0 to 10' in table.loc["A", "notices"]


def test_a_cell_left_out_alone_is_no_rejected_row(run) -> None:
    Path("logs.csv").write_text(LOGS + "A,2026-01-10,bridging,seven\n")
    status, out, _ = run("check", "logs.csv")
    assert status == 0
    assert "5 rows read = 5 accepted" in out
    assert "seven" in out


def test_last_log_says_that_it_flatters(run) -> None:
    Path("logs.csv").write_text(LOGS)
    _, out, err = run("review", "logs.csv", "--as-of", "last-log")
    assert pd.read_csv(io.StringIO(out)).set_index("patient_id")["as_of"].to_dict() == {
        "A": "2026-01-09", "B": "2026-01-05"}
    assert "flatters those who dropped out" in err


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["review", "nothing.csv"], "nothing.csv"),
    (["review", "logs.csv", "--as-of", "soon"], "--as-of soon: give a day as YYYY-MM-DD"),
    (["review", "logs.csv", "--as-of", "2026-02-30"], "--as-of 2026-02-30"),
    (["review", "logs.csv", "--output", "logs.csv"], "would overwrite it"),
    (["review", "logs.csv", "--output", "a.csv", "--rejects", "a.csv"], "named twice"),
    (["review", "logs.csv", "--output", "a.doc"], "the ending must be"),
    (["review", "logs.csv", "--output", "no-such-folder/a.csv"], "a.csv"),
    (["review", "logs.csv", "--mapping", "no-such-profile"], "no-such-profile"),
    (["review", "logs.csv", "--zone", "Europe/Zurick"], "Europe/Zurick"),
    (["review", "logs.csv", "--thresholds", "nothing.toml"], "nothing.toml cannot be read"),
    (["review", "header.csv"], "no latest day"),
    (["check", "."], "folder"),
    (["demo", "."], "logs.csv"),
])
def test_what_cannot_be_done_is_a_sentence_and_status_2(run, arguments: list[str], sentence: str) -> None:
    Path("logs.csv").write_text(LOGS)
    Path("header.csv").write_text("patient_id,performed_at\n")
    status, out, err = run(*arguments)
    assert status == 2
    assert sentence in err
    assert "Traceback" not in err
    assert out == ""
    assert Path("logs.csv").read_text() == LOGS


def test_a_fault_of_our_own_shows_no_patient_data(run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("patient SECRET-1")

    Path("logs.csv").write_text(LOGS)
    monkeypatch.delenv("HIPANALYTICS_DEBUG", raising=False)
    monkeypatch.setattr("hipanalytics.review.review_cohort", fail)
    status, _, err = run("review", "logs.csv")
    assert status == 2
    assert "SECRET" not in err
    assert "RuntimeError" in err


def test_a_clinics_own_thresholds_are_used(run) -> None:
    Path("logs.csv").write_text(LOGS)
    Path("own.toml").write_text("[thresholds]\nblock_rated_needed = 3\n")
    _, out, _ = run("review", "logs.csv", "--thresholds", "own.toml")
    _, default, _ = run("review", "logs.csv")
    assert pd.read_csv(io.StringIO(out)).set_index("patient_id")["pain_latest"].to_dict()["A"] == 6
    assert pd.read_csv(io.StringIO(default)).set_index("patient_id")["pain_latest"].isna().all()


def test_several_files_are_read_together_and_a_row_in_two_counts_once(run) -> None:
    Path("one.csv").write_text(LOGS)
    Path("two.csv").write_text(LOGS + "B,2026-01-06,bridging,4\n")
    status, out, err = run("review", "one.csv", "two.csv")
    assert status == 0
    assert "5 rows read = 1 accepted + 4 exact duplicates" in err
    assert pd.read_csv(io.StringIO(out)).set_index("patient_id")["pain_trend_n"].to_dict() == {"A": 3, "B": 1}


def test_the_demo_can_be_reviewed(run) -> None:
    assert run("demo", "example")[0] == 0
    status, out, err = run("review", "example/logs.csv", "--plans", "example/plans.csv", "--pauses",
                           "example/pauses.csv", "--patients", "example/patients.csv", "--include-ended")
    assert status == 0
    assert len(pd.read_csv(io.StringIO(out))) == 120
    assert "ended courses among them" in err


def test_schemas_are_written(run) -> None:
    assert run("schemas", "here")[0] == 0
    assert {"session_logs.csv", "session_logs.xlsx"} <= {path.name for path in Path("here").rglob("*")}


def test_help_names_every_option_in_words(run) -> None:
    status, out, _ = run("review", "--help")
    assert status == 0
    for option in ("--plans", "--pauses", "--patients", "--as-of", "--zone", "--include-ended", "--output",
                   "--rejects", "--mapping", "--thresholds"):
        assert option in out
    assert "0 done; 1 done, but rows were rejected; 2 not done" in out


def test_a_reader_that_stops_early_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "logs.csv").write_text(LOGS)
    reader = subprocess.run(
        f'"{sys.executable}" -m hipanalytics review logs.csv | true', shell=True, cwd=tmp_path, capture_output=True,
        text=True, env={**os.environ}, check=False)
    assert "Traceback" not in reader.stderr


def test_importing_the_package_loads_no_screens_and_no_store() -> None:
    heavy = ["plotly", "ipywidgets", "sqlalchemy", "anywidget", "pandas"]
    code = f"import hipanalytics, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
