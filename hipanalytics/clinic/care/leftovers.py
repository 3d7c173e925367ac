"""Working folders of backups and restores: whose owner no longer runs was killed, and left patient data behind."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from pathlib import Path
from typing import Final

_A_DAY_S: Final = 24 * 3600


def working_prefix(stem: str) -> str:
    """How the name of a working folder begins: it tells the computer and the process that work in it."""
    return f"{stem}{uuid.getnode():x}-{os.getpid()}-"


def sweep(folder: Path, stem: str, parts: str = "") -> None:
    """Remove what killed steps have left here: at once those of this computer, after a day those of others.

    Parameters: parts: the pattern of half-written files, which are anybody's while someone is at work here.
    """
    left = list(folder.glob(f"{stem}*"))
    gone = [path for path in left if _is_left_behind(path, stem)]
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob(parts) if parts and len(gone) == len(left) else ():
        path.unlink(missing_ok=True)


def _is_left_behind(path: Path, stem: str) -> bool:
    import psutil

    computer, _, rest = path.name.removeprefix(stem).partition("-")
    process = rest.partition("-")[0]
    if computer == f"{uuid.getnode():x}" and process.isdigit():
        return not psutil.pid_exists(int(process))
    return time.time() - path.stat().st_mtime > _A_DAY_S
