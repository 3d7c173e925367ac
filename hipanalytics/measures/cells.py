"""Log rows in patient x day cells: the one pass over the logs, in blocks of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hipanalytics.cohort import Cohort
from hipanalytics.measures.days import NEVER, Days, Mask, Numbers, in_blocks


@dataclass(frozen=True)
class PlacedRows:
    """Whose each log row is, and in which cell it lies."""

    patient: npt.NDArray[np.int32]
    """-1 where the row lies before the start or after as_of."""
    cell: Days
    """One beyond the last cell where the row is not used."""
    cells: int
    last_row: Days
    """Per patient: the day of the last row used; before the start where there is none."""
    used: Days
    before_start: Days
    after_as_of: Days
    """Per patient: how many rows are used, and how many are not."""


def place_rows(cohort: Cohort, patient_ids: pd.Index, start: Days, as_of: Days, first_cell: Days) -> PlacedRows:
    """Find the cell of every log row from its patient's start to as_of, and count the other rows."""
    names = cohort.logs["patient_id"].cat
    codes, position = names.codes.to_numpy(), patient_ids.get_indexer(names.categories).astype(np.int32)
    nobody, cells = len(start), int(first_cell[-1])
    position[position < 0] = nobody  # whose start never comes, so that no row of theirs is used
    start, as_of = np.append(start, NEVER), np.append(as_of, NEVER)
    to_cell = first_cell - start
    placed = PlacedRows(np.empty(len(codes), dtype=np.int32), np.empty(len(codes), dtype=np.int64), cells,
                        start - 1, *(np.zeros(nobody + 1, dtype=np.int64) for _ in range(3)))
    for rows in in_blocks(len(codes)):
        patient, day = position[codes[rows]], cohort.log_days[rows]
        cell = to_cell[patient] + day
        after = day > as_of[patient]
        before = (day < start[patient]) & ~after
        unused = before | after
        for counts, some in ((placed.used, ~unused), (placed.before_start, before), (placed.after_as_of, after)):
            counts += np.bincount(patient[some], minlength=nobody + 1)
        patient[unused], cell[unused] = -1, cells
        placed.patient[rows], placed.cell[rows] = patient, cell
        np.maximum.at(placed.last_row, patient[~unused], day[~unused])
    return PlacedRows(placed.patient, placed.cell, cells, *(
        per_patient[:-1] for per_patient in (placed.last_row, placed.used, placed.before_start, placed.after_as_of)))


def find_session_days(logs: pd.DataFrame, placed: PlacedRows) -> tuple[Mask, Mask]:
    """On which days was a session done, and on which was any session logged? Per cell.

    Missing: a row whose `done` is not known is logged, not done; a rating is neither.
    """
    exercise, answer = logs["exercise"].cat.codes.to_numpy(), logs["done"].array
    done, logged = np.zeros(placed.cells + 1, dtype=bool), np.zeros(placed.cells + 1, dtype=bool)
    for rows in in_blocks(len(logs)):
        cell, answers = placed.cell[rows], answer[rows]
        done[cell[answers.to_numpy(dtype=bool, na_value=False)]] = True
        logged[cell[(exercise[rows] >= 0) | ~np.asarray(answers.isna())]] = True
    return done[:-1], logged[:-1]


def session_stamps(logs: pd.DataFrame, rows: slice | Days) -> Days:
    """A number per moment, in order; a date alone comes before the times of its day. Equal in one session."""
    moment = logs["performed_at"].to_numpy().astype("datetime64[us]", copy=False)[rows]
    stamp: Days = 2 * moment.view(np.int64) + logs["has_time"].to_numpy()[rows]
    return stamp


def average_daily_pain(logs: pd.DataFrame, placed: PlacedRows) -> tuple[Days, Numbers]:
    """Which pain was felt on each rated day? The mean of its sessions, each of them the mean of its rows.

    Returns: the rated cells in order, and their pain (NRS 0-10).
    """
    count, total = np.zeros(placed.cells + 1, dtype=np.int32), np.zeros(placed.cells + 1)
    a_stamp = np.empty(placed.cells + 1, dtype=np.int64)
    for rows in in_blocks(len(logs)):
        cell, score = _scored(logs, placed, rows)
        np.add.at(count, cell, np.int32(1))
        np.add.at(total, cell, np.nan_to_num(score))
        a_stamp[cell] = session_stamps(logs, rows)
    several = _of_several_sessions(logs, placed, a_stamp)
    if several.any():
        sessions = _session_means(logs, placed, several).groupby("cell")
        count[several], total[several] = 1, sessions.mean().to_numpy()
    rated_cell = np.flatnonzero(count[:-1])
    return rated_cell, total[rated_cell] / count[rated_cell]


def _scored(logs: pd.DataFrame, placed: PlacedRows, rows: slice) -> tuple[Days, Numbers]:
    """Cell and score of some rows; without a score, the cell beyond the last."""
    score = logs["pain"].to_numpy()[rows]
    return np.where(np.isnan(score), placed.cells, placed.cell[rows]), score


def _of_several_sessions(logs: pd.DataFrame, placed: PlacedRows, a_stamp: Days) -> Mask:
    """Per cell: whether its scored rows have more than one stamp, of which `a_stamp` is one."""
    several = np.zeros(placed.cells + 1, dtype=bool)
    for rows in in_blocks(len(logs)):
        cell, _ = _scored(logs, placed, rows)
        several[cell[session_stamps(logs, rows) != a_stamp[cell]]] = True
    several[-1] = False
    return several


def _session_means(logs: pd.DataFrame, placed: PlacedRows, cells: Mask) -> pd.Series:
    """The pain of each session in some cells, by cell and stamp."""
    rows = np.concatenate([
        rows.start + np.flatnonzero(cells[_scored(logs, placed, rows)[0]]) for rows in in_blocks(len(logs))])
    return pd.DataFrame({
        "cell": placed.cell[rows], "stamp": session_stamps(logs, rows), "score": logs["pain"].to_numpy()[rows],
    }).groupby(["cell", "stamp"])["score"].mean()
