"""A patient's own dates: where the programme starts, up to which day it is looked at, whether it has ended."""

from __future__ import annotations

import datetime as dt
from typing import Final, cast

import numpy as np
import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.errors import CohortError
from hipanalytics.measures.days import NEVER, Days, Mask, to_dates, to_days

_NO_VERSION: Final = -1


def default_as_of(cohort: Cohort) -> dt.date:
    """Up to which day do the data reach?

    Rule: the latest accepted day in the logs; the clock is never read.
    Raises: CohortError where there are no logs.
    """
    if cohort.logs.empty:
        raise CohortError("There are no log rows, so there is no latest day: say the day of the review (--as-of DATE).")
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(cohort.log_days.max()))


def find_courses(
    cohort: Cohort, review_day: dt.date, *, to_own_last_row: bool = False, assumed_sessions_per_week: int,
) -> pd.DataFrame:
    """When did each patient's course start, up to which day is it looked at, and has it ended?

    Rule: the programme starts with the latest new episode, else at the patient's `programme_start`, else with the
    first plan version, else with the first row. The patient's `as_of` is the day of the review (or, with
    `to_own_last_row`, that of the own last row, where there is one), not after the discharge (void once a new episode
    has begun after it), and not after the `valid_to` of the last version begun. Versions that start after it do not
    exist yet.
    Missing: patients with neither rows nor a plan by their as_of are left out.
    Returns: one row per patient, sorted by patient_id: patient_id, start, as_of, ended (by discharge or by the end
    of the plan, before the day of the review), plan_source ("plan" or "assumed"), sessions_per_week (of the last
    version).
    """
    patient_ids = _everyone(cohort)
    first_row, last_row = _first_and_last_rows(cohort, patient_ids)
    plans = _ordered_plans(cohort, patient_ids)
    review_number = (review_day - dt.date(1970, 1, 1)).days
    asked = np.full(len(patient_ids), review_number, dtype=np.int64)
    if to_own_last_row:
        asked = np.where(last_row == -NEVER, asked, last_row)
    patients = cohort.patients.drop_duplicates("patient_id").set_index("patient_id").reindex(patient_ids)

    discharged = to_days(patients["discharged_on"])
    discharged = np.where(_returned(plans, discharged, asked), NEVER, discharged)
    last_version = _last_version(plans, np.minimum(asked, discharged))
    end = np.minimum(discharged, _of_version(plans, "last", last_version, otherwise=NEVER))
    looked_at = np.minimum(asked, end)

    has_plan = last_version != _NO_VERSION
    start = _start(plans, to_days(patients["programme_start"]), first_row, looked_at)
    listed = has_plan | (first_row <= looked_at)
    courses = pd.DataFrame({
        "patient_id": patient_ids,
        "start": to_dates(start, listed),
        "as_of": to_dates(looked_at),
        "ended": end < review_number,
        "plan_source": np.where(has_plan, "plan", "assumed"),
        "sessions_per_week": _of_version(
            plans, "sessions_per_week", last_version, otherwise=assumed_sessions_per_week),
    })
    return cast(pd.DataFrame, courses[listed].reset_index(drop=True))


def _everyone(cohort: Cohort) -> pd.Index:
    logged = cohort.logs["patient_id"].cat.categories
    return logged.union(pd.Index(cohort.plans["patient_id"]).unique(), sort=False).astype("str").sort_values()


def _first_and_last_rows(cohort: Cohort, patient_ids: pd.Index) -> tuple[Days, Days]:
    logs = cohort.logs["patient_id"].cat
    first = np.full(len(logs.categories), NEVER, dtype=np.int64)
    last = np.full(len(logs.categories), -NEVER, dtype=np.int64)
    np.minimum.at(first, logs.codes.to_numpy(), cohort.log_days)
    np.maximum.at(last, logs.codes.to_numpy(), cohort.log_days)
    position = patient_ids.get_indexer(logs.categories)
    first_row = np.full(len(patient_ids), NEVER, dtype=np.int64)
    last_row = np.full(len(patient_ids), -NEVER, dtype=np.int64)
    first_row[position], last_row[position] = first, last
    return first_row, last_row


def _ordered_plans(cohort: Cohort, patient_ids: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({
        "patient": patient_ids.get_indexer(pd.Index(cohort.plans["patient_id"])),
        "first": to_days(cohort.plans["valid_from"]),
        "last": to_days(cohort.plans["valid_to"]),
        "sessions_per_week": cohort.plans["sessions_per_week"].to_numpy(dtype=np.int64),
        "new_episode": cohort.plans["new_episode"].to_numpy(dtype=bool),
    }).sort_values(["patient", "first"], ignore_index=True)


def _returned(plans: pd.DataFrame, discharged: Days, asked: Days) -> Mask:
    patient, first = plans["patient"].to_numpy(), plans["first"].to_numpy()
    began = plans["new_episode"].to_numpy() & (discharged[patient] < first) & (first <= asked[patient])
    returned = np.zeros(len(asked), dtype=bool)
    returned[patient[began]] = True
    return returned


def _last_version(plans: pd.DataFrame, looked_at: Days) -> Days:
    """Row in `plans` (ordered by day) of the last version that has begun, per patient."""
    last = np.full(len(looked_at), _NO_VERSION, dtype=np.int64)
    patient = plans["patient"].to_numpy()
    begun = np.flatnonzero(plans["first"].to_numpy() <= looked_at[patient])
    last[patient[begun]] = begun
    return last


def _of_version(plans: pd.DataFrame, column: str, version: Days, *, otherwise: int) -> Days:
    values = np.append(plans[column].to_numpy(dtype=np.int64), otherwise)
    return values[version]


def _start(plans: pd.DataFrame, programme_start: Days, first_row: Days, looked_at: Days) -> Days:
    begun = plans[plans["first"].to_numpy() <= looked_at[plans["patient"].to_numpy()]]
    first_version = np.full(len(looked_at), NEVER, dtype=np.int64)
    np.minimum.at(first_version, begun["patient"].to_numpy(), begun["first"].to_numpy())
    episode = np.full(len(looked_at), -NEVER, dtype=np.int64)
    episodes = begun[begun["new_episode"]]
    np.maximum.at(episode, episodes["patient"].to_numpy(), episodes["first"].to_numpy())
    start = np.where(first_version < NEVER, first_version, first_row)
    start = np.where(programme_start < NEVER, programme_start, start)
    return np.where(episode > -NEVER, episode, start)
