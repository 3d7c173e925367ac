"""A mapping profile says how a source writes its columns; what it says wrongly is told by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from hipanalytics.errors import FileError, ProfileError
from hipanalytics.importers import MappingProfile, profile_names, read_logs, read_pauses, read_plans, read_profile
from hipanalytics.pseudonyms import pseudonym_for
from tests.importers.files import TODAY, found, logs_from


def profile(folder: Path, text: str) -> MappingProfile:
    (folder / "clinic.toml").write_text(text, encoding="utf-8")
    return read_profile(folder / "clinic.toml")


def test_a_profile_with_every_entry(tmp_path: Path) -> None:
    clinic = profile(tmp_path, """
        description = "Diary of the shared tablet"
        fill_down = ["Jahr", "Monat"]
        [file]
        delimiter = ";"
        decimal = ","
        missing = ["-", "k.A."]
        [columns]
        patient_id = "Patient"
        done = "erledigt"
        pain = "VAS"
        effort = "Anstrengung"
        note = "Bemerkung"
        [filter]
        Art = ["Hüfte", "Leiste"]
        [constants]
        exercise = "home"
        [date.performed_at]
        year = "Jahr"
        month = "Monat"
        day = "Tag"
        time = "Zeit"
        no_time = ["Uhr"]
        [words.done]
        ja = true
        nein = "false"
        [scales.pain]
        from = [0, 100]
        to = [0, 10]
        [scales.effort.steps]
        leicht = 2
        schwer = 7.5
    """)
    logs, report = logs_from(tmp_path, (
        "Patient;Jahr;Monat;Tag;Zeit;erledigt;VAS;Anstrengung;Bemerkung;Art\n"
        "P1;2026;3;1;8:05;Ja;35;leicht;-;Hüfte\nP1;;;2;Uhr;NEIN;110;schwer;gut;leiste\n"
        "P1;;4;3;spät;k.A.;12,5;hart;-;Hüfte\nP1;;;4;;ja;1;;;Knie\n"), mapping=clinic)
    assert logs["performed_at"].astype(str).tolist() == [
        "2026-03-01 08:05:00", "2026-03-02 00:00:00", "2026-04-03 00:00:00"]
    assert logs["has_time"].tolist() == [True, False, False]
    assert logs["done"].fillna(False).tolist() == [True, False, False]
    assert logs["pain"].fillna(-9).tolist() == [3.5, -9, 1.25]
    assert logs["effort"].fillna(-9).tolist() == [2, 7.5, -9]
    assert logs["note"].fillna("").tolist() == ["", "gut", ""]
    assert (report.rows_read, report.accepted, report.filtered_out) == (4, 3, 1)
    assert [(row, column, value) for row, column, value, _, _ in found(report)] == [
        (3, "VAS", "110"), (4, "Zeit", "spät"), (4, "Anstrengung", "hart")]


def test_a_constant_done_makes_sessions_of_rows_without_it(tmp_path: Path) -> None:
    done = MappingProfile(constants={"done": True})
    logs, _ = logs_from(tmp_path, "patient_id,performed_at\nP1,2026-03-01\n", mapping=done)
    assert logs["done"].tolist() == [True]


def test_rows_of_sets_stand_although_they_are_equal(tmp_path: Path) -> None:
    sets = MappingProfile(keep_repeated_rows=True)
    row = "P1,2026-03-01,squat\n"
    logs, report = logs_from(tmp_path, "patient_id,performed_at,exercise\n" + row * 3, mapping=sets)
    assert (len(logs), report.duplicates) == (3, 0)


def test_rows_of_sets_that_a_later_file_repeats_are_duplicates(tmp_path: Path) -> None:
    for name, times in {"a.csv": 3, "b.csv": 4}.items():
        (tmp_path / name).write_text("patient_id,performed_at,exercise\n" + "P1,2026-03-01,squat\n" * times)
    logs, report = read_logs(
        [tmp_path / "a.csv", tmp_path / "b.csv"], mapping=MappingProfile(keep_repeated_rows=True), today=TODAY)
    assert (len(logs), report.duplicates) == (4, 3)


def test_a_date_in_parts_that_is_incomplete_or_no_date_is_refused(tmp_path: Path) -> None:
    parts = MappingProfile(date={"performed_at": {"year": "y", "month": "m", "day": "d"}})
    _, report = logs_from(
        tmp_path, "patient_id,y,m,d\nP1,2026,,3\nP1,2026,2,30\nP1,26,2,3\nP1,,,\nP1,2026,x,1\n", mapping=parts)
    assert [(column, problem) for _, column, _, problem, _ in found(report)] == [
        ("y, m, d", "is not a date"), ("y, m, d", "does not exist: there is no 30 February in that year"),
        ("y, m, d", "has a year of two digits"), ("y, m, d", "is empty"), ("y, m, d", "is not a date")]


def test_a_filter_that_fits_no_row_says_what_is_there(tmp_path: Path) -> None:
    hips = MappingProfile(filter={"name": "Hip Pain"})
    _, report = logs_from(tmp_path, "patient_id,performed_at,name\nP1,2026-03-01,Knee Pain\n", mapping=hips)
    assert report.receipts[0].assumptions == ("No row has name = Hip Pain; found: Knee Pain.",)
    assert (report.rows_read, report.accepted, report.filtered_out) == (1, 0, 1)


@pytest.mark.parametrize("entry", [
    {"columns": {"pain": "intensty"}}, {"filter": {"intensty": "3"}}, {"fill_down": ["intensty"]}])
def test_a_column_that_the_file_lacks_is_told_with_the_nearest(tmp_path: Path, entry: dict[str, object]) -> None:
    with pytest.raises(FileError, match="has no column intensty; the nearest is 'intensity'"):
        logs_from(tmp_path, "patient_id,performed_at,intensity\nP1,2026-03-01,3\n", mapping=MappingProfile(**entry))


@pytest.mark.parametrize(("text", "sentence"), [
    ("colums = 1", "The entry colums is unknown; did you mean columns?"),
    ("[file]\ndelimeter = ';'", "The entry file.delimeter is unknown; did you mean delimiter?"),
    ("[columns]\npian = 'x'", "[columns] pian is not a column of session_logs; did you mean pain?"),
    ("[columns]\npain = [1]", "The entry columns.pain = [1] cannot be used: text is needed."),
    ("[date.performed_at]\nyear = 'y'", "The entry date.performed_at.month is missing."),
    ("[scales.pain]\nto = [0, 10]", "scales.pain: give either from and to, or steps."),
    ("[scales.pain]\nfrom = [5, 5]", "scales.pain: from needs two different numbers."),
    ("[scales.note]\nfrom = [0, 5]", "[scales.note]: note is not a number."),
    ("[columns]\npain = 'x'\n[constants]\npain = 3", "pain is given more than once, in [columns], [constants] or"),
    ("zone = 'Europe/Berln'", "'Europe/Berln' is not a known time zone; did you mean Europe/Berlin"),
    ("zone = '../etc'", "is not a known time zone"),
    ("date_formats = ['dd/mm/yyyy']", "'dd/mm/yyyy' is not a date format"),
    ("date_formats = ['%Y-%m-%dT%H:%M%z']", "names a zone"),
    ("table = 'logs'", "The entry table = 'logs' cannot be used:"),
    ("keep_repeated_rows = 'perhaps'", "keep_repeated_rows = 'perhaps' cannot be used: true or false is needed."),
    ("[file]\ndecimal = ';'", "The entry file.decimal = ';' cannot be used:"),
    ("[file]\nencoding = 'utf-9'", "'utf-9' is not a known encoding"),
    ("[file]\ndelimiter = ''", "The entry file.delimiter = '' cannot be used: one character is needed."),
    ("a = ", "is not valid TOML")])
def test_what_a_profile_says_wrongly_is_told_in_words(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ProfileError) as told:
        profile(tmp_path, text)
    assert sentence in str(told.value)
    assert "validation error" not in str(told.value)
    assert "pydantic" not in str(told.value)


def test_an_unknown_profile_lists_those_that_there_are() -> None:
    with pytest.raises(ProfileError, match="did you mean sport_diary"):
        read_profile("sport_dairy")
    assert [read_profile(name).table for name in profile_names()] == ["session_logs"] * 7


def sealed(word: str) -> str:
    """A pseudonym that shows which word it was made of, for these tests alone: its letters, turned around."""
    return "H" + "".join(str(ord(letter)) for letter in word)


NAMED = ("Patient;performed_at;pain;note\nMüller, Anna;2026-03-01;3;gut\nMüller, Anna;2026-03-02;11;\n"
         "Huber, Peter;kaputt;2;\n;2026-03-03;1;\n#REF!;2026-03-03;1;\n")


def test_identifiers_become_pseudonyms_before_anything_is_told(tmp_path: Path) -> None:
    mine = MappingProfile(columns={"patient_id": "Patient"}, pseudonymise=True)
    logs, report = logs_from(tmp_path, NAMED, mapping=mine, pseudonym=sealed, refuse_identifiers=True)
    assert logs["patient_id"].tolist() == [sealed("Müller, Anna")] * 2
    problems = report.problems[["row", "column", "value", "patient_id"]].itertuples(index=False, name=None)
    assert list(problems) == [
        (3, "pain", "11", sealed("Müller, Anna")), (4, "performed_at", "kaputt", sealed("Huber, Peter")),
        (5, "Patient", "", ""), (6, "Patient", "#REF!", "")]
    assert report.refused_per_patient["patient_id"].tolist() == sorted([sealed("Huber, Peter"), sealed("Müller, Anna")])
    everything = report.problems.to_csv() + report.refused_per_patient.to_csv() + repr(report.receipts) + repr(
        report.notices)
    assert not [name for name in ("Müller", "Anna", "Huber", "Peter") if name in everything]


def test_rows_that_run_together_do_not_show_their_patients(tmp_path: Path) -> None:
    text = ('patient_id,performed_at,exercise,pain,note\nHuber,2026-03-01,squat,3,"open\nMoser,2026-03-02,squat,3,x\n'
            'Frei,2026-03-03,squat,3,shut"\nSuter,2026-03-04,squat,3,x,more,Meier\n')
    _, report = logs_from(tmp_path, text, mapping=MappingProfile(pseudonymise=True), pseudonym=sealed)
    assert report.rejected == 2
    assert set(report.problems["value"]) == {"(not shown)"}
    assert "Moser" in logs_from(tmp_path, text)[1].problems.to_csv()


def test_one_identifier_in_two_spellings_is_one_patient_in_every_table(tmp_path: Path) -> None:
    def pseudonym(word: str) -> str:
        return pseudonym_for(word, b"k" * 32)

    mine = MappingProfile(pseudonymise=True)
    logs, _ = logs_from(
        tmp_path, "patient_id,performed_at\n756.1234.5678.97,2026-03-01\n7561234567897,2026-03-02\n", mapping=mine,
        pseudonym=pseudonym)
    (tmp_path / "pauses.csv").write_text("patient_id,start,end\n756 1234 5678 97,2026-03-01,2026-03-02\n")
    (tmp_path / "plans.csv").write_text("patient_id,valid_from,sessions_per_week\n7561234567897,2026-03-01,3\n")
    pauses, _ = read_pauses(tmp_path / "pauses.csv", mapping=MappingProfile(table="pauses", pseudonymise=True),
                            today=TODAY, pseudonym=pseudonym)
    plans, _, _ = read_plans(tmp_path / "plans.csv", mapping=MappingProfile(table="plans", pseudonymise=True),
                             today=TODAY, pseudonym=pseudonym)
    everyone = {*logs["patient_id"], *pauses["patient_id"], *plans["patient_id"]}
    assert everyone == {pseudonym("7561234567897")}
    assert len(logs["patient_id"].cat.categories) == 1


def test_a_constant_identifier_becomes_a_pseudonym_too(tmp_path: Path) -> None:
    mine = MappingProfile(constants={"patient_id": "Anna Muster"}, pseudonymise=True)
    logs, _ = logs_from(tmp_path, "performed_at\n2026-03-01\n", mapping=mine, pseudonym=sealed)
    assert logs["patient_id"].tolist() == [sealed("Anna Muster")]


def test_a_filter_that_finds_nobody_names_nobody(tmp_path: Path) -> None:
    mine = MappingProfile(columns={"patient_id": "Patient"}, filter={"Patient": "Meier"}, pseudonymise=True)
    _, report = logs_from(tmp_path, NAMED, mapping=mine, pseudonym=sealed)
    assert "Müller" not in repr(report.receipts)
    assert report.filtered_out == 5


def test_pseudonyms_need_a_clinic(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"needs a clinic \(its secret key\): import the file into a clinic\.$"):
        logs_from(tmp_path, NAMED, mapping=MappingProfile(columns={"patient_id": "Patient"}, pseudonymise=True))


def test_a_profile_cannot_keep_what_it_turns_into_pseudonyms(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be both kept"):
        profile(tmp_path, "pseudonymise = true\nkeep = [\"patient_id\"]\n")
    assert profile(tmp_path, "keep = \"note\"\n").keep == ("note",)
    with pytest.raises(ProfileError, match="did you mean pseudonymise"):
        profile(tmp_path, "pseudonymize = true\n")
    with pytest.raises(ProfileError, match="true or false is needed"):
        profile(tmp_path, "pseudonymise = \"maybe\"\n")
