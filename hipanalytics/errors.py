"""What went wrong, in the reader's words."""

from __future__ import annotations


class HipAnalyticsError(Exception):
    """Something that the reader can mend; its text is one or more plain sentences, shown without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows instead of a traceback."""
        return [str(self)]


class FileError(HipAnalyticsError):
    """A file as a whole cannot be used (missing, damaged, protected, not a table)."""


class ProfileError(HipAnalyticsError):
    """A mapping profile says something that cannot be done."""


class ThresholdError(HipAnalyticsError):
    """A settings file names an unknown threshold or gives one an impossible value."""


class CohortError(HipAnalyticsError):
    """Tables that do not fit together, or a review that cannot be made of them."""


class ClinicError(HipAnalyticsError):
    """A clinic that cannot be opened, read or written, or a step in it that cannot be taken."""


class BusyError(ClinicError):
    """Others have been changing the clinic for so long that this change did not get its turn; nothing was saved."""


class ConflictError(ClinicError):
    """Someone else has changed what this change starts from; nothing was saved."""
