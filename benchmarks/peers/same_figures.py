"""Do two tables hold equal figures of the same patients? Says which column differs first, and exits with 1."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

WITHIN = 1e-9
DATES = ("as_of", "programme_start", "last_log", "pain_baseline_from")
NUMBERS = (
    "weeks_counted", "adherence_4w", "adherence_4w_logged", "adherence_all", "days_silent", "pain_baseline",
    "pain_baseline_n", "pain_latest", "pain_latest_n", "pain_change", "pain_slope_per_week", "pain_rise_p")
IN_PROCESS_ONLY = ("rated_days", "pain_mean")


def check_same(ours: pa.Table, theirs: pa.Table) -> list[str]:
    """One sentence for each column that differs."""
    ours, theirs = ours.sort_by("patient_id"), theirs.sort_by("patient_id")
    if ours["patient_id"].cast(pa.string()).to_pylist() != theirs["patient_id"].cast(pa.string()).to_pylist():
        return [f"patients: {ours.num_rows} and {theirs.num_rows}"]
    shared = [name for name in IN_PROCESS_ONLY if name in ours.column_names and name in theirs.column_names]
    return [sentence for name in (*DATES, *NUMBERS, *shared)
            if (sentence := _difference(name, _numbers(ours[name]), _numbers(theirs[name])))]


def _difference(name: str, ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64]) -> str:
    differ = np.flatnonzero(~np.isclose(ours, theirs, rtol=0, atol=WITHIN, equal_nan=True))
    if not len(differ):
        return ""
    first = differ[0]
    return f"{name}: {len(differ)} of {len(ours)} differ, first {ours[first]} and {theirs[first]} (row {first})"


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32())
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    numbers: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return numbers


def main() -> None:
    ours, theirs = (pq.read_table(Path(path)) for path in sys.argv[1:3])
    differences = check_same(ours, theirs)
    print("\n".join(differences) or f"equal: {len(NUMBERS) + len(DATES)} figures of {ours.num_rows} patients")
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
