"""All that is measured of a cohort on a day, with one set of thresholds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.measures.adherence import measure_adherence
from hipanalytics.measures.courses import find_courses
from hipanalytics.measures.days import Days, Mask, to_dates, to_days
from hipanalytics.measures.exercise_response import PainPolicy, find_aggravating_exercises
from hipanalytics.measures.flare import FlareRule, Flares, find_flares
from hipanalytics.measures.pain import BlockRule, PainChange, measure_pain
from hipanalytics.measures.pauses import count_paused_days, is_paused
from hipanalytics.measures.rise import Rise, RiseRule, measure_rise
from hipanalytics.measures.weeks import Panel, count_weeks
from hipanalytics.thresholds import Thresholds


@dataclass(frozen=True)
class Findings:
    """What was measured; every array and table has a row per patient, in the order of `courses`."""

    thresholds: Thresholds
    courses: pd.DataFrame
    panel: Panel
    adherence: pd.DataFrame
    pain: PainChange
    rise: Rise
    """The rise rule at as_of; its trend is the trend of the review table."""
    rise_held_before: Mask
    flares: Flares
    aggravating: pd.DataFrame
    """From `find_aggravating_exercises`."""
    days_silent: Days
    paused_now: Mask
    days_in: Days
    """Calendar days since the programme start, which is day 1."""
    unpaused_days: Days
    """Unpaused days since the day that the baseline counts from, which is day 1; 0 without a baseline."""
    red_flagged: Mask

    @property
    def baseline_from(self) -> Days:
        """The day that the baseline counts from."""
        return self.panel.start + self.pain.anchor - self.panel.first_cell[:-1]

    @property
    def last_log(self) -> Mask:
        """Whether there is any row from the start to as_of."""
        return self.panel.last_row >= self.panel.start


def measure_cohort(
    cohort: Cohort, review_day: dt.date, thresholds: Thresholds, *, to_own_last_row: bool, include_ended: bool,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> tuple[Findings, int]:
    """Everything that can be said of a cohort on a day, and how many courses have ended before it.

    Rule: see the single measures. Ended courses are left out and counted, unless `include_ended`.
    """
    t = thresholds
    courses = find_courses(cohort, review_day, to_own_last_row=to_own_last_row,
                           assumed_sessions_per_week=t.assumed_sessions_per_week)
    ended = int(courses["ended"].sum())
    if not include_ended:
        courses = courses[~courses["ended"]].reset_index(drop=True)
    on_stage("panel")
    panel = count_weeks(cohort, courses, assumed_sessions_per_week=t.assumed_sessions_per_week)
    on_stage("measures")
    blocks = BlockRule(t.block_days, t.block_days_longest, t.block_rated_wanted, t.block_rated_needed)
    pain = measure_pain(panel, blocks, improved_points=t.improved_points, improved_fraction=t.improved_fraction)
    rise_rule = RiseRule(t.rise_points, t.rise_points_with_trend, t.rise_p, t.trend_days, t.trend_rated_needed)
    rise = measure_rise(panel, panel.last_cell, pain.baseline, blocks, rise_rule)
    earlier = measure_rise(panel, panel.last_cell - t.rise_confirmed_after_days, pain.baseline, blocks, rise_rule)
    flare = FlareRule(t.flare_pain, t.flare_points, t.flare_run, t.flare_days, t.flare_usual_days,
                      t.flare_usual_rated_needed)
    policy = PainPolicy(t.pain_policy, t.policy_high_pain, t.policy_moderate_pain, t.policy_next_morning_points)
    findings = Findings(
        thresholds=t, courses=courses, panel=panel,
        adherence=measure_adherence(
            panel, recent_weeks=t.adherence_recent_weeks, label_weeks=t.adherence_label_weeks,
            full=t.adherence_full, part=t.adherence_part, recorded=t.coverage_recorded),
        pain=pain, rise=rise, rise_held_before=earlier.holds, flares=find_flares(panel, flare),
        aggravating=find_aggravating_exercises(
            cohort, panel, policy, sessions=t.aggravating_sessions, stops=t.aggravating_stops),
        days_silent=_days_silent(panel), paused_now=is_paused(panel.pauses, panel.as_of),
        days_in=panel.as_of - panel.start + 1, unpaused_days=_unpaused_days(panel, pain),
        red_flagged=courses["patient_id"].isin(open_red_flags(cohort, review_day)).to_numpy())
    return findings, ended


def _days_silent(panel: Panel) -> Days:
    last = np.where(panel.last_row >= panel.start, panel.last_row, panel.start)
    silent = np.maximum(panel.as_of - last, 0)
    return silent - count_paused_days(panel.pauses, last + 1, panel.as_of)


def _unpaused_days(panel: Panel, pain: PainChange) -> Days:
    anchor = panel.start + pain.anchor - panel.first_cell[:-1]
    unpaused = panel.as_of - anchor + 1 - count_paused_days(panel.pauses, anchor, panel.as_of)
    return np.where(pain.baseline.known, unpaused, 0)


def open_red_flags(cohort: Cohort, review_day: dt.date) -> list[str]:
    """Who has answered a red-flag question with yes, by this day, without anyone having acknowledged it by then?

    Rule: held against the day of the review itself, whatever day a patient's own course is looked at.
    Returns: patient_ids, in order, whether or not they have a course.
    """
    answers = cohort.red_flags[cohort.red_flags["positive"].to_numpy(dtype=bool)]
    day = (review_day - dt.date(1970, 1, 1)).days
    still_open = (to_days(answers["answered_on"]) <= day) & (day < to_days(answers["acknowledged_on"]))
    return sorted(set(answers["patient_id"][still_open]))


def review_figures(findings: Findings) -> pd.DataFrame:
    """The figures of the review table, in its order, without flags, priority and reason.

    Returns: one row per patient; columns as in "The review table" of docs/definitions.md.
    """
    f, panel, pain, trend = findings, findings.panel, findings.pain, findings.rise.trend
    adherence = f.adherence
    return pd.DataFrame({
        "patient_id": f.courses["patient_id"],
        "as_of": f.courses["as_of"],
        "programme_start": f.courses["start"],
        "plan_source": f.courses["plan_source"],
        "weeks_complete": adherence["weeks_complete"],
        "weeks_counted": adherence["weeks_counted"],
        "sessions_per_week": f.courses["sessions_per_week"],
        **{name: adherence[name] for name in (
            "done_4w", "due_4w", "adherence_4w", "adherence_4w_logged", "adherence_all", "adherence_all_raw",
            "weeks_on_plan", "log_coverage_4w", "adherence_label")},
        "last_log": to_dates(panel.last_row, f.last_log),
        "days_silent": f.days_silent,
        "pain_baseline": pain.baseline.mean,
        "pain_baseline_n": pain.baseline.n,
        "pain_baseline_from": to_dates(f.baseline_from, pain.baseline.known),
        "pain_latest": pain.latest.mean,
        "pain_latest_n": pain.latest.n,
        "pain_change": pain.change,
        "pain_change_rel": pain.relative,
        "pain_slope_per_week": trend.slope_per_week,
        "pain_rise_p": trend.rise_p,
        "pain_trend_n": trend.n,
    })


