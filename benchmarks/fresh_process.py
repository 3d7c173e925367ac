"""Runs a command as a fresh process and says how long it took and how much memory it had at most."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_PEAK_UNITS_PER_MB = 2**20 if sys.platform == "darwin" else 2**10


@dataclass(frozen=True)
class Run:
    wall_s: float
    cpu_s: float
    """Over all cores; larger than the wall time where several are at work, smaller where others used the machine."""
    peak_mb: float
    said: str
    """What it printed, errors included."""


def run_fresh(command: list[str | Path]) -> Run:
    """Raises: SystemExit, with what the command said, where it fails."""
    with tempfile.TemporaryFile("w+") as said:
        since = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - since
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\nended with {process.returncode}:\n{text}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / _PEAK_UNITS_PER_MB, text)
