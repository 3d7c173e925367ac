"""From when on a patient counts as being in the programme, where the first plan comes after the first log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, func, select

from hipanalytics.clinic.decisions.records import PlanVersion
from hipanalytics.clinic.decisions.standing import current
from hipanalytics.clinic.patients import numbers_of
from hipanalytics.clinic.schema import log_rows

ASSUMED_START: Final = "assumed: the first logged day"
_AT_ONCE: Final = 10_000


def starts_to_assume(connection: Connection, first_plans: Mapping[str, PlanVersion]) -> dict[str, dt.date]:
    """For whom would this plan, being the first, erase what was logged before it? With the first logged day.

    Rule: not where a plan is in force already or the programme start is known, nor where the plan begins a new episode.
    Parameters: first_plans: the earliest of the plans that are about to be saved, by patient.
    """
    patient_ids = [patient for patient, plan in first_plans.items() if not plan.new_episode]
    settled = {each.patient_id for each in current(connection, "plan", patient_ids)}
    settled |= {each.patient_id for each in current(connection, "patient", patient_ids) if each.record.programme_start}
    first = first_logged_days(connection, [patient for patient in patient_ids if patient not in settled])
    return {patient: day for patient, day in first.items() if day < first_plans[patient].valid_from}


def first_logged_days(connection: Connection, patient_ids: list[str]) -> dict[str, dt.date]:
    """The day of the first row of these patients' logs, where there is one."""
    patient_of = {number: patient for patient, number in numbers_of(connection, patient_ids).items()}
    numbers, epoch = list(patient_of), dt.datetime(1970, 1, 1)
    days: dict[str, dt.date] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        first = select(log_rows.c.patient_no, func.min(log_rows.c.performed_at)).where(
            log_rows.c.current, log_rows.c.patient_no.in_(numbers[start:start + _AT_ONCE]))
        for number, moment in connection.execute(first.group_by(log_rows.c.patient_no)):
            days[patient_of[number]] = (epoch + dt.timedelta(microseconds=moment)).date()
    return days
