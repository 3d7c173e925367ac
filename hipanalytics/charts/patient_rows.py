"""Find one patient's rows at once, however many patients a review has."""

from __future__ import annotations

import weakref
from typing import Any, Literal

import numpy as np
import pandas as pd

from hipanalytics.review import Review

TableName = Literal["table", "flags", "weeks", "days", "blocks", "plans", "prescriptions", "pauses", "patients"]


class PatientRows:
    """The rows of a table by patient: sorted out once, then two look-ups per patient."""

    def __init__(self, table: pd.DataFrame) -> None:
        names = table["patient_id"].astype("category").cat
        codes = names.codes.to_numpy()
        self._patients = names.categories
        self._order = np.argsort(codes, kind="stable")
        self._bounds = np.searchsorted(codes[self._order], np.arange(len(self._patients) + 1))
        self._table = table

    def of(self, patient_id: str) -> pd.DataFrame:
        """The patient's rows in the order of the table; none where the table does not know the patient."""
        place = self._patients.get_indexer(pd.Index([patient_id]))[0]
        if place < 0:
            return self._table.iloc[:0]
        return self._table.iloc[self._order[self._bounds[place]:self._bounds[place + 1]]]


class ReviewRows:
    """All tables of a review by patient; each is sorted out when it is first asked for."""

    def __init__(self, review: Review) -> None:
        cohort = review.cohort
        self._tables: dict[TableName, pd.DataFrame] = {
            "table": review.table, "flags": review.flags, "weeks": review.weeks, "days": review.days,
            "blocks": review.blocks, "plans": cohort.plans, "prescriptions": cohort.prescriptions,
            "pauses": cohort.pauses, "patients": cohort.patients,
        }
        self._sorted: dict[TableName, PatientRows] = {}

    def of(self, table: TableName, patient_id: str) -> pd.DataFrame:
        """The patient's rows of one of the tables."""
        if table not in self._sorted:
            self._sorted[table] = PatientRows(self._tables[table])
        return self._sorted[table].of(patient_id)


_known: dict[int, tuple[weakref.ref[Any], ReviewRows]] = {}


def rows_of(review: Review) -> ReviewRows:
    """The review's tables by patient, sorted out once for as long as the review lives."""
    key = id(review)
    if key not in _known:
        _known[key] = (weakref.ref(review, lambda _: _known.pop(key, None)), ReviewRows(review))
    return _known[key][1]
