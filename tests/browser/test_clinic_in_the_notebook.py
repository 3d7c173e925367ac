"""A clinic in the review notebook: whose news does a clinician see?"""

from __future__ import annotations

import datetime as dt

import pytest

from hipanalytics.clinic.clinic import open_clinic
from hipanalytics.lab.places import example_folder
from tests.browser.conftest import SCREENSHOTS, opened_review, started_lab

pytestmark = pytest.mark.browser


def test_the_list_says_what_is_new_since_the_last_review(browser, tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    with open_clinic(clinician="Anna Weber") as clinic:
        clinic.import_logs(example_folder() / "logs.csv")
        for table in ("patients", "plans", "pauses"):
            clinic.import_decisions(example_folder() / f"{table}.csv", table)
        before = clinic.review(dt.date(2026, 2, 1))
        worse = clinic.review().table.query("standing == 'Worsening'")["patient_id"].iloc[0]
        clinic.review_patient(before, worse, "call next week", dt.date(2026, 3, 1))
    with started_lab(tmp_path) as lab:
        screen = opened_review(browser, lab)
        row = screen.locator(f".hip-row[data-patient='{worse}']").inner_text()
        assert "New since Anna Weber's review of 1 Feb 2026: worsening" in row
        assert "Never reviewed." in screen.locator(".hip-list").inner_text()
        assert "new since you last looked" in screen.locator(".hip-screen").inner_text()
        assert screen.get_by_text("example").count() == 0
        screen.screenshot(path=SCREENSHOTS / "clinic.png")
        screen.close()
