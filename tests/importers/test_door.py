"""Which rows are used, which are refused, and how each is told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from hipanalytics.errors import CohortError, FileError
from hipanalytics.importers import door_text, load_cohort, read_logs, rejects_table
from tests.importers.files import TODAY, found, logs_from

HEADER = "patient_id,performed_at,exercise,done,pain\n"


def test_a_bad_score_is_left_out_and_its_row_stands(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, HEADER + "P1,2026-03-01,squat,yes,10.5\nP1,2026-03-02,squat,yes,3.5\n")
    assert logs["pain"].isna().tolist() == [True, False]
    assert found(report) == [(2, "pain", "10.5", "is outside 0 to 10", "cell left out")]
    assert (report.accepted, report.rejected, report.receipts[0].cells_left_out) == (2, 0, 1)


def test_a_bad_date_or_id_refuses_its_row_and_all_of_its_problems_are_listed(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, HEADER + "P1,2026-02-30,squat,yes,seven\n<b>,2026-03-01,,,3\n,2026-03-01,,,3\n")
    assert logs.empty
    assert [(row, column, effect) for row, column, _, _, effect in found(report)] == [
        (2, "performed_at", "row refused"), (2, "pain", "row refused"), (3, "patient_id", "row refused"),
        (4, "patient_id", "row refused")]
    assert report.refused_per_patient.to_dict("records") == [
        {"patient_id": "P1", "rows_refused": 1, "cells_left_out": 0,
         "what": 'logs.csv row 2: performed_at "2026-02-30" does not exist: there is no 30 February in that year; '
                 'logs.csv row 2: pain "seven" is not a number'}]


@pytest.mark.parametrize(("written", "score"), [("0", 0.0), ("-0", 0.0), ("+3", 3.0), ("3.3333", 3.3333), ("10", 10.0),
                                               (".5", 0.5), ("1e1", 10.0), ("", None), ("NA", None), ("NaN", None)])
def test_scores_that_are_taken(tmp_path: Path, written: str, score: float | None) -> None:
    logs, report = logs_from(tmp_path, HEADER + f"P1,2026-03-01,squat,yes,{written}\n")
    assert [None if pd.isna(value) else value for value in logs["pain"]] == [score]
    assert str(logs["pain"].iloc[0]) != "-0.0"
    assert found(report) == []


@pytest.mark.parametrize(("written", "problem"), [
    ("7/10", "is a fraction, not a single number"), ("seven", "is not a number"), ("-1", "is outside 0 to 10"),
    ("inf", "is not a number that can be stored"), ("1e400", "is not a number that can be stored"),
    ("#N/A", "is the error of a formula"), ("0x10", "is not a number"), ("10.0001", "is outside 0 to 10"),
    ("٣", "is not a number"), ("5 kg", "is not a number"), ("1_0", "is not a number")])
def test_scores_that_are_left_out(tmp_path: Path, written: str, problem: str) -> None:
    logs, report = logs_from(tmp_path, HEADER + f"P1,2026-03-01,squat,yes,{written}\n")
    assert logs["pain"].isna().all()
    assert found(report) == [(2, "pain", written, problem, "cell left out")]


def test_repetitions_are_whole_and_loads_need_not_be(tmp_path: Path) -> None:
    logs, report = logs_from(
        tmp_path, "patient_id,performed_at,exercise,sets,reps,hold_s,load_kg\n"
                  "P1,2026-03-01,squat,3,10.0,2.5,7.5\nP1,2026-03-02,squat,2.5,-1,-1,-0.5\n")
    assert logs.loc[0, ["sets", "reps", "hold_s", "load_kg"]].tolist() == [3, 10, 2.5, 7.5]
    assert logs.loc[1, ["sets", "reps", "hold_s", "load_kg"]].isna().all()
    assert [problem for _, _, _, problem, _ in found(report)] == [
        "is not a whole number", "is below 0", "is below 0", "is below 0"]


def test_done_is_true_false_or_not_known(tmp_path: Path) -> None:
    words = ["YES", "n", "1", "False", "", "ja"]
    rows = "".join(f"P1,2026-03-0{day},squat,{done},\n" for day, done in enumerate(words, 1))
    logs, report = logs_from(tmp_path, HEADER + rows)
    assert [None if value is pd.NA else bool(value) for value in logs["done"]] == [True, False, True, False, None, None]
    assert found(report) == [(7, "done", "ja", "is neither yes nor no", "cell left out")]


def test_without_a_column_done_rows_with_an_exercise_were_done(tmp_path: Path) -> None:
    logs, _ = logs_from(tmp_path, "patient_id,performed_at,exercise,pain\nP1,2026-03-01,squat,3\nP1,2026-03-02,,3\n")
    assert [None if value is pd.NA else bool(value) for value in logs["done"]] == [True, None]


def test_words_are_taken_in_any_case_and_others_left_out(tmp_path: Path) -> None:
    logs, report = logs_from(
        tmp_path, "patient_id,performed_at,side,stop_reason\nP1,2026-03-01,LEFT,Pain\nP1,2026-03-02,middle,tired\n")
    assert logs["side"].astype(object).where(logs["side"].notna(), None).tolist() == ["left", None]
    assert [(column, value) for _, column, value, _, _ in found(report)] == [
        ("side", "middle"), ("stop_reason", "tired")]
    assert list(logs["side"].cat.categories) == ["left"]


def test_texts_have_a_longest_length(tmp_path: Path) -> None:
    logs, report = logs_from(
        tmp_path, "patient_id,performed_at,exercise,note\n"
                  f"P1,2026-03-01,{'x' * 80},{'y' * 10_000}\nP1,2026-03-02,{'x' * 81},{'y' * 10_001}\n")
    assert logs["exercise"].notna().tolist() == [True, False]
    assert logs["note"].notna().tolist() == [True, False]
    assert report.problems["value"].str.len().max() == 80


def test_html_formulas_and_marks_are_only_text_in_notes_and_refused_in_ids(tmp_path: Path) -> None:
    logs, report = logs_from(
        tmp_path, "patient_id,performed_at,note\nP1,2026-03-01,=CMD()\nP1,2026-03-02,<script>x</script>\n"
                  "P1,2026-03-03,'=1+1\nP\u202e1,2026-03-03,a\n=P1,2026-03-03,a\n")
    assert logs["note"].tolist() == ["=CMD()", "<script>x</script>", "=1+1"]
    assert report.rejected == 2


def test_exact_duplicates_count_once_and_compare_what_was_read(tmp_path: Path) -> None:
    logs, report = logs_from(
        tmp_path, HEADER + "P1,2026-03-01,squat,yes,3\n P1 ,2026-03-01,squat,TRUE,3.0\nP1,2026-03-01,squat,yes,4\n"
                           "P1,2026-03-01 00:00,squat,yes,3\nP2,2026-03-01 10:00,squat,yes,3\n")
    assert (report.accepted, report.duplicates) == (4, 1)
    assert logs["row"].tolist() == [2, 4, 5, 6]


def test_a_row_repeated_in_a_second_file_is_a_duplicate(tmp_path: Path) -> None:
    first = HEADER + "P1,2026-03-01,squat,yes,3\n"
    (tmp_path / "a.csv").write_text(first)
    (tmp_path / "b.csv").write_text(first + "P2,2026-03-01,,,3\n")
    logs, report = read_logs([tmp_path / "a.csv", tmp_path / "b.csv"], today=TODAY)
    assert [(receipt.file, receipt.accepted, receipt.duplicates) for receipt in report.receipts] == [
        ("a.csv", 1, 0), ("b.csv", 1, 1)]
    assert logs["file"].tolist() == ["a.csv", "b.csv"]


def test_files_with_different_columns_are_put_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("patient_id,performed_at,exercise,side\nP1,2026-03-01,squat,left\n")
    (tmp_path / "b.csv").write_text("patient_id,performed_at,pain,note\nP2,2026-03-02,4,sore\n")
    logs, _ = read_logs([tmp_path / "a.csv", tmp_path / "b.csv"], today=TODAY)
    assert logs["side"].astype(object).where(logs["side"].notna(), None).tolist() == ["left", None]
    assert logs["pain"].fillna(-9).tolist() == [-9, 4]
    assert list(logs["patient_id"]) == ["P1", "P2"]
    assert [None if value is pd.NA else value for value in logs["done"]] == [True, None]


def test_blank_rows_are_passed_over_and_row_numbers_are_those_of_the_spreadsheet(tmp_path: Path) -> None:
    logs, report = logs_from(
        tmp_path, "\n" + HEADER + '\nP1,2026-03-01,"two\nlines",,3\n,,,,\nP1,2026-03-02,squat,,3\n')
    assert logs["row"].tolist() == [4, 6]
    assert (report.rows_read, report.receipts[0].blank) == (2, 2)


def test_the_text_adds_up_groups_and_shows_the_first_three(tmp_path: Path) -> None:
    rows = "".join(f"P{n},2026-03-01,squat,yes,{10 + n}\n" for n in range(1, 6))
    _, report = logs_from(tmp_path, HEADER + rows + "P1,03/04/2026,squat,yes,1\nP1,2026-03-01,squat,yes,11\n")
    text = door_text(report)
    assert "logs.csv (CSV): 7 rows read = 5 accepted + 1 exact duplicate + 1 rejected." in text
    assert "pain: is outside 0 to 10 (6 times; cell left out, the row stands). Allowed: 0 to 10" in text
    assert text.count("row 2: found") == 1
    assert "... and 3 more" in text
    assert 'row 7: found "03/04/2026", which fits both 3 April 2026 and 4 March 2026' in text


def test_the_rejects_table_starts_with_row_column_value_and_reason(tmp_path: Path) -> None:
    _, report = logs_from(tmp_path, HEADER + "P1,2026-03-01,squat,yes,11\n")
    table = rejects_table(report)
    assert list(table.columns[:4]) == ["row", "column", "value", "reason"]
    assert table.iloc[0, :4].tolist() == [2, "pain", "11", "is outside 0 to 10; allowed: 0 to 10, decimals allowed"]


def test_a_cohort_knows_what_was_refused_per_patient(tmp_path: Path) -> None:
    (tmp_path / "logs.csv").write_text(HEADER + "P1,2026-03-01,squat,yes,11\nP2,soon,squat,yes,1\n")
    (tmp_path / "plans.csv").write_text("patient_id,valid_from,sessions_per_week\nP2,2026-03-01,9\nP1,2026-03-01,3\n")
    cohort, report = load_cohort(tmp_path / "logs.csv", plans=tmp_path / "plans.csv", today=TODAY)
    assert cohort.refused.to_dict("records") == [
        {"patient_id": "P1", "rows_refused": 0, "cells_left_out": 1,
         "what": 'logs.csv row 2: pain "11" is outside 0 to 10'},
        {"patient_id": "P2", "rows_refused": 2, "cells_left_out": 0,
         "what": 'logs.csv row 3: performed_at "soon" is not a date; '
                 'plans.csv row 2: sessions_per_week "9" is outside 1 to 7'}]
    assert (report.rows_read, report.accepted, report.rejected, report.any_rejected) == (4, 2, 2, True)


def test_a_misspelt_optional_column_is_told(tmp_path: Path) -> None:
    _, report = logs_from(tmp_path, "patient_id,performed_at,pain_durin,colour\nP1,2026-03-01,3,red\n")
    assert "pain_durin (pain_during?), colour" in report.receipts[0].assumptions[0]


def test_a_missing_required_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="has no column performed_at; the nearest is 'performed at'"):
        logs_from(tmp_path, "patient_id,performed at,pain\nP1,2026-03-01,3\n")


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="has the column pain 2 times"):
        logs_from(tmp_path, "patient_id,performed_at,pain, PAIN\nP1,2026-03-01,3,4\n")


def test_names_of_columns_ignore_case_blanks_and_byte_order_marks(tmp_path: Path) -> None:
    logs, _ = logs_from(tmp_path, "\ufeffPatient_ID, Performed_At ,PAIN\nP1,2026-03-01,3\n")
    assert logs["pain"].tolist() == [3]


def test_an_unknown_zone_suggests_a_near_one(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="'Europe/Berln' is not a known time zone; did you mean Europe/Berlin"):
        logs_from(tmp_path, HEADER, zone="Europe/Berln")


@pytest.mark.parametrize(("name", "content", "sentence"), [
    ("a.csv", b"", "is empty"), ("a.csv", b"\xef\xbb\xbf\r\n", "is empty"), ("a.csv", b",,,\n,,\n", "is empty"),
    ("a.csv", b'a,b\n1,2\n"x,2\n', "row 3: a quotation mark .* never closed"),
    ("a.csv", b"a" + b"," * 6_000 + b"b\n", "has 6,001 columns"),
    ("a.csv", b"a,b\n1,2\n", "no column patient_id and no column performed_at; it has a, b. Rename them"),
    ("a.csv", b'sep="\npatient_id,performed_at\n', "has no column patient_id"),
    ("a.csv", b"\x1f\x8b\x08\x00aaaaaaaa", "compressed"),
    ("a.csv", b"patient_id,performed_at\n" + b"x" * 1_000_001, "more than 1,000,000 characters")])
def test_files_that_cannot_be_used_are_refused_with_a_sentence(
    tmp_path: Path, name: str, content: bytes, sentence: str,
) -> None:
    with pytest.raises(FileError, match=sentence):
        logs_from(tmp_path, content, name)


def test_a_missing_file_and_a_folder_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nothing\.csv does not exist"):
        read_logs(tmp_path / "nothing.csv", today=TODAY)
    with pytest.raises(FileError, match="is a folder"):
        read_logs(tmp_path, today=TODAY)


def test_a_file_with_a_header_alone_has_no_rows_and_no_problems(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, HEADER)
    assert (len(logs), report.rows_read, len(report.problems)) == (0, 0, 0)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    logs_from(tmp_path, HEADER, on_progress=lambda stage, part: told.append((stage, part)))
    assert told[0] == ("Reading logs.csv", 0.0)
    assert told[-1][1] == 1.0


def test_rows_are_compared_with_the_cells_that_were_left_out_of_them(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, "patient_id,performed_at,pain\nP1,2026-03-01,\nP1,2026-03-01,11\n"
                                       "P1,2026-03-01,seven\nP1,2026-03-01,11\nP1,2026-03-01,\n")
    assert (report.accepted, report.duplicates, report.rejected) == (3, 2, 0)
    assert logs["row"].tolist() == [2, 3, 4]


def test_of_many_refusals_the_first_three_are_told_and_the_others_counted(tmp_path: Path) -> None:
    _, report = logs_from(tmp_path, HEADER + 5 * "P1,2026-03-01,squat,yes,11\n")
    (what,) = report.refused_per_patient["what"]
    assert what.count("pain \"11\"") == 3
    assert what.endswith("; and 2 more")
