"""Numbers and addresses that belong to one person: health numbers by their check digits, phones and e-mail by shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from stdnum.at import vnr
from stdnum.be import nn
from stdnum.ch import ssn as ahv
from stdnum.dk import cpr
from stdnum.es import dni
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from hipanalytics.pseudonyms import WRITTEN_IN_GROUPS, without_gaps

E_MAIL = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})+")
_NOT_INSIDE = r"(?<![\d+])(?<!\d[.,/-])(?<![A-Za-z][-_])"
_PHONE = re.compile(
    _NOT_INSIDE + r"(?:(?:\+\d{1,3}|00[1-9]\d{0,2})[ ./-]?(?:\(0\))?|\(?0[1-9]\d*\)?)(?:[ ./()-]{0,3}\d{2,}){2,6}"
    r"|" + _NOT_INSIDE + r"(?:\([2-9]\d{2}\) ?|[2-9]\d{2}-)\d{3}-\d{4}(?!\d)")
_PHONE_DIGITS = (9, 15)
_LOOSE_PHONE = re.compile(r"[+(\d][\d ()./+-]{5,24}")
_DAY = re.compile(
    r"(?<![\d./])\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d\d)(?![./]?\d)"
    r"|(?<![\d-])(?:\d{1,2}-\d{1,2}-(?:\d{4}|\d\d)|\d{4}-\d{1,2}-\d{1,2})(?!-?\d)"
    r"|(?<![\d.])\d{1,2}[. ]+\d{1,2}[. ]+(?:19|20)\d\d(?!\d)")
_RUN = re.compile(
    r"\b[12]\d{4}2[AB]\d{8}\b|\b[A-Za-z]{6}\d[\dA-Za-z]{9}\b"
    r"|(?:\b[A-Za-z])?\d(?:[ .\-/]{0,2}\d)*(?:[-+A]\d{3})?[A-Za-z]?")
_BETWEEN = re.compile(r"([ .\-/]+)")
_FEW_DIGITS = 9
_MOST_GROUPS = max(map(len, WRITTEN_IN_GROUPS))
_LONGEST_PHONE = 30
MAY_HOLD_ONE = (
    r"@|(\d[ ()./+\-]{0,5}){9}|\d{8}[A-Za-z]|\d{6}[+A-]\d{3}|\d{5}2[AB]\d{8}|[A-Za-z]{6}\d[\dA-Za-z]{9}")
"""What every text has that `personal_in` can find something in: a quick look before the careful one."""
PLAIN_DAY = r"\b((19|20)\d\d-[01]?\d-[0-3]?\d|[0-3]?\d[./][01]?\d[./](19|20)\d\d)\b"
"""Days that are no part of a number, and are taken out before the quick look."""


class _Number(NamedTuple):
    shape: str
    is_valid: Callable[[str], bool]
    sure: bool = True


def _has_kvnr_digit(number: str) -> bool:
    """German health insurance numbers (section 290 SGB V): the letter as two digits, weights 1 and 2 in turn."""
    digits = f"{ord(number[0]) - 64:02d}{number[1:9]}"
    products = (int(digit) * (1 + place % 2) for place, digit in enumerate(digits))
    return sum(product // 10 + product % 10 for product in products) % 10 == int(number[9])


_NUMBERS = (
    _Number(r"756\d{10}", ahv.is_valid),
    _Number(r"[12]\d{4}(\d\d|2[AB])\d{8}", nir.is_valid),
    _Number(r"[A-Z]{6}[0-9A-Z]{10}", codicefiscale.is_valid),
    _Number(r"\d{11}", fodselsnummer.is_valid),
    _Number(r"\d{11}", nn.is_valid),
    _Number(r"\d{11}", pesel.is_valid, sure=False),
    _Number(r"\d{4}(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-5])\d\d", vnr.is_valid),
    _Number(r"\d{10}|(19|20)\d{10}", personnummer.is_valid),
    _Number(r"\d{10}", cpr.is_valid, sure=False),
    _Number(r"\d{10}", nhs.is_valid, sure=False),
    _Number(r"[A-Z]\d{9}", _has_kvnr_digit, sure=False),
    _Number(r"\d{9}", bsn.is_valid, sure=False),
    _Number(r"\d{8}[A-Z]", dni.is_valid, sure=False),
    _Number(r"\d{6}[-+A]\d{3}[0-9A-Z]", hetu.is_valid),
)
"""Those that are not `sure` are met by chance by one number of that length in thirty or more."""

_DASHED_SSN = re.compile(r"\d{3}-\d{2}-\d{4}")


def is_health_number(text: str, *, surely: bool = False) -> bool:
    """Whether the whole text is a health number, or a personal number that serves as one, with its right check digit.

    Rule: Switzerland, Germany, Austria, United Kingdom, France, Italy, Netherlands, Belgium, Norway, Sweden, Denmark,
    Finland, Poland, Spain; of the United States the form with dashes, which has no check digit. `surely`: only those
    that are hardly ever met by chance.
    """
    if not 9 <= len(text) <= 24:
        return False
    if _DASHED_SSN.fullmatch(text):
        return ssn.is_valid(text)
    if not text.isascii():
        return False
    forms = {text.upper(), without_gaps(text.upper())}
    return any(re.fullmatch(kind.shape, form) and kind.is_valid(form)
               for kind in _NUMBERS if kind.sure or not surely for form in forms)


def is_phone(text: str) -> bool:
    """Whether the whole text is a phone number: with its country, with a leading 0, or as in America."""
    low, high = _PHONE_DIGITS
    if len(text) > _LONGEST_PHONE or (text.isdigit() and (text.startswith("00") or len(text) == low)):
        return False
    return _PHONE.fullmatch(_DAY.sub("|", text)) is not None and low <= sum(map(str.isdigit, text)) <= high


def may_be_phone(text: str) -> bool:
    """Whether the whole text can be a phone number, where the heading says that it is one."""
    return _LOOSE_PHONE.fullmatch(text) is not None and sum(map(str.isdigit, text)) >= 6


def personal_in(text: str) -> bool:
    """Whether this text holds an e-mail address, a phone number or a health number somewhere."""
    if E_MAIL.search(text):
        return True
    text = _DAY.sub("|", text)
    low, high = _PHONE_DIGITS
    if any(low <= sum(map(str.isdigit, found[0])) <= high for found in _PHONE.finditer(text)):
        return True
    return any(is_health_number(part, surely=_may_be_a_list(part))
               for run in _RUN.finditer(text) for part in _parts(run[0]))


def _may_be_a_list(text: str) -> bool:
    """Whether these digits in groups may as well be a few numbers: 110 120 130."""
    return not text.isalnum() and not text[0].isalpha() and sum(map(str.isdigit, text)) <= _FEW_DIGITS


def _parts(run: str) -> Iterator[str]:
    """The whole groups of a run of digits, and neighbouring groups that stand as in a personal number."""
    pieces = _BETWEEN.split(run)
    lengths = tuple(map(len, pieces[::2]))
    for first in range(len(lengths)):
        for end in range(first + 1, min(first + _MOST_GROUPS, len(lengths)) + 1):
            whole = end == first + 1 and lengths[first] >= _FEW_DIGITS
            if whole or lengths[first:end] in WRITTEN_IN_GROUPS:
                yield "".join(pieces[2 * first:2 * end - 1])
