"""Days and moments as they are told: in words, and by this computer's own clock."""

from __future__ import annotations

import datetime as dt


def day_words(day: dt.date) -> str:
    """A day as it is written everywhere: 12 Mar 2026."""
    return f"{day.day} {day:%b %Y}"


def moment_words(saved_at: str) -> str:
    """A stored moment by this computer's own clock: 12 Mar 2026 at 17:30."""
    moment = dt.datetime.fromisoformat(saved_at).astimezone()
    return f"{day_words(moment.date())} at {moment:%H:%M}"
