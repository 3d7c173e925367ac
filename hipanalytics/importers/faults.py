"""What can be wrong with a cell or a row: each fault with what is allowed and what to do, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True)
class Fault:
    """One way in which a cell or a row breaks a rule."""

    problem: str
    allowed: str
    action: str
    kind: str = ""

    @property
    def heading(self) -> str:
        """The words under which faults of this kind are told together."""
        return self.kind or self.problem


@dataclass(frozen=True)
class Finding:
    """Where a fault was found: the positions of the rows in the table as read, and what stands there."""

    column: str
    fault: Fault
    positions: NDArray[np.int64]
    texts: pa.StringArray
    refuses_row: bool


def plain_text(array: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """The cells as text, whatever their type; an empty cell is empty text."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_timestamp(array.type) and array.type.tz:
        array = array.cast(pa.timestamp(array.type.unit))
    return array.cast(pa.string()).fill_null("")


DATE_SHAPES = "a date such as 2026-03-12, or with its time 2026-03-12 17:30"

EMPTY = Fault("is empty", "every row needs a value here", "Fill in the cell, or take the row out.")
LONG_ROW = Fault(
    "has more cells than the header has columns", "as many cells as the header",
    "Look for a separator inside a text that has no quotation marks around it.")
RUN_TOGETHER = Fault(
    "holds further rows inside one cell", "one row",
    "Look for a quotation mark (\") that is opened in this row and not closed, and close or remove it.")
FORMULA_ERROR = Fault("is the error of a formula", "a value", "Mend the formula, or type the value.")
NO_RESULT = Fault(
    "is a formula whose result was never saved", "a value",
    "Open the workbook, let it calculate, save it, and read it again.")

BAD_ID = Fault(
    "is not a pseudonym", "1 to 64 letters, digits, '.', '_' or '-'",
    "Use the pseudonym alone, without blanks, accents or other signs.")

NOT_NUMBER = Fault("is not a number", "a number", "Write the number alone, or leave the cell empty.")
FRACTION = Fault(
    "is a fraction, not a single number", "a number", "Write the first number alone (7 for 7/10) if the scale is 0-10.")
TOO_LARGE = Fault("is not a number that can be stored", "a number", "Correct the number, or leave the cell empty.")
COMMA = Fault(
    "has a decimal comma where the file uses a decimal point", "one decimal mark in the whole file",
    "Write the number with a point; or name the file's mark in a profile (decimal = \",\").")
POINT = Fault(
    "has a decimal point where the file uses a decimal comma", "one decimal mark in the whole file",
    "Write the number with a comma; or name the file's mark in a profile (decimal = \".\").")
NOT_WHOLE = Fault("is not a whole number", "a whole number, 0 or more", "Correct the number, or leave the cell empty.")
BELOW_ZERO = Fault("is below 0", "0 or more", "Correct the number, or leave the cell empty.")
NOT_YES_NO = Fault(
    "is neither yes nor no", "true, false, yes, no, y, n, 1 or 0",
    "Correct the cell, or say in a profile what the word means.")

NOT_DATE = Fault("is not a date", DATE_SHAPES, "Write the date as year-month-day, or name its format in a profile.")
NOT_TIME = Fault("has a time of day that does not exist", "00:00 to 23:59", "Correct the time, or leave it out.")
TWO_DIGIT_YEAR = Fault(
    "has a year of two digits", DATE_SHAPES, "Write the year with four digits, or name the format in a profile.")
SERIAL_DAY = Fault(
    "looks like the plain number that a spreadsheet keeps for a date", DATE_SHAPES,
    "Give the column a date format in the spreadsheet, then save it again.")
BEFORE_2000 = Fault("lies before 2000", "2000-01-01 or later", "Correct the year.")


def no_such_day(day: int, month: str) -> Fault:
    """A day that its month does not have."""
    return Fault(f"does not exist: there is no {day} {month} in that year", DATE_SHAPES, "Correct the date.",
                 kind="is a day that does not exist")


def two_orders(one: str, other: str) -> Fault:
    """A date that fits two orders of day and month, which is never guessed."""
    return Fault(
        f"fits both {one} and {other}", "a date that can be read in one way only",
        "Name the format in a profile (date_formats = [\"%d/%m/%Y\"]), or write year-month-day.",
        kind="fits two orders of day and month")


def too_late(latest: str) -> Fault:
    """A date after the last one that can be true."""
    return Fault(f"lies after {latest}", f"{latest} or earlier", "Correct the year, month or day.")


def too_early(earliest: str) -> Fault:
    """A date before the first one that can be true."""
    return Fault(f"lies before {earliest}", f"{earliest} or later", "Correct the year.")


def no_zone(stamp_zone: str) -> Fault:
    """A stamp of another zone, where the patient's own is not known."""
    return Fault(
        f"says {stamp_zone} but not the patient's zone", "the patient's own clock time, or a known zone",
        "Give --zone (for example Europe/Berlin), or zone = \"...\" in the profile.",
        kind="says a time zone but not the patient's")


def out_of_range(low: float, high: float, *, whole: bool = False) -> Fault:
    """A number outside the scale of its column."""
    kind = "whole numbers only" if whole else "decimals allowed"
    return Fault(f"is outside {low:g} to {high:g}", f"{low:g} to {high:g}, {kind}", "Correct the number.")


def not_on_scale(low: float, high: float) -> Fault:
    """A score outside the scale of its source."""
    return Fault(f"is not on the source's own scale, {low:g} to {high:g}", f"{low:g} to {high:g}, as the source counts",
                 "Correct the score, or the scale in the profile.")


def not_among(allowed: tuple[str, ...]) -> Fault:
    """A word that is none of those allowed."""
    return Fault(
        "is not one of the words allowed", ", ".join(allowed),
        "Use one of these words, or say in a profile what yours means.")


def too_long(longest: int) -> Fault:
    """A text beyond the length that its column takes."""
    return Fault(f"is longer than {longest:,} characters", f"up to {longest:,} characters", "Shorten the text.")
