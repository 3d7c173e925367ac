"""What the peers share: where to read and write, and how long each stage took."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Table = TypeVar("Table")


class Stopwatch:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = self.laps.get(name, 0.0) + now - self._since
        self._since = now


def report(laps: dict[str, float]) -> None:
    """One line of JSON, the last that a peer prints."""
    print(json.dumps(laps))


def best_of_three(work: Callable[[], tuple[Table, dict[str, float]]]) -> tuple[Table, dict[str, float]]:
    """What `work` makes, and the seconds of its fastest run: of its steps, over all cores, and in all."""
    runs = []
    for _ in range(3):
        wall, cpu = time.perf_counter(), time.process_time()
        made, laps = work()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        runs.append({**laps, "cpu": cpu, "panel and measures": wall})
    return made, min(runs, key=lambda each: each["panel and measures"])


def folder_and_output() -> tuple[Path, Path]:
    return Path(sys.argv[1]), Path(sys.argv[2])
