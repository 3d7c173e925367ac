"""Whoever was erased does not come back with the next export."""

from __future__ import annotations

from pathlib import Path

import pytest

from hipanalytics.clinic.care.erasure import erase
from hipanalytics.clinic.clinic import Clinic
from hipanalytics.errors import ClinicError

LOGS = """patient_id,performed_at,exercise,pain
A,2026-01-05,bridging,6
B,2026-01-05,bridging,5
B,2026-01-07,bridging,50
"""
PLANS = "patient_id,valid_from,sessions_per_week\nA,2026-01-01,3\nB,2026-01-01,2\nB,2026-02-30,2\n"


@pytest.fixture
def erased(clinic: Clinic, tmp_path: Path) -> Clinic:
    (tmp_path / "first.csv").write_text(LOGS)
    clinic.import_logs(tmp_path / "first.csv")
    erase(clinic.session, "B", "asked for it")
    return clinic


def test_their_rows_are_set_aside_and_nothing_is_kept(erased: Clinic, tmp_path: Path) -> None:
    (tmp_path / "next.csv").write_text(LOGS + "A,2026-01-09,bridging,4\nB,2026-13-09,bridging,4\n")
    [receipt] = erased.import_logs(tmp_path / "next.csv")
    assert (receipt.rows_read, receipt.accepted, receipt.filtered_out, receipt.rejected) == (5, 2, 2, 1)
    assert (receipt.rows_new, receipt.rows_known) == (1, 1)
    assert any(remark.startswith("Rows of patients who were erased from this clinic: 2,") for remark in receipt.remarks)
    assert set(erased.cohort().logs["patient_id"]) == {"A"}
    assert erased.quarantine().empty


def test_neither_do_their_plans(erased: Clinic, tmp_path: Path) -> None:
    (tmp_path / "plans.csv").write_text(PLANS)
    receipt, report = erased.import_decisions(tmp_path / "plans.csv", "plans")
    assert (receipt.rows_read, receipt.accepted, receipt.filtered_out, receipt.rejected) == (3, 1, 1, 1)
    assert report.problems.empty
    assert erased.cohort().plans["patient_id"].tolist() == ["A"]


def test_nobody_is_added_by_hand_under_that_pseudonym(erased: Clinic) -> None:
    with pytest.raises(ClinicError, match="needs a new one"):
        erased.add_patient("B")
