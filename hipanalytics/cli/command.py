"""The command `hipanalytics`: from session logs to a caseload sorted by need, without any programming."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from hipanalytics.cli import care, clinic, files
from hipanalytics.cli.asking import NOT_DONE, PLAIN, WITH_REJECTS, say
from hipanalytics.errors import HipAnalyticsError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Review a caseload of people with hip pain: who does the plan, whose pain falls, persists or worsens, whom "
         "to call first, and why. Nothing leaves this machine.")

for _name, _command, _exit_status in (
    ("review", files.review, WITH_REJECTS),
    ("check", files.check, WITH_REJECTS),
    ("lab", files.lab, PLAIN),
    ("import", clinic.import_files, WITH_REJECTS),
    ("imports", clinic.list_imports, PLAIN),
    ("undo-import", clinic.undo_import, PLAIN),
    ("quarantine", clinic.quarantine, PLAIN),
    ("correct", clinic.correct, WITH_REJECTS),
    ("dismiss", clinic.dismiss, PLAIN),
    ("rows", clinic.rows, PLAIN),
    ("clinicians", clinic.clinicians, PLAIN),
    ("trail", clinic.trail, PLAIN),
    ("backup", care.backup, PLAIN),
    ("restore", care.restore, PLAIN),
    ("erase", care.erase, PLAIN),
    ("doctor", care.doctor, "Exit status: 0 nothing to do; 2 something to do."),
    ("name", care.name, PLAIN),
    ("demo", files.demo, PLAIN),
    ("schemas", files.schemas, PLAIN),
):
    app.command(_name, epilog=_exit_status)(_command)


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


def main() -> None:
    """Run the command; whatever goes wrong is one plain sentence, and the exit status says so."""
    try:
        app()
    except HipAnalyticsError as error:
        say(str(error))
    except KeyboardInterrupt:
        say("Stopped.")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        say(f"The output cannot be written: {error.strerror or type(error).__name__}.")
    except MemoryError:
        say("This machine has not enough memory for these files.")
    except Exception as error:
        if os.environ.get("HIPANALYTICS_DEBUG"):
            raise
        say(f"A fault in hipanalytics itself stopped this ({type(error).__name__}). "
             "Please report it; HIPANALYTICS_DEBUG=1 shows where (the trace may hold patient data).")
    sys.exit(NOT_DONE)


