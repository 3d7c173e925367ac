"""Commands on a clinic: import, imports, undo-import, quarantine, correct, dismiss, clinicians, trail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hipanalytics.cli.asking import (
    DONE,
    DONE_WITH_REJECTS,
    Clinician,
    Place,
    Reason,
    Zone,
    check_outputs,
    file_option,
    say,
    stages,
    write_output,
)
from hipanalytics.errors import ClinicError

if TYPE_CHECKING:
    from hipanalytics.clinic.clinic import Clinic
    from hipanalytics.clinic.logs.receipts import ImportReceipt

_DECISION_TABLES = ("plans", "pauses", "patients", "red_flags")


def import_files(
    logs: Annotated[list[Path] | None, typer.Argument(metavar="[LOGS]...", show_default=False,
        help="Session logs: CSV (any delimiter), Excel (.xlsx) or Parquet; each file is an import of its own.")] = None,
    plans: Annotated[Path | None, file_option("Plans: one row per version, or per prescribed exercise.")] = None,
    pauses: Annotated[Path | None, file_option("Pauses: days on which nothing is due.")] = None,
    patients: Annotated[Path | None, file_option("Patients: programme start, discharge and more.")] = None,
    red_flags: Annotated[Path | None, file_option("Red-flag answers.")] = None,
    clinic: Place = None,
    mapping: Annotated[list[str] | None, typer.Option(metavar="PROFILE", show_default=False,
        help="Mapping profile (TOML file, or the name of one that is built in); one for each table.")] = None,
    zone: Zone = None,
    clinician: Clinician = None,
    group: Annotated[bool, typer.Option("--group", help="A clinic that is made now is open to your group.")] = False,
) -> None:
    """Bring logs, plans and patients into a clinic.

    The clinic is made where there is none. A file that was imported before changes nothing. What is refused goes to
    the quarantine.
    """
    tables = {"patients": patients, "plans": plans, "pauses": pauses, "red_flags": red_flags}
    if not logs and not any(tables.values()):
        raise ClinicError("Give at least one file: session logs, or --plans, --pauses, --patients, --red-flags.")
    with stages(False) as stage:
        stage("open the clinic")
        from hipanalytics.clinic.clinic import open_clinic
        from hipanalytics.importers import door_text, profiles_by_table

        profiles = profiles_by_table(mapping)
        with open_clinic(clinic, clinician=clinician, group_may_use=group) as opened:
            receipts = []
            for path in logs or []:
                new = opened.import_logs(path, mapping=profiles.get("session_logs"), zone=zone, on_progress=stage)
                receipts += new
                _tell(new)
            for table, file in tables.items():
                if file:
                    stage(f"Reading {file.name}")
                    receipt, report = opened.import_decisions(file, table, mapping=profiles.get(table))
                    receipts.append(receipt)
                    _tell([receipt])
                    say(door_text(report) if len(report.problems) else "")
            say(_what_next(opened, receipts, clinic))
    any_rejected = any(each.rejected and not each.already_imported for each in receipts)
    raise typer.Exit(DONE_WITH_REJECTS if any_rejected else DONE)


def list_imports(
    clinic: Place = None,
    output: Annotated[Path | None, file_option("Where to write the receipts: .csv, .xlsx or .parquet.")] = None,
) -> None:
    """What was imported, when and by whom.

    The receipts of all imports, with counts that add up.
    """
    from hipanalytics.clinic.clinic import open_clinic
    from hipanalytics.clinic.logs.receipts import receipt_words, receipts_table

    with open_clinic(clinic, create=False) as opened:
        receipts = opened.imports()
    if output:
        check_outputs([output], [])
        write_output(receipts_table(receipts), output)
        return
    for receipt in receipts:
        typer.echo(f"{receipt.saved_at[:16].replace('T', ' ')}  {receipt.author}  {receipt_words(receipt)}")
    if not receipts:
        say("Nothing has been imported yet.")


def undo_import(
    number: Annotated[int, typer.Argument(metavar="IMPORT", help="Its number: see hipanalytics imports.")],
    reason: Reason,
    clinic: Place = None,
    clinician: Clinician = None,
) -> None:
    """Take an import back.

    The clinic is as if it had never been made, and all others had.
    """
    from hipanalytics.clinic.clinic import open_clinic
    from hipanalytics.clinic.logs.receipts import receipt_words

    with open_clinic(clinic, create=False, clinician=clinician) as opened:
        before = {each.import_id for each in opened.imports() if not each.is_undone}
        receipt = opened.undo_import(number, reason)
        others = [each for each in opened.imports() if each.corrects == number and each.import_id in before]
    say(f"Import {number} ({receipt.file}) is undone; its rows are kept, and no longer counted.")
    for each in others:
        say(f"Undone with it: {receipt_words(each)}")


def quarantine(
    number: Annotated[int | None, typer.Option("--import", metavar="IMPORT", show_default=False,
                                               help="Only what this import put aside.")] = None,
    clinic: Place = None,
    output: Annotated[Path | None, file_option("Where to write them, to be corrected: .csv or .xlsx.")] = None,
) -> None:
    """Refused rows that wait to be put right.

    Rows that were refused, and rows of which cells were left out. Write them into a sheet, correct its cells, and send
    it back with: hipanalytics correct SHEET.
    """
    from hipanalytics.clinic.clinic import open_clinic
    from hipanalytics.clinic.logs.correction_sheet import correction_sheet

    check_outputs([output], [])
    if output and output.exists():
        raise ClinicError(f"{output} exists already, and may hold corrections. Choose another name.")
    with open_clinic(clinic, create=False) as opened:
        sheet = correction_sheet(opened.quarantine(number))
        if output and len(sheet):
            opened.note_export("quarantine", sheet["patient_id"].nunique())
    if output and len(sheet):
        write_output(sheet, output)
        say(f"Rows in {output}: {len(sheet):,}. Correct their cells and send them back: hipanalytics correct {output}")
        return
    for row in sheet.to_dict("records"):
        typer.echo(f"{row['entry']}  {row['file']} row {row['row']}, {row['patient_id']} {row['performed_at']} "
                   f"({row['effect']}): {row['problem']}")
    say("Write them into a sheet with --output FILE.xlsx." if len(sheet) else "The quarantine is empty.")


def correct(
    sheet: Annotated[Path, typer.Argument(help="The sheet that hipanalytics quarantine wrote, corrected.")],
    clinic: Place = None,
    clinician: Clinician = None,
) -> None:
    """Send corrected rows in again."""
    from hipanalytics.clinic.clinic import open_clinic
    from hipanalytics.clinic.logs.correction_sheet import read_corrections

    with open_clinic(clinic, create=False, clinician=clinician) as opened:
        changes = read_corrections(sheet, opened.quarantine())
        corrected = opened.correct(changes)
        left = len(opened.quarantine())
    _tell(corrected.receipts)
    wrong = corrected.still_wrong
    for row, column, value, problem, allowed in wrong[["row", "column", "value", "problem", "allowed"]].itertuples(
            index=False):
        say(f"Still wrong, and not imported: row {row}, {column}: \"{value}\" {problem}. Allowed: {allowed}.")
    say(f"No cell of {sheet.name} differs from the quarantine: nothing was changed." if not changes else
        f"Still open in the quarantine: {left:,}.")
    raise typer.Exit(DONE_WITH_REJECTS if len(wrong) else DONE)


def dismiss(
    reason: Reason,
    entries: Annotated[list[int] | None, typer.Argument(metavar="[ENTRY]...", show_default=False,
                                                        help="See hipanalytics quarantine.")] = None,
    number: Annotated[int | None, typer.Option("--import", metavar="IMPORT", show_default=False,
                                               help="All that this import put aside and that is open.")] = None,
    clinic: Place = None,
    clinician: Clinician = None,
) -> None:
    """Set refused rows aside for good.

    They stay refused, and the quarantine no longer lists them.
    """
    from hipanalytics.clinic.clinic import open_clinic

    with open_clinic(clinic, create=False, clinician=clinician) as opened:
        chosen = entries or (opened.quarantine(number)["entry"].tolist() if number is not None else [])
        if not chosen:
            raise ClinicError("Nothing to set aside: give entries of the quarantine, or --import with a number of "
                              "which something is open.")
        receipts = opened.dismiss(chosen, reason)
    for each in receipts:
        say(f"Set aside. To list them again: hipanalytics undo-import {each.import_id} --reason TEXT")


def rows(
    patient: Annotated[str, typer.Argument(metavar="PATIENT", help="The patient's pseudonym.", show_default=False)],
    clinic: Place = None,
    output: Annotated[Path | None, file_option("Where to write them: .csv, .xlsx or .parquet. Default: CSV to standard "
                                               "output.")] = None,
) -> None:
    """Every row of a patient, and whence it came.

    Rows that count now, rows that a later import or a correction replaced, and rows of imports that were undone.
    """
    from hipanalytics.clinic.clinic import open_clinic

    check_outputs([output], [])
    with open_clinic(clinic, create=False) as opened:
        table = opened.rows_of(patient)
        write_output(table, output)
        if output:
            opened.note_export("rows of a patient", 1)


def clinicians(
    add: Annotated[list[str] | None, typer.Option(metavar="NAME", show_default=False, help="Put on the list.")] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="NAME", show_default=False,
                                                     help="Take off the list; what was signed stays signed.")] = None,
    clinic: Place = None,
) -> None:
    """Who may sign in this clinic."""
    from hipanalytics.clinic.clinic import open_clinic

    with open_clinic(clinic, create=bool(add)) as opened:
        for name in add or []:
            opened.add_clinician(name)
        for name in remove or []:
            opened.remove_clinician(name)
        known = opened.clinicians
        login = opened.session.login
    typer.echo("\n".join(known) if known else f"There is no list yet: everything is signed with the login, {login}.")


def trail(
    patient: Annotated[str | None, typer.Argument(metavar="[PATIENT]", show_default=False,
                                                  help="Only what concerns this patient.")] = None,
    clinic: Place = None,
    output: Annotated[Path | None, file_option("Where to write it: .csv, .xlsx or .parquet. Default: CSV to standard "
                                               "output.")] = None,
) -> None:
    """Who looked at whose data, and when.

    Who opened, changed or exported whose data: the access trail.
    """
    from hipanalytics.clinic.clinic import open_clinic

    check_outputs([output], [])
    with open_clinic(clinic, create=False) as opened:
        write_output(opened.trail(patient), output)


def _tell(receipts: list[ImportReceipt] | tuple[ImportReceipt, ...]) -> None:
    from hipanalytics.clinic.logs.receipts import receipt_words

    for receipt in receipts:
        say(receipt_words(receipt))
        for remark in receipt.remarks if not receipt.already_imported else ():
            say(f"  {remark}")


def _what_next(opened: Clinic, receipts: list[ImportReceipt], asked: str | None) -> str:
    new = [each for each in receipts if not each.already_imported and (each.rejected or each.cells_left_out)]
    where = f" --clinic {opened.place}" if asked and ":***@" not in opened.place else ""
    lines = [f"The clinic is in {opened.place}."]
    if any(each.kind == "session_logs" for each in new):
        lines.append(f"What was refused or left out: hipanalytics quarantine{where}")
    if any(each.kind != "session_logs" for each in new):
        lines.append("Plans, pauses, patients and answers that were refused are not kept: correct the file and import "
                     "it again.")
    return "\n".join([*lines, f"Review it: hipanalytics review{where}"])
