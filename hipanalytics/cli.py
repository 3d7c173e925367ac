"""The command `hipanalytics`: from session logs to a caseload sorted by need, without any programming."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hipanalytics.errors import CohortError, HipAnalyticsError

if TYPE_CHECKING:
    import pandas as pd

    from hipanalytics.importers import DoorReport
    from hipanalytics.review import Review

DONE: Final = 0
DONE_WITH_REJECTS: Final = 1
NOT_DONE: Final = 2

_EXIT_STATUS = "Exit status: 0 done; 1 done, but rows were rejected; 2 not done."

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Review a caseload of people with hip pain: who does the plan, whose pain falls, persists or worsens, whom "
         "to call first, and why. Nothing leaves this machine.")

def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"hipanalytics {version('hipanalytics')}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.", callback=_show_version,
                                          is_eager=True)] = False,
) -> None:
    """Review a caseload of people with hip pain. Nothing leaves this machine."""


Logs = Annotated[list[Path], typer.Argument(metavar="LOGS",
    help="Session logs: CSV (any delimiter), Excel (.xlsx) or Parquet; several files are read together.",
    show_default=False)]
Mapping = Annotated[list[str] | None, typer.Option(
    help="Mapping profile (TOML file, or the name of one that is built in) for files with other columns; "
         "one for each table, if need be.",
    metavar="PROFILE", show_default=False)]
Zone = Annotated[str | None, typer.Option(
    help="The patients' time zone, such as Europe/Zurich, for stamps that carry an offset.", metavar="ZONE",
    show_default=False)]


def _file(text: str) -> typer.models.OptionInfo:
    return typer.Option(help=text, metavar="FILE", show_default=False)


@app.command(epilog=_EXIT_STATUS)
def review(
    logs: Logs,
    plans: Annotated[Path | None, _file("Plans: one row per version, or per prescribed exercise.")] = None,
    pauses: Annotated[Path | None, _file("Pauses: days on which nothing is due.")] = None,
    patients: Annotated[Path | None, _file("Patients: programme start, discharge and more.")] = None,
    red_flags: Annotated[Path | None, _file("Red-flag answers, entered by a clinician.")] = None,
    as_of: Annotated[str | None, typer.Option(
        metavar="DATE|last-log", show_default=False,
        help="Day of the review, included (2026-03-15); or last-log: each patient's own last row. "
             "Default: the latest day in the logs.")] = None,
    zone: Zone = None,
    mapping: Mapping = None,
    thresholds: Annotated[Path | None, _file("The clinic's own thresholds (TOML).")] = None,
    include_ended: Annotated[bool, typer.Option("--include-ended", help="List courses that have ended, too.")] = False,
    output: Annotated[Path | None, _file("Where to write the table: .csv, .xlsx or .parquet. Default: CSV to "
                                         "standard output.")] = None,
    rejects: Annotated[Path | None, _file("Where to write every cell and row that was refused, with its reason.")]
    = None,
    timings: Annotated[bool, typer.Option("--timings", help="Say how long each stage took.")] = False,
) -> None:
    """One row per patient, sorted by need, with reasons.

    Writes the review table: who does the plan, whose pain falls, persists or worsens, and each flag's reason in words.
    """
    with _stages(timings) as stage:
        stage("read and check")
        from hipanalytics.importers import load_cohort
        from hipanalytics.review import review_cohort
        from hipanalytics.thresholds import read_thresholds

        inputs = [*logs, plans, pauses, patients, red_flags, thresholds]
        _check_outputs([output, rejects], inputs)
        numbers = read_thresholds(thresholds) if thresholds else None
        day = _read_day(as_of)
        cohort, report = load_cohort(
            list(logs), plans=plans, pauses=pauses, patients=patients, red_flags=red_flags, mapping=mapping,
            zone=zone, on_progress=stage, thresholds=numbers.clinic if numbers else None)
        _write_rejects(report, rejects)
        try:
            reviewed = review_cohort(cohort, day, numbers, include_ended=include_ended, on_stage=stage)
        except CohortError:
            _say(_door_text(report, rejects))
            raise
        stage("write")
        _write(reviewed.table, output)
    _say(_door_text(report, rejects))
    _say(_review_text(reviewed, as_of))
    raise typer.Exit(DONE_WITH_REJECTS if report.any_rejected else DONE)


@app.command(epilog=_EXIT_STATUS)
def check(
    logs: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Session logs to check.", show_default=False)],
    zone: Zone = None,
    mapping: Annotated[str | None, typer.Option(
        help="Mapping profile (TOML file, or the name of one that is built in) for logs with other columns.",
        metavar="PROFILE", show_default=False)] = None,
    rejects: Annotated[Path | None, _file("Where to write every cell and row that was refused, with its reason.")]
    = None,
) -> None:
    """All that is wrong with a file of logs.

    Says where, what was found, what is allowed and what to do, and changes nothing.
    """
    with _stages(False) as stage:
        stage("read and check")
        from hipanalytics.importers import read_logs

        _check_outputs([rejects], list(logs))
        _, report = read_logs(list(logs), mapping=mapping, zone=zone, on_progress=stage)
        _write_rejects(report, rejects)
    typer.echo(_door_text(report, rejects))
    raise typer.Exit(DONE_WITH_REJECTS if report.any_rejected else DONE)


@app.command(epilog="Exit status: 0 done; 2 not done.")
def demo(folder: Annotated[Path, typer.Argument(help="An empty or new folder.", show_default=False)]) -> None:
    """Write the example cohort.

    120 simulated patients over 26 weeks, and the known truth about them.
    """
    with _stages(False) as stage:
        stage("simulate")
        from hipanalytics.example import write_example

        write_example(folder)
    _say(f"The example cohort is in {folder}. These are not real patients. Review it with:\n"
         f"  hipanalytics review {folder / 'logs.csv'} --plans {folder / 'plans.csv'} "
         f"--pauses {folder / 'pauses.csv'} --patients {folder / 'patients.csv'} --output review.xlsx")


@app.command(epilog="Exit status: 0 done; 2 not done.")
def schemas(folder: Annotated[Path, typer.Argument(help="Where to write them.", show_default=False)]) -> None:
    """Write templates and a data dictionary.

    For those who send data: table schemas, data dictionary, empty CSV and Excel templates.
    """
    from hipanalytics.schemas import write_schemas

    write_schemas(folder)
    _say(f"Schemas, data dictionary and templates are in {folder}.")


@app.command(epilog="Exit status: 0 done; 2 not done.")
def lab(
    folder: Annotated[Path | None, typer.Argument(
        help="Folder with logs.csv (or .xlsx, .parquet), and where there are any plans, pauses, patients, red_flags, "
             "thresholds.toml, profile.toml. Default: the example cohort.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, this machine only. Default: a free one.",
                                             show_default=False)] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the web browser.")] = True,
) -> None:
    """Open the review in JupyterLab."""
    from hipanalytics.lab.launch import launch_lab

    raise typer.Exit(launch_lab(folder=folder, port=port, open_browser=browser))


def main() -> None:
    """Run the command; whatever goes wrong is one plain sentence, and the exit status says so."""
    try:
        app()
    except HipAnalyticsError as error:
        _say(str(error))
    except KeyboardInterrupt:
        _say("Stopped.")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _say(f"The output cannot be written: {error.strerror or type(error).__name__}.")
    except MemoryError:
        _say("This machine has not enough memory for these files.")
    except Exception as error:
        if os.environ.get("HIPANALYTICS_DEBUG"):
            raise
        _say(f"A fault in hipanalytics itself stopped this ({type(error).__name__}). "
             "Please report it; HIPANALYTICS_DEBUG=1 shows where (the trace may hold patient data).")
    sys.exit(NOT_DONE)


def _say(text: str) -> None:
    if text:
        typer.echo(text, err=True)


def _read_day(text: str | None) -> str | None:
    if text is None or text == "last-log":
        return text
    import datetime as dt

    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise CohortError(
            f"--as-of {text}: give a day as YYYY-MM-DD, such as 2026-03-15, or last-log.") from None


def _check_outputs(outputs: list[Path | None], inputs: list[Path | None]) -> None:
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


def _write(table: pd.DataFrame, output: Path | None) -> None:
    from hipanalytics.exports import csv_text, write_table

    if output is None:
        sys.stdout.write(csv_text(table))
        sys.stdout.flush()
    else:
        write_table(table, output)


def _write_rejects(report: DoorReport, path: Path | None) -> None:
    if path is not None:
        from hipanalytics.exports import write_table
        from hipanalytics.importers import rejects_table

        write_table(rejects_table(report), path)


def _door_text(report: DoorReport, rejects: Path | None) -> str:
    from hipanalytics.importers import door_text

    text = door_text(report)
    if len(report.problems):
        return text + (f"\nThe full list is in {rejects}." if rejects else "\nThe full list: add --rejects FILE.csv.")
    return text


def _review_text(reviewed: Review, as_of: str | None) -> str:
    counts = reviewed.counts
    n = counts["patients"].n
    days = f"{reviewed.as_of.day} {reviewed.as_of:%b %Y}"
    up_to = "each patient up to their last row" if as_of == "last-log" else f"up to {days}"
    lines = [f"Reviewed {n:,} patient{'' if n == 1 else 's'}, {up_to}."]
    for name, words in [
        ("on_plan", "on plan"), ("improved", "improved"), ("persisting", "persisting"), ("worsening", "worsening"),
        ("silent", "silent"), ("not_known", "change not known 6 weeks or more in"), ("too_early", "too early to say"),
    ]:
        lines.append(f"  {counts[name].n:>7,} of {counts[name].of:,} {words}")
    if n == 0:
        del lines[1:]
    if reviewed.ended:
        lines.append(f"  {reviewed.ended:>7,} ended courses {'among them' if _lists_ended(reviewed) else 'not listed'}")
    lines += reviewed.remarks
    if as_of == "last-log":
        lines.append("Looking at each patient's own last row flatters those who dropped out.")
    return "\n".join(lines)


def _lists_ended(reviewed: Review) -> bool:
    return any(each.courses["ended"].any() for each in reviewed.findings)


@contextmanager
def _stages(timings: bool) -> Iterator[Callable[..., None]]:
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
        _say("  ".join(f"{name} {seconds:.2f} s" for name, seconds in times.items() if name != "start"))
