import datetime as dt

import pytest

from hipanalytics.clinic.decisions.news import Notes, with_notes
from hipanalytics.clinic.decisions.records import ReviewNote
from hipanalytics.review import review_cohort
from tests.charts.conftest import NO_PLAN, NO_SCORES, P_1, cohort_of


@pytest.fixture(scope="session")
def review():
    return review_cohort(cohort_of({"P-1": P_1, "NO-SCORES": NO_SCORES, "NO-PLAN": NO_PLAN}))


@pytest.fixture(scope="session")
def review_with_notes(review):
    """P-1 was looked at on 3 February, before its flag was raised; the others never were."""
    seen = ReviewNote(as_of=dt.date(2026, 2, 3), decision="Go on.", next_review_by=dt.date(2026, 2, 24))
    return with_notes(review, Notes([("P-1", "<b>Dr Weber", seen)]))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, so that nothing of the user's is read or written."""
    for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("HIPANALYTICS_FOLDER", "HIPANALYTICS_CLINIC", "HIPANALYTICS_CLINICIAN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
