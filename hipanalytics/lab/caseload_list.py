"""The caseload list in the browser: an anywidget of its own, loaded from this package alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import anywidget
import traitlets

from hipanalytics.charts.theme import FONT_FAMILY, THEMES, Theme

_HERE: Final = Path(__file__).parent


def style_sheet() -> str:
    """The screen's style sheet, with the colours of both themes for JupyterLab to choose from."""
    return "\n".join([
        f".hip {{ --hip-font: {FONT_FAMILY}; {_variables(THEMES['light'])} }}",
        f"[data-jp-theme-light=\"false\"] .hip {{ {_variables(THEMES['dark'])} }}",
        (_HERE / "caseload.css").read_text(encoding="utf-8"),
    ])


def _variables(theme: Theme) -> str:
    names = ("worse", "persist", "better", "quiet", "ink", "paper", "panel", "selected", "line")
    return " ".join(f"--hip-{name}: {getattr(theme, name)};" for name in names)


class CaseloadList(anywidget.AnyWidget):
    """Rows to choose from, by mouse or by arrow keys, with a search box above."""

    _esm = _HERE / "caseload_list.js"
    _css = style_sheet()
    rows: traitlets.List[dict[str, str]] = traitlets.List().tag(sync=True)
    shown = traitlets.List(traitlets.Int()).tag(sync=True)
    """Places in `rows` of those in the list, in order."""
    chosen = traitlets.Unicode("").tag(sync=True)
    search = traitlets.Unicode("").tag(sync=True)
    theme = traitlets.Enum(["light", "dark"], "light").tag(sync=True)
    """JupyterLab's theme, as the browser tells it."""
