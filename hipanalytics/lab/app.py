"""What the review notebook calls."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Final

from hipanalytics.cohort import Cohort
from hipanalytics.errors import FileError
from hipanalytics.importers import load_cohort
from hipanalytics.lab.caseload_state import CaseloadState
from hipanalytics.lab.caseload_view import CaseloadView
from hipanalytics.lab.launch import FOLDER_VARIABLE
from hipanalytics.lab.places import example_folder
from hipanalytics.review import Review, review_cohort

_ENDINGS: Final = (".csv", ".xlsx", ".parquet")


def load_caseload(folder: str | Path | None = None) -> Cohort:
    """Whose logs and plans are to be reviewed?

    Parameters: folder: holds logs.csv (or .xlsx, .parquet), and plans, pauses, patients and red_flags where there are
    any. Default: the folder that the lab was started on, else the example cohort.
    Raises: FileError where the folder or its logs cannot be read.
    """
    asked = folder or os.environ.get(FOLDER_VARIABLE)
    place = Path(asked).expanduser() if asked else example_folder()
    logs = find_table(place, "logs")
    if logs is None:
        raise FileError(f"There is no logs.csv, logs.xlsx or logs.parquet in {place}.")
    cohort, _ = load_cohort(
        [logs], plans=find_table(place, "plans"), pauses=find_table(place, "pauses"),
        patients=find_table(place, "patients"), red_flags=find_table(place, "red_flags"))
    return cohort if asked else dataclasses.replace(cohort, is_example=True)


def find_table(folder: Path, name: str) -> Path | None:
    """The file of this table in the folder, if there is one."""
    return next((path for ending in _ENDINGS if (path := folder / f"{name}{ending}").is_file()), None)


def show_caseload(review: Review) -> CaseloadView:
    """Who needs me, and why? The caseload by need, and the chosen patient's course."""
    return CaseloadView(CaseloadState(review))


def open_caseload(folder: str | Path | None = None) -> CaseloadView:
    """Load a caseload, review it up to its latest day, and show it."""
    return show_caseload(review_cohort(load_caseload(folder)))
