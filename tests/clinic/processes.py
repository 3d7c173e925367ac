"""Other processes at work on a clinic: started at once from one that is warm, with a home of their own."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

WARM = ["hipanalytics.clinic.clinic", "hipanalytics.clinic.decisions.saving",
        "alembic.command", "alembic.runtime.migration",
        "sqlalchemy.dialects.sqlite.pysqlite", "sqlalchemy.dialects.postgresql.psycopg", "pyarrow.parquet",
        "hipanalytics.importers.delimited", "psutil"]
_from_warm = multiprocessing.get_context("forkserver")
_from_warm.set_forkserver_preload(WARM)

Step = Callable[..., Any]


class Worker:
    """A process that waits for the word, does a step, and tells what came of it."""

    def __init__(self, home: Path, step: Step, *arguments: Any) -> None:
        self.pipe, theirs = _from_warm.Pipe()
        environment = {name: str(home) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
        temporary = home / "temporary"
        temporary.mkdir(exist_ok=True)
        environment |= {name: str(temporary) for name in ("TMPDIR", "SQLITE_TMPDIR")}
        self.process: BaseProcess = _from_warm.Process(target=_work, args=(theirs, environment, step, arguments))
        self.process.start()
        theirs.close()
        self.pipe.recv()  # it is ready

    def go(self) -> None:
        self.pipe.send("go")

    def result(self) -> Any:
        """What the step returned. Raises: what it raised, as text."""
        worked, told = self.pipe.recv()
        self.process.join(30)
        assert worked, told
        return told

    def is_done_within(self, seconds: float) -> bool:
        return self.pipe.poll(seconds)

    def kill(self) -> None:
        """SIGKILL: no time to tidy up."""
        self.process.kill()
        self.process.join(30)
        self.pipe.close()


def _work(pipe: Connection, environment: dict[str, str], step: Step, arguments: tuple[Any, ...]) -> None:
    os.environ.update(environment)
    tempfile.tempdir = None
    pipe.send("ready")
    pipe.recv()
    try:
        pipe.send((True, step(*arguments)))
    except BaseException as error:
        pipe.send((False, f"{type(error).__name__}: {error}"))
