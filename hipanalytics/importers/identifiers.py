"""What a column tells of people: names, e-mail addresses, phone numbers, dates of birth, health numbers."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Literal

from hipanalytics.importers.personal_numbers import E_MAIL, is_health_number, is_phone, may_be_phone, personal_in

Use = Literal["patient", "text", "unused"]
"""What the table uses a column for: who the patient is, free text, or nothing."""

KINDS = {"e_mails": "e-mail addresses", "health_numbers": "health numbers", "births": "dates of birth",
         "phones": "phone numbers", "names": "names of people"}
INSIDE = "e-mail addresses, phone numbers or health numbers"

FEWEST = 3
"""Distinct values that have to match where nothing but the values speaks for it."""
HALF, NEARLY_ALL, SOME = 0.5, 0.8, 0.2
_BORN = range(1900, 1986)
"""Years of birth of most who have hip pain, and of hardly any session or programme."""
_LONGEST_HEADING, _LONGEST_NAME = 60, 60
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})
_DATES = (re.compile(r"(?P<year>\d{4})[./-]\d{1,2}[./-]\d{1,2}(?!\d)"),
          re.compile(r"\d{1,2}[./ -]+(?:\d{1,2}|[^\W\d_]{3,9})[./, -]+(?P<year>\d{4})(?!\d)"),
          re.compile(r"[^\W\d_]{3,9}[. ]+\d{1,2}[, ]+(?P<year>\d{4})(?!\d)"),
          re.compile(r"(?P<year>(?:19|20)\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"),
          re.compile(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?P<year>(?:19|20)\d\d)"))
_SHORT_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_NAME = re.compile(r"[^\W\d_][^\W\d_'’ ,.\-]*(?:[ ,.'’\-]+[^\W\d_]+)*[.]?")
_JOINED_NAME = re.compile(r"[^\W\d_]+(?:[ ,.'’_\-]+[^\W\d_]+)*[.]?")


def identifiers_in(heading: str, values: Sequence[str], use: Use = "unused") -> str:
    """What does this column tell of people: names, e-mail addresses, ...? Nothing: an empty text.

    Rule: the heading says so and the values do not speak against it, or the values alone say so: at least half of
    the distinct ones and at least 3 (of a patient's own identifier, one is enough where no chance can explain it).
    Headings that speak of clinicians are passed over: those who treat may be named. `values` are distinct.
    """
    words = words_of(heading)
    if not values or (use != "patient" and _is_of_staff(words)):
        return ""
    said = _said(words)
    tests: dict[str, Callable[[], bool]] = {
        "e_mails": lambda: _are_e_mails(values, use, said="e_mails" in said),
        "health_numbers": lambda: _are_health_numbers(values, use, said="health_numbers" in said),
        "births": lambda: _are_births(values, said="births" in said),
        "phones": lambda: _are_phones(values, use, said="phones" in said),
        "names": lambda: _are_names(values, words, use, said="names" in said)}
    return next((KINDS[kind] for kind, holds in tests.items() if holds()), "")


def identifiers_said(heading: str) -> str:
    """What a heading alone says of a column that is not read: the whole of it has to."""
    words = words_of(heading)
    whole = "".join(words)
    kinds = [kind for kind, phrases in _lists("headings").items() if whole in phrases]
    if whole in _lists("alone")["names"]:
        kinds.append("names")
    return KINDS[kinds[0]] if kinds else ""


def some_personal(heading: str, values: Sequence[str]) -> bool:
    """Whether some of these texts (words, not a number alone) hold an e-mail address, a phone or a health number."""
    return not _is_of_staff(words_of(heading)) and any(
        re.search(r"[^\W\d_]{2}", value) and personal_in(value) for value in values)


def plain_letters(text: str) -> str:
    """Small letters without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def words_of(heading: str) -> list[str]:
    """The words of a heading, in small plain letters: "dateOfBirth", "date_of_birth" and "Date of birth" have three."""
    parted = re.sub(r"(?<=[a-zäöüéè])(?=[A-ZÄÖÜ])", " ", heading[:_LONGEST_HEADING])
    return re.findall(r"[^\W_]+", plain_letters(parted))


def _are_e_mails(values: Sequence[str], use: Use, *, said: bool) -> bool:
    found = [E_MAIL.fullmatch(value) for value in values]
    return _enough(found, HALF, 1 if said or use == "patient" else FEWEST)


def _are_health_numbers(values: Sequence[str], use: Use, *, said: bool) -> bool:
    if said and _enough([sum(map(str.isdigit, value)) >= 6 for value in values], HALF, 1):
        return True
    if use == "patient" and _enough([is_health_number(value, surely=True) for value in values], HALF, 1):
        return True
    return _enough([is_health_number(value) for value in values], NEARLY_ALL, FEWEST)


def _are_births(values: Sequence[str], *, said: bool) -> bool:
    years = [_year(value) for value in values]
    if said:
        return _enough([year > 0 or _SHORT_DATE.fullmatch(value)
                        for year, value in zip(years, values, strict=True)], HALF, 1)
    return _enough([year in _BORN for year in years], HALF, FEWEST)


def _are_phones(values: Sequence[str], use: Use, *, said: bool) -> bool:
    test = may_be_phone if said else is_phone
    return _enough([test(value) for value in values], HALF, 1 if said or use == "patient" else FEWEST)


def _are_names(values: Sequence[str], words: list[str], use: Use, *, said: bool) -> bool:
    if said and use != "text":
        return _enough([re.search(r"[^\W\d_]", value) for value in values], HALF, 1)
    if use == "patient":
        return _enough([_names_a_patient(value) for value in values], HALF, 1)
    if use == "unused" and "".join(words) in _lists("alone")["names"]:
        return _enough([_is_name(value) for value in values], HALF, 1)
    if not _enough([_is_name(value) for value in values], NEARLY_ALL, FEWEST):
        return False
    given = [_has_given_name(value) for value in values]
    several = [len(value.split()) > 1 for value in values]
    return _enough(given, HALF, FEWEST) or (_enough(given, SOME, 1) and _enough(several, HALF, FEWEST))


def _enough(found: Sequence[object], share: float, fewest: int) -> bool:
    count = sum(map(bool, found))
    return count >= fewest and count >= share * len(found)


def _year(value: str) -> int:
    """The year of a date that is the whole value (a time may follow); 0 where it is none."""
    match = next((match for shape in _DATES if (match := shape.match(value))), None)
    rest = value[match.end():] if match else ""
    return int(match["year"]) if match and not re.sub(r"^[T ]?[\d:.]*Z?$", "", rest) else 0


def _is_name(value: str) -> bool:
    """Whether this has the shape of a name: capitalised words, none of them of the body, a complaint or an exercise."""
    if len(value) > _LONGEST_NAME or not _NAME.fullmatch(value):
        return False
    words = re.findall(r"[^\W\d_]+", value)
    proper = [word for word in words if plain_letters(word) not in _lists("particles")["words"]]
    return (0 < len(proper) <= 5 and all(word[0].isupper() for word in proper) and any(len(word) > 1 for word in proper)
            and not any(plain_letters(word) in _lists("not_names")["words"] for word in proper))


def _names_a_patient(value: str) -> bool:
    """Whether an identifier is a name: several capitalised words, one alone (Huber), or a common given name."""
    if not _JOINED_NAME.fullmatch(value):
        return False
    words = re.findall(r"[^\W\d_]{2,}", value)
    alone = len(words) == 1 and len(value) > 2 and value.istitle()
    shaped = _is_name(value.replace("_", " ")) and (len(words) > 1 or alone)
    return shaped or _has_given_name(value)


def _has_given_name(value: str) -> bool:
    given = _lists("given_names")["words"]
    return any(word in given for word in re.findall(r"[^\W\d_]+", plain_letters(value)))


def _is_of_staff(words: list[str]) -> bool:
    return not _lists("staff")["words"].isdisjoint(words)


def _said(words: list[str]) -> set[str]:
    """Which kinds a heading names."""
    return {kind for phrase in _phrases(words) for kind, phrases in _lists("headings").items() if phrase in phrases}


def _phrases(words: list[str]) -> Iterator[str]:
    for length in (1, 2, 3):
        for first in range(len(words) - length + 1):
            yield "".join(words[first:first + length])


@cache
def _lists(name: str) -> dict[str, frozenset[str]]:
    text = resources.files("hipanalytics.importers").joinpath("identifiers.toml").read_text(encoding="utf-8")
    return {key: frozenset(words) for key, words in tomllib.loads(text)[name].items()}
