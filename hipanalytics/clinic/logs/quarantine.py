"""The quarantine: rows that the door refused and cells that it left out, until someone has put them right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, Select, exists, insert, select

from hipanalytics.clinic.logs.placing import Placed
from hipanalytics.clinic.patients import numbers_of
from hipanalytics.clinic.schema import corrections, import_undos, imports, log_rows, quarantine
from hipanalytics.importers.report import CELL_LEFT_OUT, ROW_REFUSED, refusals_per_patient

QUARANTINE_COLUMNS: Final = ("entry", "import_id", "file", "row", "patient_id", "effect", "problems", "cells")
_FEW: Final = 1_000
_TOLD: Final = ("column", "value", "problem", "allowed", "action")


def put_aside(
    connection: Connection, import_id: int, problems: pd.DataFrame, cells: Sequence[pd.DataFrame], placed: Placed,
) -> None:
    """Keep every row with a problem, whole, with its reasons."""
    if problems.empty:
        return
    whole = pd.concat(cells, ignore_index=True)
    told: dict[int, list[dict[str, str]]] = {}
    refused = set(problems.loc[problems["effect"] == ROW_REFUSED, "row"])
    for row, *said in problems[["row", *_TOLD]].itertuples(index=False, name=None):
        told.setdefault(row, []).append(dict(zip(_TOLD, said, strict=True)))
    row_ids = placed.row_ids_at(whole["row"].to_numpy())
    numbers = numbers_of(connection, whole["patient_id"])
    entries = [
        {"import_id": import_id, "patient_no": numbers.get(patient_id), "patient_text": patient_id,
         "row_id": None if row in refused else row_ids.get(row), "file_row": row,
         "effect": ROW_REFUSED if row in refused else CELL_LEFT_OUT, "problems": json.dumps(told.get(row, [])),
         "cells": text, "content": _content(text, told.get(row, []))}
        for row, patient_id, text in whole[["row", "patient_id", "cells"]].itertuples(index=False, name=None)]
    connection.execute(insert(quarantine), entries)


def read_quarantine(
    connection: Connection, import_id: int | None = None, *, patient_ids: Sequence[str] | None = None,
) -> pd.DataFrame:
    """What still waits to be put right?

    Rule: entries of imports that stand and whose row has not been replaced since, without a correction in force (one
    that a later file has overridden with the same fault is no longer in force). The same row in several files is
    listed once, as the latest of them has it.
    Returns: entry, import_id, file, row, patient_id, effect, problems (list of column, value, problem, allowed,
    action), cells (the whole row as mapped: column -> text). With `import_id`: what this import put aside; with a few
    `patient_ids`: theirs.
    """
    query = _open().order_by(quarantine.c.entry)
    if import_id is not None:
        query = query.where(quarantine.c.import_id == import_id)
    if patient_ids is not None and len(patient_ids) <= _FEW:
        query = query.where(quarantine.c.patient_text.in_(patient_ids))
    table = pd.DataFrame(connection.execute(query).all(), columns=[*QUARANTINE_COLUMNS, "content"])
    table = table.drop_duplicates("content", keep="last").drop(columns="content").reset_index(drop=True)
    return table.assign(problems=[json.loads(text) for text in table["problems"]],
                        cells=[json.loads(text) for text in table["cells"]])


def _open() -> Select[Any]:
    undone = exists().where(import_undos.c.import_id == quarantine.c.import_id)
    stands = ~exists().where(import_undos.c.import_id == corrections.c.import_id)
    in_force = corrections.c.row_id.is_(None) | (corrections.c.import_id > quarantine.c.import_id) | exists().where(
        log_rows.c.row_id == corrections.c.row_id, log_rows.c.current)
    alike = quarantine.alias("alike")
    corrected = exists().where(
        corrections.c.entry == alike.c.entry, alike.c.content == quarantine.c.content, stands, in_force)
    has_its_row = exists().where(log_rows.c.row_id == quarantine.c.row_id, log_rows.c.current)
    return select(
        quarantine.c.entry, quarantine.c.import_id, imports.c.file, quarantine.c.file_row, quarantine.c.patient_text,
        quarantine.c.effect, quarantine.c.problems, quarantine.c.cells, quarantine.c.content,
    ).select_from(quarantine.join(imports)).where(
        ~undone, ~corrected, (quarantine.c.effect == ROW_REFUSED) | has_its_row)


def _content(cells: str, problems: Sequence[dict[str, str]]) -> str:
    columns = "|".join(sorted(problem["column"] for problem in problems))
    return hashlib.blake2b(f"{cells}\n{columns}".encode(), digest_size=16).hexdigest()


def refused_per_patient(connection: Connection, patient_ids: Sequence[str] | None = None) -> pd.DataFrame:
    """What waits in the quarantine, for each patient (or for these): as `Cohort.refused`."""
    table = read_quarantine(connection, patient_ids=patient_ids)
    rows = [
        {"file": file, "sheet": "", "row": row, "column": problem["column"], "value": problem["value"],
         "problem": problem["problem"], "effect": effect, "patient_id": patient_id}
        for file, row, effect, patient_id, problems in zip(
            table["file"], table["row"], table["effect"], table["patient_id"], table["problems"], strict=True)
        for problem in problems]
    names = ("file", "sheet", "row", "column", "value", "problem", "effect", "patient_id")
    problems = pd.DataFrame(rows, columns=list(names)).astype({name: "str" for name in names if name != "row"})
    return refusals_per_patient(problems.astype({"row": "int64"}))
