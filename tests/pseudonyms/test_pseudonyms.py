"""A pseudonym is the same for the same person, tells nothing without the key, and never takes two people for one."""

from __future__ import annotations

import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipanalytics.pseudonyms import fingerprint_of, new_key, pseudonym_for, tidy_identifier
from hipanalytics.tables import PATIENT_ID_PATTERN

KEY = bytes(range(32))


def plain_pseudonym(text: str, key: bytes) -> str:
    """The rule once more, in plain loops: 80 bits, five at a time."""
    seal = hmac.new(key, text.encode(), hashlib.sha256).digest()
    number = int.from_bytes(seal[:10], "big")
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    word = ""
    for _ in range(16):
        word = letters[number % 32] + word
        number //= 32
    return "H" + word


@given(st.text(max_size=40), st.binary(min_size=32, max_size=32))
def test_a_pseudonym_is_what_the_rule_says(text: str, key: bytes) -> None:
    pseudonym = pseudonym_for(text, key)
    assert pseudonym == plain_pseudonym(tidy_identifier(text), key)
    assert re.fullmatch(PATIENT_ID_PATTERN, pseudonym)
    assert re.fullmatch(r"H[0-9A-HJKMNP-TV-Z]{16}", pseudonym)


def test_a_pseudonym_never_changes_from_one_version_to_the_next() -> None:
    # Worked out with `openssl dgst -sha256 -mac HMAC`, and its first ten bytes written in the 32 letters.
    assert pseudonym_for("anna", KEY) == "H9TE2BTRAY8T26A87"
    assert fingerprint_of(KEY) == "76ee66a7837a87bc"


@pytest.mark.parametrize(("one", "other"), [
    ("756.1234.5678.97", "7561234567897"), ("756 1234 5678 97", "756\u00a01234\u202f5678\u00a097"),
    ("Müller, Anna", "MÜLLER,  ANNA"), ("Müller,Anna", "Mu\u0308ller , anna "),
    ("943-476-5870", "943 476 5870"), ("943\u2011476\u20115870", "9434765870"),
    ("A123 456 780", "a123456780"), ("1237 010180", "1237010180"), ("2 95 10 99 126 111 93", "295109912611193"),
    ("RSS MRA 80A01 H501U", "rssmra80a01h501u"), ("880320-0016", "8803200016"), ("O\u2019Neill, Ann", "O'Neill, Ann"),
    ("Gro\u00dfmann", "GROSSMANN"), ("Anna\u200b M\u00fcller", "Anna M\u00fcller"),
    ("\uff17\uff15\uff16 1234 5678 97", "7561234567897"),
])
def test_one_person_written_in_two_ways_is_one(one: str, other: str) -> None:
    assert tidy_identifier(one) == tidy_identifier(other)
    assert pseudonym_for(one, KEY) == pseudonym_for(other, KEY)


@pytest.mark.parametrize(("one", "other"), [
    ("1-11", "11-1"), ("2024-1-123", "2024-11-23"), ("P-1.2", "P-12"), ("0123", "123"), ("Müller", "Mueller"),
    ("Müller, Anna", "Müller, Anne"), ("1.123456789", "1123456789"), ("Ann Lee Kim", "AnnLeeKim"), ("12-5", "1-25"),
    ("abc.def.ghij", "abcdefghij"),
])
def test_two_people_stay_two(one: str, other: str) -> None:
    assert pseudonym_for(one, KEY) != pseudonym_for(other, KEY)


@given(st.text(max_size=40))
def test_what_is_tidy_stays_as_it_is(text: str) -> None:
    tidy = tidy_identifier(text)
    assert tidy_identifier(tidy) == tidy
    assert tidy_identifier(f"  {text}\t") == tidy


@given(st.text("0123456789", min_size=13, max_size=13))
def test_a_number_in_the_groups_of_an_ahv_number_is_the_number(digits: str) -> None:
    for gap in (".", " ", "-", "\u2013", " . "):
        written = gap.join((digits[:3], digits[3:7], digits[7:11], digits[11:]))
        assert tidy_identifier(written) == digits


def test_another_key_gives_other_pseudonyms_and_another_fingerprint() -> None:
    keys = [new_key() for _ in range(50)]
    assert {len(key) for key in keys} == {32}
    assert len(set(keys)) == len({fingerprint_of(key) for key in keys}) == 50
    assert len({pseudonym_for("Anna Muster", key) for key in keys}) == 50


def test_a_fingerprint_shows_nothing_of_the_key_and_is_no_pseudonym() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", fingerprint_of(KEY))
    assert fingerprint_of(KEY) not in KEY.hex()
    assert fingerprint_of(KEY) == hmac.new(KEY, b"\0the key itself", "sha256").hexdigest()[:16]
