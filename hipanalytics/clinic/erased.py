"""Who was erased from this clinic: known by a keyed hash alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from sqlalchemy import Connection, select

from hipanalytics.clinic.schema import erasures
from hipanalytics.clinic.session import Session
from hipanalytics.errors import ClinicError


def erased_among(session: Session, connection: Connection, patient_ids: Iterable[str]) -> set[str]:
    """Which of these pseudonyms belong to patients who were erased from this clinic?

    Rule: without any erasure none, and the key is not asked for. Raises: ClinicError where someone was erased and the
    key, by which alone they can be recognised, is not here.
    """
    hashes = set(connection.execute(select(erasures.c.keyed_hash)).scalars())
    ids = list(patient_ids) if hashes else []
    key = session.key() if ids else b""
    return {each for each in ids if keyed_hash(each, key) in hashes}


def refuse_erased(session: Session, connection: Connection, patient_ids: Iterable[str]) -> None:
    """Nothing may come back under an erased pseudonym. Only within `writing`. Raises: ClinicError."""
    if erased_among(session, connection, patient_ids):
        raise ClinicError("Rows of a patient who was erased from this clinic cannot come in, and nothing was saved. "
                          "Import the file again, which leaves them out; no row can be corrected to that patient.")


def keyed_hash(patient_id: str, key: bytes) -> str:
    """By what an erased patient is remembered: nobody can try pseudonyms out on it without the key."""
    return hmac.new(key, b"\0erased: " + patient_id.encode(), hashlib.sha256).hexdigest()
