"""What all commands share: how a place or a file is asked for, how progress and results are told."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hipanalytics.errors import CohortError

if TYPE_CHECKING:
    import pandas as pd

    from hipanalytics.importers import DoorReport

DONE: Final = 0
DONE_WITH_REJECTS: Final = 1
NOT_DONE: Final = 2
WITH_REJECTS: Final = "Exit status: 0 done; 1 done, but rows were rejected; 2 not done."
PLAIN: Final = "Exit status: 0 done; 2 not done."

Mapping = Annotated[list[str] | None, typer.Option(
    help="Mapping profile (TOML file, or the name of one that is built in) for files with other columns; "
         "one for each table, if need be.",
    metavar="PROFILE", show_default=False)]
Zone = Annotated[str | None, typer.Option(
    help="The patients' time zone, such as Europe/Zurich, for stamps that carry an offset.", metavar="ZONE",
    show_default=False)]


def file_option(text: str) -> typer.models.OptionInfo:
    """An option that names a file."""
    return typer.Option(help=text, metavar="FILE", show_default=False)


Place = Annotated[str | None, typer.Option(
    "--clinic", metavar="PLACE", show_default=False,
    help="The clinic: its folder, or postgresql://user@server/name. Default: HIPANALYTICS_CLINIC, else the clinic in "
         "your own data folder.")]
Clinician = Annotated[str | None, typer.Option(
    metavar="NAME", show_default=False, help="Who signs: a name on the clinic's list. Default: HIPANALYTICS_CLINICIAN, "
                                              "else your login.")]
Reason = Annotated[str, typer.Option(help="Why, in your words.", metavar="TEXT", show_default=False)]


def say(text: str) -> None:
    """Tell the reader something, beside the output."""
    if text:
        typer.echo(text, err=True)


def check_outputs(outputs: list[Path | None], inputs: list[Path | None]) -> None:
    """Refuse to write over what is read, or two tables into one file."""
    taken = {path.resolve() for path in inputs if path}
    for path in outputs:
        if path is None:
            continue
        if path.resolve() in taken:
            raise CohortError(f"{path} is named twice: writing there would overwrite it. Choose another name.")
        if path.suffix.lower() not in (".csv", ".xlsx", ".parquet"):
            raise CohortError(f"{path.name}: the ending must be .csv, .xlsx or .parquet.")
        taken.add(path.resolve())


def write_output(table: pd.DataFrame, output: Path | None) -> None:
    """The table into its file, or as CSV to standard output."""
    from hipanalytics.exports import csv_text, write_table

    if output is None:
        sys.stdout.write(csv_text(table))
        sys.stdout.flush()
    else:
        write_table(table, output)


def write_rejects(report: DoorReport, path: Path | None) -> None:
    """Everything that was refused, into its file."""
    if path is not None:
        from hipanalytics.exports import write_table
        from hipanalytics.importers import rejects_table

        write_table(rejects_table(report), path)


def door_words(report: DoorReport, rejects: Path | None) -> str:
    """What the door says of the files."""
    from hipanalytics.importers import door_text

    text = door_text(report)
    if len(report.problems):
        return text + (f"\nThe full list is in {rejects}." if rejects else "\nThe full list: add --rejects FILE.csv.")
    return text


def read_day(text: str | None) -> str | None:
    """A day as it was typed. Raises: CohortError."""
    if text is None or text == "last-log":
        return text
    import datetime as dt

    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise CohortError(
            f"--as-of {text}: give a day as YYYY-MM-DD, such as 2026-03-15, or last-log.") from None


@contextmanager
def stages(timings: bool) -> Iterator[Callable[..., None]]:
    """A callback that names the stage at work: a progress bar on a terminal, and its times if asked for."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    times: dict[str, float] = {}
    progress = Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console,
                        transient=True, disable=not console.is_terminal)
    task = progress.add_task("start", total=None)
    at_work, since = "start", time.perf_counter()

    def stage(name: str, fraction: float | None = None) -> None:
        nonlocal at_work, since
        now = time.perf_counter()
        times[at_work] = times.get(at_work, 0) + now - since
        at_work, since = name, now
        progress.update(task, description=name, completed=fraction, total=None if fraction is None else 1)

    with progress:
        yield stage
        stage("end")
    if timings:
        say("  ".join(f"{name} {seconds:.2f} s" for name, seconds in times.items() if name != "start"))
