import dataclasses
from pathlib import Path

import pandas as pd
import pytest

import hipanalytics.lab
from hipanalytics.charts.theme import THEMES
from hipanalytics.lab.app import show_caseload
from hipanalytics.lab.caseload_list import style_sheet
from hipanalytics.lab.patient_words import flags_html, heading_html, patient_facts, patient_html

BROWSER_FILES = [path for path in Path(hipanalytics.lab.__file__).parent.iterdir() if path.suffix in (".js", ".css")]


@pytest.fixture(scope="module")
def view(review):
    return show_caseload(review)


def test_choosing_a_patient_draws_into_the_one_chart(view):
    chart = view.chart
    view.list.chosen = "P-1"
    assert "P-1" in view.patient.value
    assert list(view.chart.data[1].y) == [7.0, 5.5, None, None, 4.0, None, 3.0, 2.0]
    assert len(view.chart.layout.shapes) == 8
    view.list.chosen = "NO-SCORES"
    assert "NO-SCORES" in view.patient.value
    assert len(view.chart.data[0].x) == 0
    assert len(view.chart.layout.shapes) == 2
    assert view.chart is chart


def test_a_chart_on_screen_has_no_way_to_upload(view):
    assert view.chart._config["showSendToCloud"] is False
    assert view.chart._config["modeBarButtons"] == [["toImage", "resetScale2d"]]


def test_a_search_that_finds_nobody_says_so_and_comes_back(view):
    view.list.search = "nobody at all"
    assert (view.list.shown, view.list.chosen) == ([], "")
    assert "Nobody found" in view.patient.value
    assert view.chart_box.layout.display == "none"
    view.list.search = ""
    assert len(view.list.shown) == 3
    assert view.list.chosen in view.patient.value
    assert view.chart_box.layout.display == "flex"


def test_the_chart_follows_the_theme(view):
    view.list.theme = "dark"
    assert view.chart.layout.template.layout.paper_bgcolor == THEMES["dark"].paper
    view.list.theme = "light"
    assert view.chart.layout.template.layout.paper_bgcolor == THEMES["light"].paper


def test_the_heading_says_up_to_when_and_that_the_example_is_not_real(review):
    assert "Data up to 24 Feb 2026" in heading_html(review)
    assert "not real patients" not in heading_html(review)
    example = dataclasses.replace(review, cohort=dataclasses.replace(review.cohort, is_example=True))
    assert "not real patients" in heading_html(example)


def test_the_heading_says_what_the_door_refused(review):
    remarked = dataclasses.replace(review, remarks=("Not listed, because all their rows were refused: <P-7>.",))
    shown = heading_html(remarked, "logs.csv: 4 rows read = 2 accepted + 2 rejected, found <b>")
    assert "all their rows were refused: &lt;P-7&gt;." in shown
    assert "4 rows read = 2 accepted + 2 rejected, found &lt;b&gt;" in shown


def test_open_red_flags_of_others_stand_out_in_the_heading(review):
    flagged = dataclasses.replace(review, remarks=("OPEN RED FLAGS of patients who are not listed: P-7.", "Else."))
    assert '<div class="hip-worse">OPEN RED FLAGS' in heading_html(flagged)
    assert '<div class="hip-small">Else.' in heading_html(flagged)


def test_the_heading_counts_what_is_new_where_there_is_a_clinic(view, review_with_notes):
    noted = show_caseload(review_with_notes).children[0].value
    assert "1 patient with a flag that is new since you last looked · 1 review is due · 2 never reviewed" in noted
    assert "looked" not in view.children[0].value


def test_who_it_is_in_words(review):
    assert patient_facts(review, "P-1") == ["left hip", "week 8", "plan 2 since 2 Feb 2026, 4 a week"]
    assert patient_facts(review, "NO-PLAN") == ["week 1", "no plan: 3 a week assumed since 20 Feb 2026"]


def test_each_flag_is_a_sentence_with_what_clears_it_and_its_source(review):
    words = flags_html(review, "NO-SCORES")
    assert "○ Silent." in words
    assert "Nothing logged for 19 days" in words
    assert "Clears with the next row logged." in words
    assert "No row for 14 or more unpaused days, and no pause now. Rule silent 1.0. Source:" in words


def test_markup_in_data_is_shown_and_not_run(review):
    nasty = "<img src=x onerror=alert(1)>"
    flags = pd.DataFrame([{"patient_id": "P-1", "flag": "flare", "rule_version": nasty, "title": nasty, "found": nasty,
                           "clears": nasty, "sentence": nasty, "rule": nasty, "source": nasty}])
    table = review.table.assign(reason=nasty, notices=nasty)
    shown = dataclasses.replace(review, flags=flags, table=table)
    for text in (flags_html(shown, "P-1"), flags_html(shown, "NO-PLAN")):
        assert "<img" not in text
        assert "&lt;img" in text
    assert "<b>" not in patient_html(review, "P-1")


@pytest.mark.parametrize("path", BROWSER_FILES, ids=lambda path: path.name)
def test_what_runs_in_the_browser_sets_text_as_text_and_loads_nothing(path):
    content = path.read_text(encoding="utf-8")
    for forbidden in ("innerHTML", "insertAdjacentHTML", "outerHTML", "eval(", "http:", "https:", "import ", "@import",
                      "url("):
        assert forbidden not in content


def test_the_style_sheet_has_the_colours_of_both_themes():
    for theme in THEMES.values():
        assert f"--hip-worse: {theme.worse};" in style_sheet()
