"""Pseudonyms: how an identifier becomes a name that tells nothing without the clinic's secret key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata

KEY_BYTES = 32
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_UNMISTAKABLE = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: read aloud, none is taken for another
_FINGERPRINT = b"\0the key itself"  # a tidy identifier never begins so

_DASHES = re.compile("[\u2010-\u2015\u2212]")
_GAP = re.compile(r" ?[ .\-/] ?")
_LETTER_FIRST, _FEWEST_DIGITS = (1, 9), 6
WRITTEN_IN_GROUPS = frozenset({
    (3, 4, 4, 2),                                              # Swiss AHV number
    (1, 9), (1, 3, 3, 3), (4, 3, 3),                           # German health insurance number
    (3, 3, 4),                                                 # NHS number
    (1, 2, 2, 2, 3, 3, 2), (1, 2, 2, 5, 3, 2), (13, 2),        # French NIR
    (4, 2, 3), (3, 3, 3),                                      # Dutch BSN
    (4, 6), (4, 2, 2, 2),                                      # Austrian social insurance number
    (3, 3, 5, 5), (6, 5, 5), (6, 2, 3, 5),                     # Italian codice fiscale
    (6, 5), (6, 4), (8, 4),                                    # Norwegian; Danish and Swedish personal numbers
    (3, 2, 4),                                                 # US social security number
    (2, 2, 2, 3, 2), (8, 1), (2, 3, 3, 1),                     # Belgian; Spanish
})
"""How many letters and digits stand between the blanks, dots and dashes of a personal number, as people write it."""


def pseudonym_for(identifier: str, key: bytes) -> str:
    """By which pseudonym is this person known in the clinic that has this key?

    Rule: H and 16 letters and digits, of the HMAC-SHA256 of the tidy identifier with the key. The same identifier and
    key give the same pseudonym, always and everywhere; without the key nobody can try identifiers out.
    """
    seal = hmac.new(key, tidy_identifier(identifier).encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return "H" + base64.b32encode(seal[:10]).translate(bytes.maketrans(_PLAIN, _UNMISTAKABLE)).decode("ascii")


def fingerprint_of(key: bytes) -> str:
    """Which key is this? 16 hexadecimal digits by which it is recognised, and from which it cannot be made."""
    return hmac.new(key, _FINGERPRINT, hashlib.sha256).hexdigest()[:16]


def new_key() -> bytes:
    """A new secret key of 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def tidy_identifier(text: str) -> str:
    """An identifier as it is compared: one person's, written in two ways, is one.

    Rule: capitals, kinds of blanks and dashes and repeated blanks do not matter, nor a blank around a comma. Blanks,
    dots and dashes vanish where they stand as in a personal number (756.1234.5678.97 is 7561234567897). They stay in
    anything else: 1-11 and 11-1 are two people in many a study, and to take two people for one is the worse mistake.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    plain = _DASHES.sub("-", plain).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    plain = re.sub(r"\s*,\s*", ", ", " ".join(plain.split()))
    return without_gaps(plain) or plain


def without_gaps(text: str) -> str:
    """A personal number that is written in groups, without what stands between them; empty where it is none."""
    groups = _GAP.split(text)
    lengths = tuple(map(len, groups))
    number = "".join(groups)
    if lengths not in WRITTEN_IN_GROUPS or not (number.isascii() and number.isalnum()):
        return ""
    if sum(map(str.isdigit, number)) < _FEWEST_DIGITS or (lengths == _LETTER_FIRST and number[0].isdigit()):
        return ""
    return number
