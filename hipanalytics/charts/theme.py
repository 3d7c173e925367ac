"""What every colour, mark and word on a screen means: the one place that holds them."""

from __future__ import annotations

import datetime as dt
import html
from dataclasses import dataclass
from typing import Any, Final, Literal

import plotly.graph_objects as go

ThemeName = Literal["light", "dark"]
Tone = Literal["worse", "persist", "better", "quiet"]

FONT_FAMILY: Final = '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
FONT_PX: Final = 13


@dataclass(frozen=True)
class Theme:
    """The colours of one theme, named by what they mean."""

    worse: str
    """Pain gets worse, or an exercise hurts."""
    persist: str
    """Pain persists, is still high, or flares."""
    better: str
    """Better, chosen, or to be clicked."""
    acceptable: str
    """Pain at or below what is acceptable."""
    quiet: str
    """Silent, low, not known; and small print."""
    ink: str
    paper: str
    panel: str
    selected: str
    line: str
    block: str
    """Shade of the first and latest block."""
    acceptable_zone: str
    pause: str

    def tone(self, tone: Tone) -> str:
        """The colour of a flag's tone."""
        return {"worse": self.worse, "persist": self.persist, "better": self.better, "quiet": self.quiet}[tone]


THEMES: Final[dict[ThemeName, Theme]] = {
    "light": Theme(
        worse="#B83A22", persist="#8F5B00", better="#1A62A0", acceptable="#2A6E50", quiet="#5B6672", ink="#1F2933",
        paper="#FFFFFF", panel="#F6F8FA", selected="#E9F2FA", line="#D9DEE4", block="#E9F2FA",
        acceptable_zone="#EEF5F1", pause="#ECEEF0"),
    "dark": Theme(
        worse="#FF9580", persist="#E8B04B", better="#7DB8EE", acceptable="#6CC49A", quiet="#A8B3BE", ink="#E6EAEE",
        paper="#111111", panel="#1B1F24", selected="#1C2C3B", line="#3A424A", block="#1C2C3B",
        acceptable_zone="#14231C", pause="#26292D"),
}


@dataclass(frozen=True)
class FlagLook:
    """How a flag looks: a mark, a word, and the tone of its colour."""

    mark: str
    word: str
    tone: Tone


FLAG_LOOKS: Final[dict[str, FlagLook]] = {
    "red_flag": FlagLook("!", "Red flag", "worse"),
    "worsening": FlagLook("▲", "Worsening", "worse"),
    "persistent": FlagLook("■", "Persists", "persist"),
    "still_high": FlagLook("■", "Still high", "persist"),
    "flare": FlagLook("◆", "Flare", "persist"),
    "aggravating_exercise": FlagLook("✕", "Hurts", "worse"),
    "silent": FlagLook("○", "Silent", "quiet"),
    "low_adherence": FlagLook("–", "Low adherence", "quiet"),
    "too_little_data": FlagLook("?", "Not known", "quiet"),
}
STANDING_LOOKS: Final[dict[str, FlagLook]] = {
    "Improved": FlagLook("✓", "Improved", "better"),
    "Acceptable": FlagLook("✓", "Acceptable", "better"),
}
"""Patients without a flag whose pain is where it should be; of all others nothing is claimed."""

PLOT_CONFIG: Final[dict[str, Any]] = {
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displaylogo": False,
    "modeBarButtons": [["toImage", "resetScale2d"]],
    "toImageButtonOptions": {"format": "svg", "filename": "timeline"},
    "responsive": True,
    "scrollZoom": False,
    "showTips": False,
    "typesetMath": False,
}
"""How every chart behaves: two buttons (save as a picture, whole range again), and nothing that could upload."""


def escaped(text: object) -> str:
    """The text as a chart shows it letter by letter: plotly would otherwise render tags in it."""
    return html.escape(str(text), quote=False)


def day_text(day: dt.date) -> str:
    """A day as it is written everywhere: 12 Mar 2026."""
    return f"{day.day} {day:%b %Y}"


def plotly_template(theme: ThemeName = "light") -> go.layout.Template:
    """Calm axes, the system's type and no background of plotly's own, in the colours of the theme."""
    colours = THEMES[theme]
    axis = {
        "gridcolor": colours.line, "linecolor": colours.line, "zeroline": False, "showline": False,
        "tickfont": {"color": colours.ink}, "title": {"font": {"size": FONT_PX, "color": colours.ink}},
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT_FAMILY, "size": FONT_PX, "color": colours.ink},
            "paper_bgcolor": colours.paper, "plot_bgcolor": colours.paper,
            "xaxis": axis, "yaxis": axis, "showlegend": False, "hovermode": "closest",
            "hoverlabel": {
                "bgcolor": colours.panel, "bordercolor": colours.line, "align": "left",
                "font": {"family": FONT_FAMILY, "size": FONT_PX, "color": colours.ink}},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours.quiet, "activecolor": colours.better},
        })
