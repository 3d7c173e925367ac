"""What the peers share: where to read and write, and how long each stage took."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


class Stopwatch:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = self.laps.get(name, 0.0) + now - self._since
        self._since = now

    def report(self) -> None:
        """One line of JSON, the last that a peer prints."""
        print(json.dumps(self.laps))


def folder_and_output() -> tuple[Path, Path]:
    return Path(sys.argv[1]), Path(sys.argv[2])
