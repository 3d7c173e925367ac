"""What a text in a cell means: each reader takes the distinct texts of a column and gives values and faults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hipanalytics.importers import faults
from hipanalytics.importers.faults import Fault
from hipanalytics.tables import PATIENT_ID_PATTERN

YES = ("true", "yes", "y", "1", "1.0")
NO = ("false", "no", "n", "0", "0.0")
FORMULA_ERRORS = re.compile(r"^#(N/A|DIV/0!|REF!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)$")
_NUMBER = r"^[+-]?(\d+([.]\d*)?|[.]\d+)([eE][+-]?\d{1,4})?$"
_WITH_COMMA = r"^[+-]?\d*,\d+([eE][+-]?\d{1,4})?$"
_WITH_POINT = r"^[+-]?\d*\.\d+([eE][+-]?\d{1,4})?$"


@dataclass
class Cells:
    """The meaning of each distinct text (None or NaN where there is none) and what is wrong with the others."""

    meanings: Any
    faults: dict[int, Fault] = field(default_factory=dict)


def read_numbers(texts: pa.StringArray, *, decimal: str) -> Cells:
    """Numbers with the file's decimal mark; -0 is 0."""
    other, fault = (".", faults.POINT) if decimal == "," else (",", faults.COMMA)
    wrong_mark = _matches(texts, _WITH_POINT if other == "." else _WITH_COMMA)
    plain = pc.replace_substring(texts, ",", ".") if decimal == "," else texts
    good = _matches(plain, _NUMBER) & ~wrong_mark
    numbers = np.full(len(texts), np.nan)
    numbers[good] = plain.filter(pa.array(good)).cast(pa.float64()).to_numpy(zero_copy_only=False) + 0.0
    endless = np.isinf(numbers)
    numbers[endless] = np.nan
    cells = Cells(numbers)
    for place in np.flatnonzero(texts.is_valid().to_numpy(zero_copy_only=False) & (~good | endless)).tolist():
        text = texts[place].as_py()
        cells.faults[place] = fault if wrong_mark[place] else faults.TOO_LARGE if endless[place] else _not_number(text)
    return cells


def decimal_marks(texts: pa.StringArray) -> tuple[bool, bool]:
    """Whether these texts hold numbers with a comma, and numbers with a point."""
    return bool(_matches(texts, _WITH_COMMA).any()), bool(_matches(texts, _WITH_POINT).any())


def read_yes_no(texts: pa.StringArray) -> Cells:
    """Yes and no, in the words that files use."""
    meanings = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
    return _looked_up(texts, lambda text: meanings.get(text.lower()), faults.NOT_YES_NO)


def read_ids(texts: pa.StringArray) -> Cells:
    """Pseudonyms."""
    pattern = re.compile(PATIENT_ID_PATTERN)
    return _looked_up(texts, lambda text: text if pattern.fullmatch(text) else None, faults.BAD_ID)


def read_words(texts: pa.StringArray) -> Cells:
    """Words from a closed list, in small letters (the list itself is checked with the table)."""
    return _looked_up(texts, str.lower, faults.FORMULA_ERROR)


def read_texts(texts: pa.StringArray, *, longest: int) -> Cells:
    """Free text up to a length."""
    return _looked_up(texts, lambda text: text if len(text) <= longest else None, faults.too_long(longest))


def _looked_up(texts: pa.StringArray, meaning: Any, fault: Fault) -> Cells:
    cells = Cells(texts.to_pylist())
    for place, text in enumerate(cells.meanings):
        if text is None:
            continue
        broken = FORMULA_ERRORS.match(text) if text.startswith("#") else None
        cells.meanings[place] = None if broken else meaning(text)
        if cells.meanings[place] is None:
            cells.faults[place] = faults.FORMULA_ERROR if broken else fault
    return cells


def _not_number(text: str) -> Fault:
    if FORMULA_ERRORS.match(text):
        return faults.FORMULA_ERROR
    if re.match(r"^[+-]?(inf|infinity)$", text, re.IGNORECASE):
        return faults.TOO_LARGE
    return faults.FRACTION if re.match(r"^\d+([.,]\d+)? ?(/|of|out of) ?\d+$", text) else faults.NOT_NUMBER


def _matches(texts: pa.StringArray, pattern: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.match_substring_regex(texts, pattern).fill_null(False).to_numpy(zero_copy_only=False)
    return found
