"""What the review notebook calls."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hipanalytics.clinic.clinic import open_clinic
from hipanalytics.clinic.decisions.news import Notes, with_notes
from hipanalytics.clinic.places import has_clinic
from hipanalytics.cohort import Cohort
from hipanalytics.errors import FileError
from hipanalytics.importers import DoorReport, door_text, load_cohort
from hipanalytics.lab.caseload_state import CaseloadState
from hipanalytics.lab.caseload_view import CaseloadView
from hipanalytics.lab.launch import FOLDER_VARIABLE
from hipanalytics.lab.places import example_folder
from hipanalytics.review import Review, review_cohort
from hipanalytics.thresholds import ClinicThresholds, read_thresholds

_ENDINGS: Final = (".csv", ".xlsx", ".parquet")


@dataclass(frozen=True)
class Caseload:
    """What a clinic or a folder holds: the cohort, what the door says of a folder's files, what a clinic noted at
    earlier reviews, and the thresholds."""

    cohort: Cohort
    door: DoorReport = field(default_factory=DoorReport)
    thresholds: ClinicThresholds = field(default_factory=ClinicThresholds)
    notes: Notes | None = None

    def review(self, as_of: str | None = None) -> Review:
        """Who is doing the plan, whose pain falls, persists or worsens, and what is new? See `review_cohort`."""
        reviewed = review_cohort(self.cohort, as_of, self.thresholds)
        return reviewed if self.notes is None else with_notes(reviewed, self.notes)


def load_caseload(folder: str | Path | None = None, *, clinic: str | None = None) -> Caseload:
    """Whose logs and plans are to be reviewed?

    Parameters: folder: holds logs.csv (or .xlsx, .parquet), and plans, pauses, patients and red_flags where there are
    any; thresholds.toml where the clinic has its own; profile.toml where the logs have other columns. clinic: its
    folder, or postgresql://user@server/name. Default: what the lab was started on; else the clinic in the user's own
    data folder, where there is one; else the example cohort.
    Raises: FileError where the folder or its logs cannot be read; ThresholdError, ProfileError, ClinicError.
    """
    asked = folder or (None if clinic else os.environ.get(FOLDER_VARIABLE))
    if asked is None and (clinic or has_clinic()):
        return _of_clinic(clinic)
    place = Path(asked).expanduser() if asked else example_folder()
    logs = find_table(place, "logs")
    if logs is None:
        raise FileError(f"There is no logs.csv, logs.xlsx or logs.parquet in {place}.")
    own_thresholds, own_profile = place / "thresholds.toml", place / "profile.toml"
    thresholds = read_thresholds(own_thresholds) if own_thresholds.is_file() else ClinicThresholds()
    cohort, door = load_cohort(
        [logs], plans=find_table(place, "plans"), pauses=find_table(place, "pauses"),
        patients=find_table(place, "patients"), red_flags=find_table(place, "red_flags"),
        mapping=own_profile if own_profile.is_file() else None, thresholds=thresholds.clinic)
    return Caseload(dataclasses.replace(cohort, is_example=not asked), door, thresholds)


def _of_clinic(place: str | None) -> Caseload:
    with open_clinic(place, create=False) as opened:
        return Caseload(opened.cohort(), notes=opened.notes())


def find_table(folder: Path, name: str) -> Path | None:
    """The file of this table in the folder, if there is one."""
    return next((path for ending in _ENDINGS if (path := folder / f"{name}{ending}").is_file()), None)


def show_caseload(review: Review, door: DoorReport | None = None) -> CaseloadView:
    """Who needs me, and why? The caseload by need, and the chosen patient's course."""
    return CaseloadView(CaseloadState(review), door_text(door) if door and door.receipts else "")
