"""Dates as people write them: read where they can mean one day only, refused with a sentence where not."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hipanalytics.importers import faults
from hipanalytics.importers.cells import FORMULA_ERRORS
from hipanalytics.importers.faults import Fault

DAY = 86_400_000_000
"""Microseconds of a day."""

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")

_ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?([Zz]|[+-]\d{2}(:?\d{2})?))?)?$"
_ZONED = r"\d{2}:\d{2}.*([Zz]|[+-]\d{2}(:?\d{2})?)$"
_TIME = r"(?:[T ,]+(?P<time>\d{1,2}:\d{1,2}(?::\d{1,2})?))?$"
_NUMBERS = re.compile(r"^(\d{1,4})[./ -]+(\d{1,2})[./ -]+(\d{1,4})" + _TIME)
_DAY_NAME = re.compile(r"^(?P<day>\d{1,2})[. -]+(?P<month>[A-Za-z]{3,9})[., -]+(?P<year>\d{4})" + _TIME)
_NAME_DAY = re.compile(r"^(?P<month>[A-Za-z]{3,9})[. ]+(?P<day>\d{1,2})[, ]+(?P<year>\d{4})" + _TIME)
_TIME_DIRECTIVES = ("%H", "%I", "%T", "%c", "%X", "%R")


@dataclass(frozen=True)
class DateRule:
    """Which dates a column may hold, and how they may be written."""

    earliest: dt.date
    latest: dt.date
    formats: tuple[str, ...] = ()
    zone: str | None = None


@dataclass
class Dates:
    """Distinct texts as moments (microseconds), whether each has a time of day, and what is wrong with the others.

    `orders` holds, for each order of day and month that was understood without being named, the first text in it.
    """

    moments: NDArray[np.datetime64]
    has_time: NDArray[np.bool_]
    faults: dict[int, Fault] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)

    def put(self, places: NDArray[np.int64], moments: pd.Series, has_time: NDArray[np.bool_] | bool) -> None:
        """Write these moments at these places."""
        self.moments[places] = moments.to_numpy(dtype="datetime64[us]")
        self.has_time[places] = has_time


def read_dates(texts: pa.StringArray, rule: DateRule) -> Dates:
    """Which moment does each text mean?

    Rule: year-month-day is always understood; then the formats of the profile, in their order; then any text that
    fits one order of day and month only. Missing: stays missing.
    """
    dates = Dates(np.full(len(texts), np.datetime64("NaT", "us"), "datetime64[us]"), np.zeros(len(texts), bool))
    present = texts.is_valid().to_numpy(zero_copy_only=False)
    iso = _matches(texts, _ISO)
    zoned = iso & _matches(texts, _ZONED)
    _read_plain(dates, texts, np.flatnonzero(iso & ~zoned))
    _read_zoned(dates, texts, np.flatnonzero(zoned), rule.zone)
    for shape in rule.formats:
        _read_shape(dates, texts, np.flatnonzero(present & ~iso & np.isnat(dates.moments)), shape)
    for place in np.flatnonzero(present & np.isnat(dates.moments)).tolist():
        if place not in dates.faults:
            _read_by_hand(dates, place, texts[place].as_py())
    check_range(dates, rule)
    return dates


def check_range(dates: Dates, rule: DateRule) -> None:
    """Empty every moment outside the rule's days, and say why."""
    low, end = np.datetime64(rule.earliest, "us"), np.datetime64(rule.latest + dt.timedelta(days=1), "us")
    for place in np.flatnonzero(dates.moments < low).tolist():
        dates.faults[place] = range_faults(rule)[0]
    for place in np.flatnonzero(dates.moments >= end).tolist():
        dates.faults[place] = range_faults(rule)[1]
    dates.moments[(dates.moments < low) | (dates.moments >= end)] = np.datetime64("NaT", "us")


def range_faults(rule: DateRule) -> tuple[Fault, Fault]:
    """What is said of a day that is too early, and of one that is too late."""
    early = faults.BEFORE_2000 if rule.earliest == dt.date(2000, 1, 1) else faults.too_early(said(rule.earliest))
    return early, faults.too_late(said(rule.latest))


