"""The frozen set of checked tables that every analysis starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.errors

from hipanalytics.errors import CohortError
from hipanalytics.tables import Patients, Pauses, Plans, Prescriptions, RedFlags, SessionLogs, empty_table


@dataclass(frozen=True)
class Cohort:
    """Whose logs, plans and pauses are looked at: checked once at the door, trusted from then on.

    The tables are those of `hipanalytics.tables`. `refused` says what the door refused, per patient:
    patient_id, rows_refused, cells_left_out, what (the first of them, in words).
    """

    logs: pd.DataFrame
    plans: pd.DataFrame = field(default_factory=partial(empty_table, Plans))
    prescriptions: pd.DataFrame = field(default_factory=partial(empty_table, Prescriptions))
    pauses: pd.DataFrame = field(default_factory=partial(empty_table, Pauses))
    patients: pd.DataFrame = field(default_factory=partial(empty_table, Patients))
    red_flags: pd.DataFrame = field(default_factory=partial(empty_table, RedFlags))
    refused: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(
            {"patient_id": pd.Series(dtype="str"), "rows_refused": pd.Series(dtype="int64"),
             "cells_left_out": pd.Series(dtype="int64"), "what": pd.Series(dtype="str")}))
    is_example: bool = False

    @cached_property
    def log_days(self) -> npt.NDArray[np.int64]:
        """Day number (days since 1 January 1970) of each log row."""
        return self.logs["performed_at"].to_numpy().astype("datetime64[D]").astype(np.int64)


def check_cohort(cohort: Cohort) -> Cohort:
    """Do all tables of this cohort keep to their columns, units and ranges?

    Rule: for cohorts built in Python; what comes through the door has been checked there.
    Raises: CohortError, naming the first table, column and value that break a rule.
    """
    checks = [
        (SessionLogs, cohort.logs), (Plans, cohort.plans), (Prescriptions, cohort.prescriptions),
        (Pauses, cohort.pauses), (Patients, cohort.patients), (RedFlags, cohort.red_flags),
    ]
    for model, table in checks:
        try:
            model.to_schema().validate(table, lazy=True)
        except pandera.errors.SchemaErrors as error:
            first = error.failure_cases.iloc[0]
            raise CohortError(
                f"The table {model.__name__} breaks a rule in column {first['column']}: "
                f"{first['failure_case']} fails {first['check']}.") from None
    return cohort
