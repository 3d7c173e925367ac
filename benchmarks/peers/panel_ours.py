"""Our panel and core measures alone, on a cohort that is already in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from stopwatch import Stopwatch, best_of_three, folder_and_output, report

from hipanalytics.cohort import Cohort
from hipanalytics.importers import load_cohort
from hipanalytics.measures.adherence import measure_adherence
from hipanalytics.measures.courses import default_as_of, find_courses
from hipanalytics.measures.days import to_dates
from hipanalytics.measures.pain import BlockRule, measure_pain
from hipanalytics.measures.pauses import count_paused_days
from hipanalytics.measures.trend import measure_trend
from hipanalytics.measures.weeks import count_weeks
from hipanalytics.thresholds import Thresholds


def load(folder: Path) -> Cohort:
    cohort, _ = load_cohort(
        folder / "logs.parquet", plans=folder / "plans.parquet", pauses=folder / "pauses.parquet")
    return cohort


def core_figures(cohort: Cohort) -> tuple[pd.DataFrame, dict[str, float]]:
    """The figures of each patient, and the seconds of each step."""
    t, watch = Thresholds(), Stopwatch()
    courses = find_courses(cohort, default_as_of(cohort), assumed_sessions_per_week=t.assumed_sessions_per_week)
    watch.lap("find_courses")
    panel = count_weeks(cohort, courses, assumed_sessions_per_week=t.assumed_sessions_per_week)
    watch.lap("count_weeks")
    adherence = measure_adherence(
        panel, recent_weeks=t.adherence_recent_weeks, label_weeks=t.adherence_label_weeks, full=t.adherence_full,
        part=t.adherence_part, recorded=t.coverage_recorded)
    watch.lap("adherence")
    rule = BlockRule(t.block_days, t.block_days_longest, t.block_rated_wanted, t.block_rated_needed)
    pain = measure_pain(panel, rule, improved_points=t.improved_points, improved_fraction=t.improved_fraction)
    watch.lap("pain blocks")
    trend = measure_trend(panel, panel.last_cell, days=t.trend_days, rated_needed=t.trend_rated_needed)
    watch.lap("trend")
    last = np.maximum(panel.last_row, panel.start)
    silent = panel.as_of - last - count_paused_days(panel.pauses, last + 1, panel.as_of)
    by_patient = pd.Series(panel.pain).groupby(panel.rated_patient).agg(["size", "mean"]).reindex(range(len(courses)))
    figures = pd.DataFrame({
        "patient_id": courses["patient_id"], "as_of": courses["as_of"], "programme_start": courses["start"],
        **{name: adherence[name] for name in ("weeks_counted", "adherence_4w", "adherence_4w_logged", "adherence_all")},
        "last_log": to_dates(panel.last_row, panel.last_row >= panel.start), "days_silent": silent,
        "pain_baseline": pain.baseline.mean, "pain_baseline_n": pain.baseline.n,
        "pain_baseline_from": to_dates(panel.start + pain.anchor - panel.first_cell[:-1], pain.baseline.known),
        "pain_latest": pain.latest.mean, "pain_latest_n": pain.latest.n, "pain_change": pain.change,
        "pain_slope_per_week": trend.slope_per_week, "pain_rise_p": trend.rise_p,
        "rated_days": by_patient["size"].fillna(0), "pain_mean": by_patient["mean"],
    })
    watch.lap("table")
    return figures, watch.laps


def main() -> None:
    folder, output = folder_and_output()
    cohort = load(folder)
    figures, laps = best_of_three(lambda: core_figures(replace(cohort)))
    figures.to_parquet(output)
    report(laps)


if __name__ == "__main__":
    main()
