"""The caseload screen: who needs me, and why, on the left; the chosen patient on the right."""

from __future__ import annotations

import html
from typing import Any, cast

import ipywidgets as widgets
import plotly.graph_objects as go

from hipanalytics.charts.theme import PLOT_CONFIG, ThemeName
from hipanalytics.charts.timeline import timeline_facts
from hipanalytics.charts.timeline_figure import DOTS_IN_WORDS, draw_timeline
from hipanalytics.clinic.decisions.news_words import news_counts
from hipanalytics.lab.caseload_list import CaseloadList
from hipanalytics.lab.caseload_state import CaseloadState
from hipanalytics.lab.patient_words import below_html, flags_html, heading_html, patient_html


class CaseloadView(widgets.VBox):  # type: ignore[misc]
    """The screen of a caseload: what the browser reports goes to the state, what the state says is shown."""

    def __init__(self, state: CaseloadState, door: str = "") -> None:
        self.state = state
        self.list = CaseloadList(rows=[row.as_dict() for row in state.rows], shown=state.shown,
                                 chosen=state.chosen or "")
        self.patient, self.flags, self.below = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.chart: Any = None
        self.chart_box = widgets.VBox().add_class("hip-chart")
        left = widgets.VBox([self.list], layout={"flex": "0 0 40%", "min_width": "340px", "max_width": "560px"})
        right = widgets.VBox(
            [self.patient, self.flags, self.chart_box, self.below],
            layout={"flex": "1 1 0", "min_width": "0", "padding": "0 0 0 22px", "overflow": "hidden"})
        heading = widgets.HTML(heading_html(state.review, door) + _news_html(news_counts(state.review)))
        super().__init__(
            [heading, widgets.HBox([left, right], layout={"margin": "12px 0 0"})])
        self.add_class("hip-screen")
        self.add_class("hip")
        self.list.observe(self._on_search, "search")
        self.list.observe(self._on_choice, "chosen")
        self.list.observe(self._on_theme, "theme")
        self.show_patient()

    def show_patient(self) -> None:
        """Show the chosen patient, or that nobody is found."""
        patient_id = self.state.chosen
        self.chart_box.layout.display = "flex" if patient_id else "none"
        if patient_id is None:
            self.patient.value = '<div class="hip"><h1>Nobody found</h1></div>'
            self.flags.value = self.below.value = ""
            return
        facts = timeline_facts(self.state.review, patient_id)
        self.patient.value = patient_html(self.state.review, patient_id)
        self.flags.value = flags_html(self.state.review, patient_id)
        self.below.value = below_html(facts.sentence, DOTS_IN_WORDS)
        self._draw(draw_timeline(facts, cast(ThemeName, self.list.theme)))

    def _draw(self, figure: go.Figure) -> None:
        """Draw into the one chart on the screen; a new one would cost seconds and megabytes."""
        if self.chart is None:
            self.chart = go.FigureWidget(figure)
            self.chart._config = PLOT_CONFIG
            self.chart_box.children = (self.chart,)
            return
        layout = figure.layout.to_plotly_json()
        if self.chart.layout.template == figure.layout.template:
            del layout["template"]
        with self.chart.batch_update():
            for old, new in zip(self.chart.data, figure.data, strict=True):
                old.update({name: value for name, value in new.to_plotly_json().items() if name != "type"})
            self.chart.layout.update(layout, overwrite=True)

    def _on_search(self, change: dict[str, Any]) -> None:
        self.state.search(change["new"])
        self.list.shown = self.state.shown
        if self.list.chosen != (self.state.chosen or ""):
            self.list.chosen = self.state.chosen or ""

    def _on_choice(self, change: dict[str, Any]) -> None:
        self.state.choose(change["new"])
        self.show_patient()

    def _on_theme(self, change: dict[str, Any]) -> None:
        self.show_patient()


def _news_html(counts: list[str]) -> str:
    return f'<div class="hip">{html.escape(" · ".join(counts))}</div>' if counts else ""
