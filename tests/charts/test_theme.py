import datetime as dt
import itertools

import pytest

from hipanalytics.charts.theme import (
    FLAG_LOOKS,
    PLOT_CONFIG,
    STANDING_LOOKS,
    THEMES,
    day_text,
    escaped,
    plotly_template,
)
from hipanalytics.flags.rules import FLAGS

TEXT_COLOURS = ("worse", "persist", "better", "acceptable", "quiet", "ink")


def luminance(colour):
    parts = [int(colour[place:place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("theme", "text", "ground"), list(itertools.product(THEMES, TEXT_COLOURS, ("paper", "panel", "selected"))))
def test_text_can_be_read_on_every_ground(theme, text, ground):
    colours = THEMES[theme]
    assert contrast(getattr(colours, text), getattr(colours, ground)) >= 5


def test_the_acceptable_words_can_be_read_on_their_zone():
    for colours in THEMES.values():
        assert contrast(colours.acceptable, colours.acceptable_zone) >= 5


def test_every_flag_has_a_mark_and_a_word():
    assert list(FLAG_LOOKS) == [flag.code for flag in FLAGS]
    assert all(look.mark and look.word for look in [*FLAG_LOOKS.values(), *STANDING_LOOKS.values()])


def test_no_button_of_a_chart_can_upload():
    assert PLOT_CONFIG["showSendToCloud"] is False
    assert PLOT_CONFIG["plotlyServerURL"] == ""
    assert PLOT_CONFIG["displaylogo"] is False
    assert PLOT_CONFIG["modeBarButtons"] == [["toImage", "resetScale2d"]]


def test_tags_and_entities_are_shown_as_they_are_written():
    assert escaped('<b onclick="x">A & B</b>') == '&lt;b onclick="x"&gt;A &amp; B&lt;/b&gt;'


def test_days_are_written_one_way():
    assert day_text(dt.date(2026, 3, 5)) == "5 Mar 2026"


def test_the_background_is_the_paper_and_not_plotlys_own():
    for name, colours in THEMES.items():
        layout = plotly_template(name).layout
        assert (layout.plot_bgcolor, layout.paper_bgcolor) == (colours.paper, colours.paper)
        assert layout.font.size == 13
