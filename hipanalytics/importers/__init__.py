"""Outside files become checked tables here, and nowhere else."""

from hipanalytics.importers.batches import Batch, check_again, read_log_batches
from hipanalytics.importers.notices import joined_notices
from hipanalytics.importers.profile import MappingProfile, profile_names, read_profile
from hipanalytics.importers.readers import (
    load_cohort,
    profiles_by_table,
    read_logs,
    read_patients,
    read_pauses,
    read_plans,
    read_red_flags,
)
from hipanalytics.importers.report import DoorReport, Notice, Receipt, rejects_table
from hipanalytics.importers.sentences import door_text

__all__ = [
    "Batch",
    "DoorReport",
    "MappingProfile",
    "Notice",
    "Receipt",
    "check_again",
    "door_text",
    "joined_notices",
    "load_cohort",
    "profile_names",
    "profiles_by_table",
    "read_log_batches",
    "read_logs",
    "read_patients",
    "read_pauses",
    "read_plans",
    "read_profile",
    "read_red_flags",
    "rejects_table",
]
