"""What the door did with each file, and how it says so."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hipanalytics.importers.faults import Finding

VALUE_LONGEST = 80
VALUE_SHORT, TOLD_PER_PATIENT = 20, 3
PROBLEM_COLUMNS = (
    "file", "sheet", "row", "column", "value", "problem", "allowed", "action", "effect", "patient_id", "kind")
ROW_REFUSED, CELL_LEFT_OUT = "row refused", "cell left out"


@dataclass(frozen=True)
class Receipt:
    """What became of the rows of one file: read = filtered_out + accepted + duplicates + rejected.

    `blank` rows (nothing in any cell) are counted beside, not among the rows read.
    """

    file: str
    table: str
    kind: str
    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    rows_read: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    filtered_out: int = 0
    blank: int = 0
    cells_left_out: int = 0
    data_up_to: pd.Timestamp | None = None
    assumptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.rows_read != self.filtered_out + self.accepted + self.duplicates + self.rejected:
            raise AssertionError(f"rows were lost on the way: {dataclasses.astuple(self)[7:13]}")


@dataclass(frozen=True)
class Notice:
    """Something worth knowing that is no error: how often, in one sentence, and for which patients.

    `many` is the sentence for any number from two on, which stands in it as {n}; empty where it cannot be added up.
    """

    code: str
    count: int
    sentence: str
    patients: pd.Series = field(default_factory=lambda: pd.Series(dtype="int64"))
    many: str = ""


def no_problems() -> pd.DataFrame:
    """The table of problems, without rows."""
    return pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "str") for name in PROBLEM_COLUMNS})


def _no_refusals() -> pd.DataFrame:
    return pd.DataFrame({"patient_id": pd.Series(dtype="str"), "rows_refused": pd.Series(dtype="int64"),
                         "cells_left_out": pd.Series(dtype="int64"), "what": pd.Series(dtype="str")})


@dataclass(frozen=True)
class DoorReport:
    """What was read, what was refused and why, and what is worth knowing of the rest."""

    receipts: tuple[Receipt, ...] = ()
    problems: pd.DataFrame = field(default_factory=no_problems)
    notices: tuple[Notice, ...] = ()
    refused_per_patient: pd.DataFrame = field(default_factory=_no_refusals)

    def _sum(self, name: str) -> int:
        return sum(getattr(receipt, name) for receipt in self.receipts)

    @property
    def rows_read(self) -> int:
        """Rows read, blank ones apart."""
        return self._sum("rows_read")

    @property
    def accepted(self) -> int:
        """Rows that are used."""
        return self._sum("accepted")

    @property
    def duplicates(self) -> int:
        """Rows that repeat another one exactly."""
        return self._sum("duplicates")

    @property
    def rejected(self) -> int:
        """Rows that cannot be used."""
        return self._sum("rejected")

    @property
    def filtered_out(self) -> int:
        """Rows that the profile set aside."""
        return self._sum("filtered_out")

    @property
    def cells_left_out(self) -> int:
        """Cells left out of rows that are used."""
        return self._sum("cells_left_out")

    @property
    def any_rejected(self) -> bool:
        """Whether a row was refused."""
        return self.rejected > 0


def problem_rows(
    findings: Iterable[Finding], refused: NDArray[np.bool_], rows: NDArray[np.int64], patients: pd.Series,
    file: str, sheet: str,
) -> pd.DataFrame:
    """One row per problem, in the order of the file."""
    findings = list(findings)
    if not findings:
        return no_problems()
    place = np.concatenate([found.positions for found in findings]).astype(np.int64)
    which = np.repeat(np.arange(len(findings)), [len(found.positions) for found in findings])
    order = np.argsort(place, kind="stable")
    place, which = place[order], which[order]
    said = pd.DataFrame(
        [(found.column, found.fault.problem, found.fault.allowed, found.fault.action, found.fault.heading)
         for found in findings], columns=["column", "problem", "allowed", "action", "kind"], dtype="str")
    table = said.iloc[which].reset_index(drop=True)
    values = pc.utf8_slice_codeunits(pa.concat_arrays([found.texts for found in findings]), 0, VALUE_LONGEST)
    table["value"] = values.take(pa.array(order)).to_pandas()
    table["file"], table["sheet"], table["row"] = file, sheet, rows[place]
    table["effect"] = np.where(refused[place], ROW_REFUSED, CELL_LEFT_OUT)
    table["patient_id"] = patients.iloc[place].astype("str").fillna("").to_numpy()
    return table[list(PROBLEM_COLUMNS)].astype({name: "str" for name in PROBLEM_COLUMNS if name != "row"})


def refusals_per_patient(problems: pd.DataFrame) -> pd.DataFrame:
    """For each patient whose id could be read: rows refused, cells left out of the others, and the first of them."""
    known = problems[problems["patient_id"] != ""]
    refused = known[known["effect"] == ROW_REFUSED].drop_duplicates(["file", "sheet", "row"])
    counts = pd.DataFrame({
        "rows_refused": refused.groupby("patient_id").size(),
        "cells_left_out": known[known["effect"] == CELL_LEFT_OUT].groupby("patient_id").size()})
    counts = counts.fillna(0).astype("int64").rename_axis("patient_id").reset_index().astype({"patient_id": "str"})
    return counts.assign(what=_first_problems(known).reindex(counts["patient_id"]).to_numpy()).astype({"what": "str"})


def _first_problems(problems: pd.DataFrame) -> pd.Series:
    """For each patient the first problems in words, and how many more there are."""
    by_patient = problems.groupby("patient_id")
    first = by_patient.head(TOLD_PER_PATIENT)
    words = (first["file"] + " row " + first["row"].astype("str") + ": " + first["column"] + " \""
             + first["value"].str.slice(0, VALUE_SHORT) + "\" " + first["problem"])
    more = by_patient.size() - TOLD_PER_PATIENT
    rest = pd.Series([f"; and {count:,} more" if count > 0 else "" for count in more], index=more.index, dtype="str")
    return words.groupby(first["patient_id"]).agg("; ".join).astype("str") + rest


def summed(refusals: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The refusals of several files, added up for each patient."""
    every = pd.concat([_no_refusals(), *refusals], ignore_index=True)
    return every.groupby("patient_id", as_index=False).agg(
        {"rows_refused": "sum", "cells_left_out": "sum", "what": "; ".join})


def joined(reports: Iterable[DoorReport]) -> DoorReport:
    """Several reports as one."""
    reports = list(reports)
    problems = pd.concat([no_problems(), *(report.problems for report in reports)], ignore_index=True)
    return DoorReport(
        tuple(receipt for report in reports for receipt in report.receipts), problems,
        tuple(notice for report in reports for notice in report.notices),
        summed(report.refused_per_patient for report in reports))


def rejects_table(report: DoorReport) -> pd.DataFrame:
    """Everything that was refused or left out, as a table: row, column, value and reason first."""
    problems = report.problems
    reason = problems["problem"] + "; allowed: " + problems["allowed"]
    table = problems.assign(reason=reason)[
        ["row", "column", "value", "reason", "action", "effect", "patient_id", "file", "sheet"]]
    return table.reset_index(drop=True)
