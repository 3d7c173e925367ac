"""Draws the facts of a timeline. It groups nothing and computes no mean: see `timeline_facts`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

import plotly.graph_objects as go

from hipanalytics.charts.theme import FONT_PX, THEMES, Theme, ThemeName, escaped, plotly_template
from hipanalytics.charts.timeline import LABEL_ROWS, DotKind, Timeline

HEIGHT_PX: Final = 470
DOTS_IN_WORDS: Final = (
    "Pain: ○ a rated day, line the weekly mean, blue the first and the latest block. "
    "Sessions: ● done, ○ due and not done (pale: still ahead), – due and nothing logged.")
"""What the marks mean, for the line below the chart."""

_ROW_PX: Final = 17
"""Height of a row of words above the chart."""
_ABOVE_PX: Final = 4
"""Room for half a dot between the chart and the lowest of these rows."""
_MARGIN: Final = {"l": 62, "r": 84, "t": LABEL_ROWS * _ROW_PX + _ABOVE_PX + 2, "b": 42}
_PAIN_DOMAIN: Final = (0.33, 1.0)
_DOTS_DOMAIN: Final = (0.0, 0.27)
_PLOT_PX: Final = (600, 96)
"""Usual width of the chart, and height of the dots, to size the dots by."""
_SYMBOLS: Final[dict[DotKind, str]] = {
    "done": "circle", "open": "circle-open", "dash": "line-ew-open", "ahead": "circle-open"}


def draw_timeline(facts: Timeline, theme: ThemeName = "light") -> go.Figure:
    """The patient's timeline as a figure: pain above, sessions below, on one time axis.

    Rule: the same traces in the same order for every patient, so that one figure on screen can be drawn into.
    """
    colours = THEMES[theme]
    figure = go.Figure([_rated(facts, colours), _weekly(facts, colours), *_dots(facts, colours)])
    figure.update_layout(
        template=plotly_template(theme), height=HEIGHT_PX, autosize=True, margin=_MARGIN,
        shapes=list(_shapes(facts, colours)), annotations=list(_words(facts, colours)),
        modebar_orientation="v", dragmode="zoom",
    )
    _draw_axes(figure, facts)
    return figure


def _rated(facts: Timeline, colours: Theme) -> go.Scatter:
    return go.Scatter(
        name="rated days", x=[point.day for point in facts.rated], y=[point.pain for point in facts.rated],
        customdata=[escaped(point.words) for point in facts.rated], hovertemplate="%{customdata}<extra></extra>",
        mode="markers", cliponaxis=False,
        marker={"symbol": "circle-open", "size": 7, "color": colours.quiet, "line": {"width": 1.3}})


def _weekly(facts: Timeline, colours: Theme) -> go.Scatter:
    return go.Scatter(
        name="weekly means", x=[point.day for point in facts.weekly], y=[point.pain for point in facts.weekly],
        customdata=[escaped(point.words) for point in facts.weekly], hovertemplate="%{customdata}<extra></extra>",
        mode="lines+markers", connectgaps=False, cliponaxis=False,
        line={"width": 2.2, "color": colours.tone(facts.tone)}, marker={"size": 5.5})


def _dots(facts: Timeline, colours: Theme) -> Iterator[go.Scatter]:
    size = _dot_px(facts)
    for kind, symbol in _SYMBOLS.items():
        dots = [dot for dot in facts.dots if dot.kind == kind]
        yield go.Scatter(
            name=kind, x=[dot.day for dot in dots], y=[dot.row for dot in dots], yaxis="y2", mode="markers",
            customdata=[escaped(dot.words) for dot in dots], hovertemplate="%{customdata}<extra></extra>",
            cliponaxis=False, opacity=0.45 if kind == "ahead" else 1,
            marker={"symbol": symbol, "size": size * (0.55 if kind == "dash" else 1),
                    "color": colours.quiet if kind == "dash" else colours.ink, "line": {"width": 1.2}})


def _dot_px(facts: Timeline) -> float:
    weeks = max(1, (facts.axis.last_day - facts.axis.first_day).days / 7)
    width, height = _PLOT_PX
    return max(2.5, min(11, 0.72 * width / weeks, 0.72 * height / facts.dot_rows))


def _shapes(facts: Timeline, colours: Theme) -> Iterator[dict[str, Any]]:
    begin, end = _axis_range(facts)
    across = {"x0": begin, "x1": end, "y1": facts.acceptable_pain, "layer": "below"}
    yield {"name": "acceptable zone", "type": "rect", **across, "y0": 0, "fillcolor": colours.acceptable_zone,
           "line": {"width": 0}}
    for block in facts.blocks:
        yield _band("block", block.first_day, block.last_day, colours.block)
    for pause in facts.pauses:
        yield _band("pause", pause.first_day, pause.last_day, colours.pause)
    yield {"name": "acceptable line", "type": "line", **across, "y0": facts.acceptable_pain,
           "line": {"color": colours.acceptable, "width": 1.2, "dash": "dot"}}
    for block in facts.blocks:
        if block.mean is not None:
            yield {"name": "block mean", "type": "line", "x0": _begin(block.first_day), "x1": _end(block.last_day),
                   "y0": block.mean, "y1": block.mean, "line": {"color": colours.better, "width": 2}}
    for label in facts.plan_labels:
        yield {"name": "plan change", "type": "line", "yref": "paper", "x0": _begin(label.day),
               "x1": _begin(label.day), "y0": 0, "y1": _top(label.row), "line": {"color": colours.ink, "width": 1}}


def _band(name: str, first_day: dt.date, last_day: dt.date, colour: str) -> dict[str, Any]:
    return {"name": name, "type": "rect", "x0": _begin(first_day), "x1": _end(last_day), "y0": 0, "y1": 10,
            "fillcolor": colour, "opacity": 0.85, "line": {"width": 0}, "layer": "below"}


def _begin(day: dt.date) -> dt.datetime:
    """A day is drawn at its date; what spans days reaches half a day further on both sides."""
    return dt.datetime.combine(day, dt.time()) - dt.timedelta(hours=12)


def _end(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12))


def _words(facts: Timeline, colours: Theme) -> Iterator[dict[str, Any]]:
    for block in facts.blocks:
        day = _begin(block.first_day) if block.side == "left" else _end(block.last_day)
        yield _text(escaped(block.words), colours.quiet, **_above(block.row), x=day, xanchor=block.side)
    for label in facts.plan_labels:
        yield _text(escaped(label.words), colours.ink, **_above(label.row), x=_begin(label.day), xanchor=label.side,
                    xshift=3 if label.side == "left" else -3, hovertext=escaped(label.full_words),
                    bgcolor=colours.paper if label.words else None)
    for pause in facts.pauses:
        yield _text("pause", colours.quiet, x=pause.middle, y=0, yanchor="bottom", hovertext=escaped(pause.words))
    yield _text(f"acceptable:<br>{facts.acceptable_pain:g} or<br>below", colours.acceptable, xref="paper", x=1,
                xanchor="left", xshift=4, align="left", y=facts.acceptable_pain, yanchor="top")
    if facts.running_week:
        yield _text("in progress", colours.quiet, x=facts.running_week, xanchor="right", yref="y2",
                    y=facts.dot_rows + 0.6, yanchor="bottom")
    if facts.empty:
        yield _text(escaped(facts.empty), colours.quiet, xref="paper", x=0.5, y=6.75, font_size=FONT_PX)


def _text(text: str, colour: str, *, font_size: int = FONT_PX - 1, **place: Any) -> dict[str, Any]:
    return {"text": text, "showarrow": False, "borderpad": 0, "font": {"size": font_size, "color": colour}, **place}


def _above(row: int) -> dict[str, Any]:
    """The place of words above the chart; row 0 is the lowest."""
    return {"yref": "paper", "y": 1, "yanchor": "bottom", "yshift": _ABOVE_PX + row * _ROW_PX}


def _top(row: int) -> float:
    """How far up a line reaches to stand beside its words in this row."""
    return 1 + (_ABOVE_PX + (row + 1) * _ROW_PX) / (HEIGHT_PX - _MARGIN["t"] - _MARGIN["b"])


def _axis_range(facts: Timeline) -> list[dt.datetime]:
    """The days of the axis, with a little room on both sides."""
    room = (facts.axis.last_day - facts.axis.first_day) * 0.015
    return [dt.datetime.combine(facts.axis.first_day, dt.time()) - room,
            dt.datetime.combine(facts.axis.last_day, dt.time()) + room]


def _draw_axes(figure: go.Figure, facts: Timeline) -> None:
    figure.update_xaxes(
        type="date", range=_axis_range(facts), anchor="y2",
        tickformat="%-d %b\n%Y", nticks=9, automargin=False)
    figure.update_layout(
        yaxis={"domain": _PAIN_DOMAIN, "range": [0, 10], "fixedrange": True, "dtick": 2, "title": {
            "text": "Pain before session (0–10)", "standoff": 12}},
        yaxis2={"domain": _DOTS_DOMAIN, "range": [0.3, facts.dot_rows + 0.7], "fixedrange": True,
                "showgrid": False, "showticklabels": False, "zeroline": False, "anchor": "x",
                "title": {"text": escaped(facts.sessions_title), "standoff": 24}})
