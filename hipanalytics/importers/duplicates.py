"""Rows that say the same in every column: the first stands, the others count as duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_FOLD = np.uint64(32)
_BLOCK = 1 << 16


def exact_duplicates(
    frame: pd.DataFrame, columns: Sequence[str], *, part: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """Which rows repeat an earlier one in all these columns?

    Rule: an empty cell equals an empty cell. With `part` (which file each row is of), equal rows within a
    file stand, as one row per set; only what a further file repeats of them is a duplicate.
    """
    prints = fingerprints(frame, columns)
    ordered = np.sort(prints)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    repeated = np.zeros(len(frame), bool)
    if not len(shared):
        return repeated
    candidates = np.flatnonzero(pd.Series(prints).isin(pd.unique(shared)).to_numpy())
    rows = frame[list(columns)].iloc[candidates]
    if part is not None:
        alike = rows.groupby(list(columns), dropna=False, observed=True, sort=False).ngroup()
        rows = pd.DataFrame({"alike": alike, "file": part[candidates]})
        rows["nth"] = rows.groupby(["alike", "file"]).cumcount()
        rows = rows.drop(columns="file")
    repeated[candidates] = rows.duplicated().to_numpy()
    return repeated


def fingerprints(frame: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.uint64]:
    """One number per row: equal rows have equal numbers (and, very rarely, others too)."""
    parts = [_plain(frame[column]) for column in columns]
    prints = np.empty(len(frame), np.uint64)
    for start in range(0, len(frame), _BLOCK):
        mixed = prints[start:start + _BLOCK]
        mixed[:] = 0
        for part in parts:
            mixed ^= _bits(part[start:start + _BLOCK])
            mixed *= _PRIME
            mixed ^= mixed >> _FOLD
    return prints


def _bits(block: NDArray[Any]) -> NDArray[np.uint64]:
    if block.dtype == np.float64:
        block = np.where(np.isnan(block), np.nan, block)
        return block.view(np.uint64)
    return block.astype(np.uint64)


def _plain(column: pd.Series) -> NDArray[Any]:
    """The column as plain numbers that are equal where its values are (and where both are missing)."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy()
    if column.dtype == "boolean":
        return column.to_numpy(dtype="int8", na_value=2)
    if str(column.dtype).startswith("datetime64"):
        return column.to_numpy().view(np.int64)
    if column.dtype == "str":
        return pd.factorize(column)[0]
    return column.to_numpy()
