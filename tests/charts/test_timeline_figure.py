import datetime as dt

import pytest

from hipanalytics.charts.theme import THEMES
from hipanalytics.charts.timeline import timeline_facts
from hipanalytics.charts.timeline_figure import draw_timeline


@pytest.fixture(scope="module")
def facts(review):
    return timeline_facts(review, "P-1")


@pytest.fixture(scope="module")
def figure(facts):
    return draw_timeline(facts)


def shapes(figure, name):
    return [shape for shape in figure.layout.shapes if shape.name == name]


def words(figure):
    return [annotation.text for annotation in figure.layout.annotations]


def test_traces_are_the_same_for_every_patient(review, figure):
    names = [trace.name for trace in figure.data]
    assert names == ["rated days", "weekly means", "done", "open", "dash", "ahead"]
    for patient in ("NO-SCORES", "NO-PLAN"):
        assert [trace.name for trace in draw_timeline(timeline_facts(review, patient)).data] == names


def test_the_line_breaks_at_gaps_and_the_dots_are_open(figure, facts):
    rated, weekly = figure.data[:2]
    assert weekly.connectgaps is False
    assert list(weekly.y) == [point.pain for point in facts.weekly]
    assert rated.mode == "markers"
    assert rated.marker.symbol == "circle-open"


def test_pain_runs_from_0_to_10_with_its_unit_and_has_no_second_axis_over_it(figure):
    assert figure.layout.yaxis.range == (0, 10)
    assert figure.layout.yaxis.title.text == "Pain before session (0–10)"
    assert figure.layout.yaxis2.overlaying is None
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]
    assert {trace.xaxis for trace in figure.data} == {None}


def test_no_legend(figure):
    assert figure.layout.template.layout.showlegend is False


def test_the_acceptable_zone_reaches_up_to_its_line(figure, facts):
    (zone,), (line,) = shapes(figure, "acceptable zone"), shapes(figure, "acceptable line")
    assert (zone.y0, zone.y1) == (0, 3.5)
    assert (line.y0, line.y1, line.line.dash) == (3.5, 3.5, "dot")
    assert "acceptable:<br>3.5 or<br>below" in words(figure)


def test_blocks_are_shaded_over_their_days_with_their_mean(figure):
    first, latest = shapes(figure, "block")
    assert (first.x0, first.x1) == (dt.datetime(2026, 1, 4, 12), dt.datetime(2026, 1, 14, 12))
    assert [shape.y0 for shape in shapes(figure, "block mean")] == pytest.approx([6.4, 3.4])
    assert {"first block: mean 6.4 (n 5)", "latest block: mean 3.4 (n 5)"} <= set(words(figure))
    assert latest.fillcolor == THEMES["light"].block


def test_plan_changes_and_pauses_are_drawn_with_words(figure):
    (change,), (pause,) = shapes(figure, "plan change"), shapes(figure, "pause")
    assert change.x0 == change.x1 == dt.datetime(2026, 2, 1, 12)
    assert (pause.x0, pause.x1) == (dt.datetime(2026, 1, 18, 12), dt.datetime(2026, 1, 25, 12))
    (words_of_change,) = (text for text in words(figure) if text.startswith("plan 2"))
    assert words_of_change.startswith("plan 2: 4 a week, + hip abduction (right)")
    assert words_of_change.endswith("…")
    assert "in progress" in words(figure)


def test_text_from_data_shows_letter_by_letter(figure):
    texts = [text for annotation in figure.layout.annotations for text in (annotation.text, annotation.hovertext)]
    assert "Pause, 19 Jan 2026 to 25 Jan 2026: a &lt;b&gt;cold&lt;/b&gt;" in texts
    assert not any("<b>" in text for text in texts if text)


def test_a_patient_without_scores_gets_a_sentence_instead_of_a_line(review):
    figure = draw_timeline(timeline_facts(review, "NO-SCORES"))
    assert "No pain scores up to 24 Feb 2026" in words(figure)
    assert len(figure.data[0].x) == 0
    assert set(figure.data[1].y) == {None}


def test_the_dark_theme_draws_the_same_in_its_own_colours(facts, figure):
    dark = draw_timeline(facts, "dark")
    assert dark.layout.template.layout.paper_bgcolor == THEMES["dark"].paper
    assert figure.layout.template.layout.paper_bgcolor == "#FFFFFF"
    assert [trace.y for trace in dark.data] == [trace.y for trace in figure.data]
