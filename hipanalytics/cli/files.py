"""Commands on files: review, check, demo, schemas, lab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hipanalytics.cli.asking import (
    DONE,
    DONE_WITH_REJECTS,
    Clinician,
    Mapping,
    Place,
    Zone,
    check_outputs,
    door_words,
    file_option,
    read_day,
    say,
    stages,
    write_output,
    write_rejects,
)
from hipanalytics.errors import CohortError

if TYPE_CHECKING:
    from hipanalytics.review import Review
    from hipanalytics.thresholds import ClinicThresholds


def review(
    logs: Annotated[list[Path] | None, typer.Argument(metavar="[LOGS]...", show_default=False,
        help="Session logs: CSV (any delimiter), Excel (.xlsx) or Parquet; several files are read together. Without "
             "any, the clinic is reviewed.")] = None,
    plans: Annotated[Path | None, file_option("Plans: one row per version, or per prescribed exercise.")] = None,
    pauses: Annotated[Path | None, file_option("Pauses: days on which nothing is due.")] = None,
    patients: Annotated[Path | None, file_option("Patients: programme start, discharge and more.")] = None,
    red_flags: Annotated[Path | None, file_option("Red-flag answers, entered by a clinician.")] = None,
    as_of: Annotated[str | None, typer.Option(
        metavar="DATE|last-log", show_default=False,
        help="Day of the review, included (2026-03-15); or last-log: each patient's own last row. "
             "Default: the latest day in the logs.")] = None,
    zone: Zone = None,
    mapping: Mapping = None,
    thresholds: Annotated[Path | None, file_option("The clinic's own thresholds (TOML).")] = None,
    include_ended: Annotated[bool, typer.Option("--include-ended", help="List courses that have ended, too.")] = False,
    output: Annotated[Path | None, file_option("Where to write the table: .csv, .xlsx or .parquet. Default: CSV to "
                                         "standard output.")] = None,
    rejects: Annotated[Path | None, file_option("Where to write every cell and row that was refused, with its reason.")]
    = None,
    clinic: Place = None,
    clinician: Clinician = None,
    timings: Annotated[bool, typer.Option("--timings", help="Say how long each stage took.")] = False,
) -> None:
    """One row per patient, sorted by need, with reasons.

    Writes the review table: who does the plan, whose pain falls, persists or worsens, and each flag's reason in words.
    """
    files = [*(logs or []), plans, pauses, patients, red_flags]
    check_outputs([output, rejects], [*files, thresholds])
    from hipanalytics.thresholds import read_thresholds

    numbers = read_thresholds(thresholds) if thresholds else None
    if logs and clinic:
        raise CohortError("Give session logs or --clinic, not both: logs come into a clinic by hipanalytics import.")
    if not logs:
        if any(each is not None for each in (*files, mapping, zone, rejects)):
            raise CohortError("Without session logs the clinic is reviewed, and takes no other files. Bring them in "
                              "with hipanalytics import.")
        _review_clinic(clinic, clinician, as_of, numbers, include_ended, output, timings)
        return
    with stages(timings) as stage:
        stage("read and check")
        from hipanalytics.importers import load_cohort
        from hipanalytics.review import review_cohort

        day = read_day(as_of)
        cohort, report = load_cohort(
            list(logs), plans=plans, pauses=pauses, patients=patients, red_flags=red_flags, mapping=mapping,
            zone=zone, on_progress=stage, thresholds=numbers.clinic if numbers else None)
        write_rejects(report, rejects)
        try:
            reviewed = review_cohort(cohort, day, numbers, include_ended=include_ended, on_stage=stage)
        except CohortError:
            say(door_words(report, rejects))
            raise
        stage("write")
        write_output(reviewed.table, output)
    say(door_words(report, rejects))
    say(_review_text(reviewed, as_of))
    raise typer.Exit(DONE_WITH_REJECTS if report.any_rejected else DONE)


def _review_clinic(
    place: str | None, clinician: str | None, as_of: str | None, numbers: ClinicThresholds | None, include_ended: bool,
    output: Path | None, timings: bool,
) -> None:
    with stages(timings) as stage:
        stage("open the clinic")
        from hipanalytics.clinic.clinic import open_clinic
        from hipanalytics.clinic.decisions.news_words import news_counts

        with open_clinic(place, create=False, clinician=clinician) as opened:
            reviewed = opened.review(read_day(as_of), numbers, include_ended=include_ended, on_stage=stage)
            stage("write")
            write_output(reviewed.table, output)
            if output:
                opened.note_export("review table", len(reviewed.table))
    say(_review_text(reviewed, as_of))
    say("\n".join(f"  {line}" for line in news_counts(reviewed)))


def check(
    logs: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Session logs to check.", show_default=False)],
    zone: Zone = None,
    mapping: Annotated[str | None, typer.Option(
        help="Mapping profile (TOML file, or the name of one that is built in) for logs with other columns.",
        metavar="PROFILE", show_default=False)] = None,
    rejects: Annotated[Path | None, file_option("Where to write every cell and row that was refused, with its reason.")]
    = None,
) -> None:
    """All that is wrong with a file of logs.

    Says where, what was found, what is allowed and what to do, and changes nothing.
    """
    with stages(False) as stage:
        stage("read and check")
        from hipanalytics.importers import read_logs
        from hipanalytics.pseudonyms import new_key, pseudonym_for

        check_outputs([rejects], list(logs))
        key = new_key()  # of no clinic: what is checked is not kept
        _, report = read_logs(list(logs), mapping=mapping, zone=zone, on_progress=stage,
                              pseudonym=lambda identifier: pseudonym_for(identifier, key))
        write_rejects(report, rejects)
    typer.echo(door_words(report, rejects))
    raise typer.Exit(DONE_WITH_REJECTS if report.any_rejected else DONE)


def demo(folder: Annotated[Path, typer.Argument(help="An empty or new folder.", show_default=False)]) -> None:
    """Write the example cohort.

    120 simulated patients over 26 weeks, and the known truth about them.
    """
    with stages(False) as stage:
        stage("simulate")
        from hipanalytics.example import write_example

        write_example(folder)
    say(f"The example cohort is in {folder}. These are not real patients. Review it with:\n"
         f"  hipanalytics review {folder / 'logs.csv'} --plans {folder / 'plans.csv'} "
         f"--pauses {folder / 'pauses.csv'} --patients {folder / 'patients.csv'} --output review.xlsx")


def schemas(folder: Annotated[Path, typer.Argument(help="Where to write them.", show_default=False)]) -> None:
    """Write templates and a data dictionary.

    For those who send data: table schemas, data dictionary, empty CSV and Excel templates.
    """
    from hipanalytics.schemas import write_schemas

    write_schemas(folder)
    say(f"Schemas, data dictionary and templates are in {folder}.")


def lab(
    folder: Annotated[Path | None, typer.Argument(
        help="Folder with logs.csv (or .xlsx, .parquet), and where there are any plans, pauses, patients, red_flags, "
             "thresholds.toml, profile.toml. Default: the clinic, or where there is none the example cohort.",
        show_default=False)] = None,
    clinic: Place = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, this machine only. Default: a free one.",
                                             show_default=False)] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the web browser.")] = True,
) -> None:
    """Open the review in JupyterLab."""
    from hipanalytics.lab.launch import launch_lab

    raise typer.Exit(launch_lab(folder=folder, clinic=clinic, port=port, open_browser=browser))


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


