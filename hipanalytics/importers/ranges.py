"""pandera checks ranges and words; here alone its findings are put into ours."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pandera.errors
import pandera.pandas as pa
from numpy.typing import NDArray

from hipanalytics.importers import faults
from hipanalytics.importers.faults import Fault
from hipanalytics.tables import TABLES


@cache
def schema_of(table: str) -> pa.DataFrameSchema:
    """The checks of a table."""
    return TABLES[table].to_schema()


@cache
def _schema_of_column(table: str, name: str) -> pa.DataFrameSchema:
    return schema_of(table).select_columns([name])


def broken_cells(frame: pd.DataFrame, table: str) -> list[tuple[str, Fault, NDArray[np.int64]]]:
    """Which cells break the rules of their column? Column, fault and the places in the frame's index.

    Rule: each distinct value is checked once, and where a column has only a range its extremes alone, if they are
    within: so the time hardly grows with the rows.
    """
    schema_of(table).validate(frame.iloc[:0], lazy=True)
    found = []
    for name, column in schema_of(table).columns.items():
        if name in frame and column.checks:
            for fault, values in _broken_values(frame[name], table).items():
                places = frame.index.to_numpy()[frame[name].isin(values).to_numpy()]
                if len(places):
                    found.append((name, fault, places))
    return found


def _broken_values(series: pd.Series, table: str) -> dict[Fault, list[Any]]:
    name = str(series.name)
    if _has_range_only(table, name) and not _broken(_extremes(series), table, name):
        return {}
    return _broken(_distinct(series), table, name)


def _broken(values: pd.Series, table: str, name: str) -> dict[Fault, list[Any]]:
    try:
        _schema_of_column(table, name).validate(pd.DataFrame({name: values}), lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases.drop_duplicates("failure_case")
    else:
        return {}
    broken: dict[Fault, list[Any]] = {}
    for check, value in zip(cases["check"], cases["failure_case"], strict=True):
        broken.setdefault(_fault(table, name, str(check)), []).append(value)
    return broken


def _has_range_only(table: str, name: str) -> bool:
    """Whether every check of the column asks for no less than, or no more than, a number."""
    checks = schema_of(table).columns[name].checks
    return all({"min_value", "max_value"} & set(check.statistics or ()) for check in checks)


def _extremes(series: pd.Series) -> pd.Series:
    values = series.to_numpy()
    ends = [np.fmin.reduce(values), np.fmax.reduce(values)] if len(values) else []
    return pd.Series(ends, dtype=series.dtype).dropna()


def _distinct(series: pd.Series) -> pd.Series:
    if isinstance(series.dtype, pd.CategoricalDtype):
        return pd.Series(series.cat.categories).astype(series.dtype)
    return pd.Series(series.unique(), dtype=series.dtype).dropna()


def _fault(table: str, column: str, check: str) -> Fault:
    limits = _limits(table, column)
    if check in ("whole", "_is_whole"):
        return faults.NOT_WHOLE
    if "isin" in limits:
        return faults.not_among(tuple(limits["isin"]))
    if "high" in limits:
        return faults.out_of_range(limits["low"], limits["high"], whole=_is_whole(table, column))
    return faults.BELOW_ZERO


def _limits(table: str, column: str) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for check in schema_of(table).columns[column].checks:
        values = check.statistics or {}
        limits |= {name: values[key] for name, key in
                   (("low", "min_value"), ("high", "max_value"), ("isin", "allowed_values")) if key in values}
    return limits


def _is_whole(table: str, column: str) -> bool:
    return str(schema_of(table).columns[column].dtype) == "int64"
