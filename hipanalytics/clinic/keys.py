"""The clinic's secret key: outside the clinic, recognised by its fingerprint."""

from __future__ import annotations

import os
from pathlib import Path

from hipanalytics.clinic.places import new_private_file, private_folder, reason_of
from hipanalytics.errors import ClinicError
from hipanalytics.pseudonyms import fingerprint_of, new_key


def key_file(clinic_id: str) -> Path:
    """Where the key of this clinic lies on this computer, if it does."""
    return private_folder() / f"{clinic_id}.key"


def make_key(clinic_id: str) -> str:
    """Make a new clinic's key; its fingerprint. Raises: ClinicError where it cannot be stored."""
    key = new_key()
    path = key_file(clinic_id)
    try:
        new_private_file(path)
        with path.open("w", encoding="ascii") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ClinicError(f"The clinic's secret key cannot be stored in {path.parent} ({reason_of(error)}).") from None
    return fingerprint_of(key)


def read_key(clinic_id: str, fingerprint: str) -> bytes:
    """The clinic's key, as it was when the clinic was made.

    Raises: ClinicError where it is missing or another one: with another key, every patient would be there twice.
    """
    path = key_file(clinic_id)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise ClinicError(f"The clinic's secret key is not on this computer. Copy it from the one where the clinic was "
                          f"made, to {path} (hipanalytics doctor there says where it lies).") from None
    except (OSError, ValueError):
        raise ClinicError(f"The clinic's secret key in {path} cannot be read. Bring back a copy of it.") from None
    if fingerprint_of(key) != fingerprint:
        raise ClinicError(f"The key in {path} is not this clinic's: with it, every patient would be there twice. "
                          "Bring back the right one.")
    return key
