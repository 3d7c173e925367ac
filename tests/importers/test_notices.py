"""Notices: nothing is wrong with these rows, and a clinician should know of them."""

from __future__ import annotations

from pathlib import Path

from hipanalytics.importers import DoorReport
from tests.importers.files import logs_from


def told(report: DoorReport) -> dict[str, tuple[int, dict[str, int]]]:
    return {notice.code: (notice.count, notice.patients.to_dict()) for notice in report.notices}


def test_scores_between_whole_points_are_counted_and_kept(tmp_path: Path) -> None:
    logs, report = logs_from(tmp_path, "patient_id,performed_at,pain,pain_after\nP1,2026-03-01,3.5,4\n"
                                       "P1,2026-03-02,3.3333,0.5\nP2,2026-03-02,3,\n")
    assert told(report) == {"half_points": (3, {"P1": 3})}
    assert logs["pain"].tolist() == [3.5, 3.3333, 3]


def test_days_with_several_scores_are_counted_per_patient(tmp_path: Path) -> None:
    _, report = logs_from(
        tmp_path, "patient_id,performed_at,exercise,pain\n"
                  "P2,2026-03-01 18:00,squat,3\nP1,2026-03-01,,3\nP1,2026-03-01,,4\nP2,2026-03-01 08:00,squat,3\n"
                  "P1,2026-03-02 10:00,squat,4\nP1,2026-03-02 10:00,clam,4\nP1,2026-03-02 12:00,clam,\n"
                  "P3,2026-03-02 10:00,squat,4\nP3,2026-03-02 10:00,clam,5\nP1,2026-03-03,,1\n")
    assert told(report) == {"several_scores": (3, {"P1": 1, "P2": 1, "P3": 1})}


def test_late_and_bulk_entry_are_told_at_their_thresholds(tmp_path: Path) -> None:
    days = "".join(f"P1,2026-03-0{day},2026-03-04 20:00\n" for day in range(1, 5))
    three = "".join(f"P2,2026-03-0{day},2026-03-04 20:00\n" for day in range(2, 5))
    _, report = logs_from(tmp_path, "patient_id,performed_at,logged_at\n" + days + three)
    assert told(report) == {"late_entry": (1, {"P1": 1}), "bulk_entry": (1, {"P1": 1})}


def test_clean_logs_have_no_notice(tmp_path: Path) -> None:
    _, report = logs_from(tmp_path, "patient_id,performed_at,pain,logged_at\nP1,2026-03-01,3,2026-03-01 20:00\n")
    assert report.notices == ()
