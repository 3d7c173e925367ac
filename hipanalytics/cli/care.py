"""Commands that look after a clinic: backup, restore, erase, doctor, name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hipanalytics.cli.asking import DONE, NOT_DONE, Clinician, Place, Reason, file_option, say, stages

TO_DO = NOT_DONE
Patient = Annotated[str, typer.Argument(metavar="PATIENT", help="The patient's pseudonym.", show_default=False)]


def backup(
    file: Annotated[Path, typer.Argument(help="A new file (.hipclinic), or a folder.", show_default=False)],
    clinic: Place = None,
    clinician: Clinician = None,
) -> None:
    """Copy the whole clinic into one file.

    Consistent, while others go on working. Neither the secret key nor the name list is in it.
    """
    with stages(False) as stage:
        from hipanalytics.clinic.care.backup import backup as write_backup
        from hipanalytics.clinic.care.backup import backup_words
        from hipanalytics.clinic.clinic import open_clinic

        with open_clinic(clinic, create=False, clinician=clinician) as opened:
            receipt = write_backup(opened.session, file, stage)
    say(backup_words(receipt))


def restore(
    file: Annotated[Path, typer.Argument(help="The backup (.hipclinic).", show_default=False)],
    place: Annotated[str, typer.Argument(metavar="NEW-PLACE", show_default=False,
                                         help="A new or empty folder, or an empty PostgreSQL.")],
    clinician: Clinician = None,
    group: Annotated[bool, typer.Option("--group", help="The owner's group may use it, too.")] = False,
    key_is_lost: Annotated[bool, typer.Option("--key-is-lost", help="Restore although nobody can say who was erased "
                                              "since, because the clinic's secret key is gone for good.")] = False,
) -> None:
    """Make a clinic of a backup, in a new place.

    Verified by counts and hashes; patients who were erased since are erased again.
    """
    with stages(False) as stage:
        from hipanalytics.clinic.care.restoring import restore as make_of_backup
        from hipanalytics.clinic.care.restoring import restored_words

        receipt = make_of_backup(
            file, place, stage, clinician=clinician, group_may_use=group, key_is_lost=key_is_lost)
    say(restored_words(receipt))


def erase(
    patient: Patient,
    reason: Reason,
    clinic: Place = None,
    clinician: Clinician = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Remove a patient from a clinic for good.

    Logs, decisions, refused rows, name, and the pseudonym in every text. It cannot be undone.
    """
    from hipanalytics.clinic.care.erasure import erase as remove_for_good
    from hipanalytics.clinic.care.erasure import erased_words
    from hipanalytics.clinic.clinic import open_clinic

    with open_clinic(clinic, create=False, clinician=clinician) as opened:
        if not yes:
            typer.confirm(f"Erase {patient} from {opened.place}? It cannot be undone", abort=True, err=True)
        erased = remove_for_good(opened.session, patient, reason)
    say(erased_words(erased))
    raise typer.Exit(DONE if erased.is_complete else TO_DO)


def doctor(clinic: Place = None) -> None:
    """What is where, is it whole, what to do.

    Sizes, integrity, rights, versions, key, snapshot, last import and backup. Changes nothing.
    """
    from hipanalytics.clinic.care.doctor import doctor as look
    from hipanalytics.clinic.care.doctor import doctor_words

    findings = look(clinic)
    typer.echo(doctor_words(findings))
    raise typer.Exit(TO_DO if any(each.ok is False for each in findings) else DONE)


def name(
    patient: Annotated[str | None, typer.Argument(metavar="[PATIENT]", help="The patient's pseudonym.",
                                                  show_default=False)] = None,
    set_to: Annotated[str | None, typer.Option("--set", metavar="NAME", help="Put on the list.",
                                               show_default=False)] = None,
    phone: Annotated[str, typer.Option(metavar="NUMBER", help="With --set.", show_default=False)] = "",
    forget: Annotated[bool, typer.Option("--forget", help="Take off the list.")] = False,
    names: Annotated[Path | None, file_option("Names to put on the list: a CSV or Excel file with the columns "
                                              "patient_id, name, phone, note.")] = None,
    pseudonymise: Annotated[bool, typer.Option("--pseudonymise", help="With --names: the file has identifiers in "
                                               "patient_id; they are turned into pseudonyms.")] = False,
    find: Annotated[str | None, typer.Option(metavar="IDENTIFIER", show_default=False,
                                             help="Tell the pseudonym of who has this identifier.")] = None,
    clinic: Place = None,
) -> None:
    """Who a patient is, from this computer's own list.

    The list lies outside the clinic, is in no backup, and is never exported.
    """
    from hipanalytics.clinic.care.names import (
        PersonName,
        find_pseudonym,
        forget_name,
        import_names,
        names_words,
        set_name,
        show_name,
    )
    from hipanalytics.clinic.clinic import open_clinic
    from hipanalytics.errors import ClinicError

    with open_clinic(clinic, create=False) as opened:
        if names:
            say(names_words(import_names(opened.session, names, pseudonymise=pseudonymise)))
        elif find is not None:
            typer.echo(find_pseudonym(opened.session, find))
        elif patient is None:
            raise ClinicError("Give a patient's pseudonym, --find IDENTIFIER, or --names FILE.")
        elif set_to is not None:
            set_name(opened.session, patient, PersonName(set_to, phone))
            say(f"{patient} is on this computer's list.")
        elif forget:
            forget_name(opened.session, patient)
            say(f"{patient} is no longer on this computer's list.")
        else:
            person = show_name(opened.session, patient)
            typer.echo("  ".join(filter(None, (person.name, person.phone, person.note))) if person else
                       f"{patient} is not on this computer's list.")
