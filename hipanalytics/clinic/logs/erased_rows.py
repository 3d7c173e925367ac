"""Rows of erased patients stay outside: they are set aside and counted, and nothing of them is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import pandas as pd

from hipanalytics.clinic.erased import erased_among
from hipanalytics.clinic.session import Session
from hipanalytics.importers import Batch, DoorReport, Receipt


def without_erased(session: Session, batches: Iterable[Batch]) -> Iterator[Batch]:
    """The batches without rows, accepted or refused, of patients who were erased from this clinic."""
    for batch in batches:
        ids = [*batch.frame["patient_id"].cat.categories, *batch.cells["patient_id"].unique()]
        erased = _erased_in(session, ids)
        yield _cleaned(batch, erased) if erased else batch


def without_erased_patients(
    session: Session, rows: pd.DataFrame, report: DoorReport,
) -> tuple[pd.DataFrame, DoorReport]:
    """The rows of a file of plans, pauses ..., and what the door said, without patients who were erased."""
    erased = _erased_in(session, [*rows["patient_id"].unique(), *report.problems["patient_id"].unique()])
    if not erased:
        return rows, report
    kept = rows[~rows["patient_id"].isin(erased)].reset_index(drop=True)
    first, *others = report.receipts
    receipts = (_less_accepted(first, len(rows) - len(kept)), *others)
    problems = report.problems[~report.problems["patient_id"].isin(erased)].reset_index(drop=True)
    return kept, dataclasses.replace(report, receipts=receipts, problems=problems)


def _erased_in(session: Session, patient_ids: Iterable[str]) -> set[str]:
    with session.database.reading() as connection:
        return erased_among(session, connection, dict.fromkeys(patient_ids))


def _less_accepted(receipt: Receipt, rows: int) -> Receipt:
    if not rows:
        return receipt
    told = f"Rows of patients who were erased from this clinic: {rows:,}, set aside; nothing of them was kept."
    return dataclasses.replace(receipt, accepted=receipt.accepted - rows, filtered_out=receipt.filtered_out + rows,
                               assumptions=(*receipt.assumptions, told))


def _cleaned(batch: Batch, erased: set[str]) -> Batch:
    def rest(table: pd.DataFrame) -> pd.DataFrame:
        return table[~table["patient_id"].isin(erased)].reset_index(drop=True)

    frame = rest(batch.frame)
    frame["patient_id"] = frame["patient_id"].cat.remove_unused_categories()
    receipt = _less_accepted(batch.receipt, len(batch.frame) - len(frame))
    return dataclasses.replace(
        batch, frame=frame, problems=rest(batch.problems), cells=rest(batch.cells), receipt=receipt)
