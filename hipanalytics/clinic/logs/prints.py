"""A row's content as one number: the same on every machine, in every file, whatever columns the file has beside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ITEM_COLUMNS = ("exercise", "side")
"""With patient and moment, the key of a row. A date alone and its midnight are one: sources confuse them."""
_NOT_CONTENT = ("patient_id", "performed_at", "file", "row")
_PRIMES = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def item_prints(frame: pd.DataFrame) -> NDArray[np.int64]:
    """What was done, apart from by whom and when: the rest of a row's key."""
    return _mixed(frame, (name for name in ITEM_COLUMNS if name in frame)).view(np.int64)


def content_prints(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Everything that a row says but for patient and moment. An empty cell and no such column are the same."""
    return _mixed(frame, (name for name in frame.columns if name not in _NOT_CONTENT)).view(np.int64)


def whole_prints(frame: pd.DataFrame, content: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Patient, moment and content: rows of a file that are alike in all have the same number."""
    return _mixed(frame, ("patient_id", "performed_at")) + content.view(np.uint64) * _PRIMES[1]


def _mixed(frame: pd.DataFrame, columns: Iterable[str]) -> NDArray[np.uint64]:
    total = np.zeros(len(frame), np.uint64)
    for name in columns:
        bits, known = _bits(frame[name])
        mixed = bits ^ _word(name)
        for prime, shift in zip(_PRIMES, (np.uint64(30), np.uint64(27)), strict=True):
            mixed = (mixed ^ (mixed >> shift)) * prime
        mixed ^= mixed >> np.uint64(31)
        total += mixed if known is None else np.where(known, mixed, np.uint64(0))
    return total


def _bits(column: pd.Series) -> tuple[NDArray[np.uint64], NDArray[np.bool_] | None]:
    """The values as numbers, and where there is one."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _of_words(column.cat.categories, column.cat.codes.to_numpy())
    if column.dtype == "boolean":
        return column.to_numpy(dtype="uint64", na_value=2), column.notna().to_numpy()
    if str(column.dtype).startswith("datetime64"):
        moments = column.to_numpy().astype("datetime64[us]")
        return moments.view(np.uint64), ~np.isnat(moments)
    if column.dtype.kind == "f":
        numbers = column.to_numpy(np.float64) + 0.0
        return numbers.view(np.uint64), ~np.isnan(numbers)
    if column.dtype.kind in "bui":
        return column.to_numpy().astype(np.uint64), None
    codes, words = pd.factorize(column)
    return _of_words(words, codes)


def _of_words(words: Any, codes: NDArray[Any]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    known = codes >= 0
    numbers = np.array([*(_word(str(word)) for word in words), 0], np.uint64)
    empty = np.array([*(word == "" for word in words), True])
    return numbers[codes], known & ~empty[codes]


def _word(word: str) -> np.uint64:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))