def said(day: dt.date) -> str:
    """A day as it is said: 12 March 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year:04d}"


def shows_time(shape: str) -> bool:
    """Whether a strptime format has a time of day."""
    return any(directive in shape for directive in _TIME_DIRECTIVES)


def _matches(texts: pa.StringArray, pattern: str) -> NDArray[np.bool_]:
    return pc.match_substring_regex(texts, pattern).fill_null(False).to_numpy(zero_copy_only=False)


def _series(texts: pa.StringArray, places: NDArray[np.int64]) -> pd.Series:
    return pd.Series(texts.take(pa.array(places)).to_pandas(), dtype="str")


def _read_plain(dates: Dates, texts: pa.StringArray, places: NDArray[np.int64]) -> None:
    if not len(places):
        return
    written = _series(_to_microseconds(texts), places)
    moments = pd.to_datetime(written, format="ISO8601", errors="coerce")
    dates.put(places, moments, (written.str.len() > 10).to_numpy())


def _to_microseconds(texts: pa.StringArray) -> pa.StringArray:
    texts = pc.replace_substring_regex(texts, r"(:\d{2}),(\d)", r"\1.\2")
    return pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1")


def _read_zoned(dates: Dates, texts: pa.StringArray, places: NDArray[np.int64], zone: str | None) -> None:
    if not len(places):
        return
    written = _series(_to_microseconds(texts), places)
    if zone is None:
        stamps = written.str.extract(r"([Zz]|[+-]\d{2}:?\d{0,2})$")[0].replace({"Z": "UTC", "z": "UTC"})
        dates.faults.update({int(place): faults.no_zone(stamp) for place, stamp in zip(places, stamps, strict=True)})
        return
    moments = pd.to_datetime(written, format="ISO8601", errors="coerce", utc=True)
    dates.put(places, moments.dt.tz_convert(zone).dt.tz_localize(None), True)


def _read_shape(dates: Dates, texts: pa.StringArray, places: NDArray[np.int64], shape: str) -> None:
    if not len(places):
        return
    moments = pd.to_datetime(_series(texts, places), format=shape, errors="coerce")
    found = moments.notna().to_numpy()
    dates.put(places[found], moments[found], shows_time(shape))


def _read_by_hand(dates: Dates, place: int, text: str) -> None:
    found = _one_meaning(text)
    if isinstance(found, Fault):
        dates.faults[place] = found
        return
    moment, has_time, order = found
    dates.moments[place], dates.has_time[place] = moment, has_time
    dates.orders[order] = min(text, dates.orders.get(order, text))


def _one_meaning(text: str) -> tuple[np.datetime64, bool, str] | Fault:
    named = _DAY_NAME.match(text) or _NAME_DAY.match(text)
    if named:
        month = next((i for i, name in enumerate(MONTHS, 1) if _means(named["month"], name)), 0)
        order = "day month year" if text[0].isdigit() else "month day year"
        orders = [(order, int(named["year"]), month, int(named["day"]))]
        return _choose(orders, named["time"]) if month else faults.NOT_DATE
    numbers = _NUMBERS.match(text)
    if FORMULA_ERRORS.match(text):
        return faults.FORMULA_ERROR
    if not numbers:
        return faults.SERIAL_DAY if re.match(r"^[2-7]\d{4}([.,]\d+)?$", text) else faults.NOT_DATE
    first, second, third, time = numbers.groups()
    if len(first) == 4 and len(third) <= 2:
        return _choose([("year-month-day", int(first), int(second), int(third))], time)
    if len(third) == 4 and len(first) <= 2:
        return _choose([("day/month/year", int(third), int(second), int(first)),
                        ("month/day/year", int(third), int(first), int(second))], time)
    return faults.TWO_DIGIT_YEAR if len(first) <= 2 and len(third) <= 2 else faults.NOT_DATE


def _means(word: str, month: str) -> bool:
    return word.lower() in (month.lower(), month[:3].lower(), month[:4].lower())


def _choose(orders: list[tuple[str, int, int, int]], time: str | None) -> tuple[np.datetime64, bool, str] | Fault:
    days = {order: day for order, *parts in orders if (day := _day(*parts)) is not None}
    if not days:
        in_a_month = [(month, number) for _, _, month, number in orders if 1 <= month <= 12]
        return faults.no_such_day(in_a_month[0][1], MONTHS[in_a_month[0][0] - 1]) if in_a_month else faults.NOT_DATE
    if len(set(days.values())) > 1:
        one, other = days.values()
        return faults.two_orders(said(one), said(other))
    order, day = next(iter(days.items()))
    clock = _clock(time)
    if clock is None:
        return faults.NOT_TIME
    return np.datetime64(dt.datetime.combine(day, clock), "us"), time is not None, order


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _clock(time: str | None) -> dt.time | None:
    try:
        hour, minute, second = [*map(int, (time or "0:0").split(":")), 0][:3]
        return dt.time(hour, minute, second)
    except ValueError:
        return None
