"""The example cohort: a clinic's half year, with everything that makes real diaries hard, and the truth beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.simulator.diaries import Diary, Row
from hipanalytics.simulator.plans import Version
from hipanalytics.simulator.stories import Story, write_stories
from hipanalytics.tables import Patients, Pauses, Plans, Prescriptions, SessionLogs, empty_table

_PLAN_WRITTEN_LATE_BY: Final = 56
_REPLACED_BEFORE_START: Final = 90


def simulate_cohort(n_patients: int, *, weeks: int, seed: int, first_day: dt.date) -> tuple[Cohort, pd.DataFrame]:
    """What would a clinic's caseload log in these weeks, and what is true of each patient?

    Rule: patients enter one after the other; the same arguments give the same tables.
    Returns: the cohort, and the truth, a row per patient:
        patient_id; course, ending, records, entry (of which kind); programme_start (of the latest course),
        dropped_out_on, discharged_on, returned_on (dates); true_pain_start, true_pain_now, true_change (NRS, without
        flares; now: the last day of the course, for drop-outs and open courses the last day of all);
        within_person_sd (NRS points, before rounding); sessions_due (unpaused days on which a session was meant to be),
        sessions_done, sessions_logged (of those), true_adherence (done / due); pain_missing_share (fraction of sessions
        without a score); scores_from (date before which no pain was scored); flare_from, flare_to (dates);
        aggravating_exercise.
    Parameters: first_day, a Monday.
    """
    days = weeks * 7
    stories = write_stories(n_patients, days=days, seed=seed)
    diaries = [
        Diary(story, first_day=first_day, days=days, rng=np.random.default_rng([seed, number, 1]))
        for number, story in enumerate(stories, start=1)]
    rows = [row for diary in diaries for row in diary.rows]
    rows.sort(key=lambda row: (row["performed_at"], row["patient_id"]))
    plans = [(story, version) for story in stories for version in _recorded(story)]
    cohort = Cohort(
        logs=_table(SessionLogs, rows),
        plans=_table(Plans, (_plan_row(story, version, first_day) for story, version in plans)),
        prescriptions=_table(Prescriptions, (row for plan in plans for row in _prescription_rows(*plan, first_day))),
        pauses=_table(Pauses, (row for story in stories for row in _pause_rows(story, first_day))),
        patients=_table(Patients, (_patient_row(story, first_day) for story in stories)),
        is_example=True)
    truth = pd.DataFrame([_truth(*pair, first_day, days) for pair in zip(stories, diaries, strict=True)])
    return cohort, truth


def _recorded(story: Story) -> tuple[Version, ...]:
    """The versions that the clinic wrote down: all, none, or only the last one, weeks after the start."""
    if story.kinds["records"] == "logs_only":
        return ()
    if story.kinds["records"] == "late_plan":
        return (replace(story.versions[-1], first_day=story.participation.start + _PLAN_WRITTEN_LATE_BY),)
    return story.versions


# Tables

def _table(model: Any, rows: Iterable[Row]) -> pd.DataFrame:
    """These rows with the columns and types of the model; optional columns that no row fills are left out."""
    rows, empty, optional = list(rows), empty_table(model), _optional_columns(model)
    columns = {name: [row.get(name) for row in rows] for name in empty.columns}
    filled = [name for name in columns if name not in optional or any(cell is not None for cell in columns[name])]
    return pd.DataFrame({name: _column(columns[name], str(empty[name].dtype)) for name in filled})


def _optional_columns(model: Any) -> set[str]:
    return {name for name, column in model.to_schema().columns.items() if not column.required}


def _column(cells: list[Any], dtype: str) -> pd.Series[Any]:
    column = pd.Series(cells, dtype="str" if dtype == "category" or dtype.startswith("string") else dtype)
    return column.astype("category") if dtype == "category" else column


def _plan_row(story: Story, version: Version, first_day: dt.date) -> Row:
    return {
        "patient_id": story.patient_id, "valid_from": _date(first_day, version.first_day),
        "sessions_per_week": version.sessions_per_week, "valid_to": _date(first_day, version.last_day),
        "new_episode": version.new_episode}


def _prescription_rows(story: Story, version: Version, first_day: dt.date) -> Iterator[Row]:
    for dose in version.doses:
        yield {"patient_id": story.patient_id, "valid_from": _date(first_day, version.first_day), **asdict(dose)}


def _pause_rows(story: Story, first_day: dt.date) -> Iterator[Row]:
    for pause in story.pauses:
        yield {
            "patient_id": story.patient_id, "start": _date(first_day, pause.first_day),
            "end": _date(first_day, pause.last_day), "reason": pause.reason}


def _patient_row(story: Story, first_day: dt.date) -> Row:
    kinds = story.kinds
    replaced = None if kinds["replacement"] == "none" else story.participation.start - _REPLACED_BEFORE_START
    return {
        "patient_id": story.patient_id, "hip_side": kinds["hip_side"], "clinician": kinds["clinician"],
        "programme_start": _date(first_day, story.participation.start if kinds["records"] == "late_plan" else None),
        "replacement_date": _date(first_day, replaced),
        "replacement_approach": None if replaced is None else kinds["replacement"],
        "discharged_on": _date(first_day, story.participation.discharged)}


def _date(first_day: dt.date, day: int | None) -> pd.Timestamp | None:
    return None if day is None else pd.Timestamp(first_day).as_unit("us") + pd.Timedelta(days=day)


# Truth

def _truth(story: Story, diary: Diary, first_day: dt.date, days: int) -> Row:
    part, pain, now = story.participation, story.true_pain, _last_day_of_course(story, days)
    due, done = _due_days(story, now), set(diary.done_days)
    return {
        "patient_id": story.patient_id, "course": story.kinds["course"], "ending": part.ending,
        "records": story.kinds["records"], "entry": story.kinds["entry"],
        "programme_start": _date(first_day, part.start), "dropped_out_on": _date(first_day, part.dropped_out),
        "discharged_on": _date(first_day, part.discharged), "returned_on": _date(first_day, part.returned),
        "true_pain_start": pain[part.start], "true_pain_now": pain[now], "true_change": pain[now] - pain[part.start],
        "within_person_sd": story.sd, "sessions_due": len(due), "sessions_done": len(done & due),
        "true_adherence": len(done & due) / len(due) if due else None,
        "sessions_logged": len(due & {row["day"] for row in diary.rows if row.get("done")}),
        "pain_missing_share": story.missing_share, "scores_from": _date(first_day, story.scores_from),
        "flare_from": _date(first_day, story.flare[0] if story.flare else None),
        "flare_to": _date(first_day, story.flare[1] if story.flare else None),
        "aggravating_exercise": story.hurting_exercise,
    }


def _last_day_of_course(story: Story, days: int) -> int:
    """A drop-out's course goes on; one that was discharged, or whose plan ended, is over."""
    part = story.participation
    return days - 1 if part.dropped_out is not None else part.spans[-1][1]


def _due_days(story: Story, last: int) -> set[int]:
    days = (day for day in range(story.participation.start, last + 1) if not story.is_paused(day))
    return {day for day in days if (version := story.version(day)) and version.is_session_day(day)}
