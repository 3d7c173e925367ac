"""A session log in batches, for files larger than memory; and rows that were corrected by hand, checked again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hipanalytics.importers.door import Checked, check_rows
from hipanalytics.importers.faults import plain_text
from hipanalytics.importers.mapping import Mapped, Pseudonym, map_table
from hipanalytics.importers.profile import MappingProfile, required_columns
from hipanalytics.importers.raw import Column, RawTable, Source, is_missing
from hipanalytics.importers.reading import (
    Profile,
    Progress,
    Reader,
    left_out_texts,
    notices_of_logs,
    problems_of,
    readable_patients,
    reader_for,
    receipt_of,
    used_categories,
    with_provenance,
)
from hipanalytics.importers.report import Notice, Receipt
from hipanalytics.thresholds import Thresholds

BY_HAND = "corrected by hand"


@dataclass(frozen=True)
class Batch:
    """Some rows of a session log: those that may be used, and everything that was refused, whole.

    frame: the session log with `row` (as a spreadsheet shows it) and `left_out` (what stood in cells that were left
        out of the row; empty where none was).
    problems: one row per problem (`report.PROBLEM_COLUMNS`).
    cells: one row per row with a problem: `row`, `patient_id` (empty where not known) and `cells`, a JSON object of
        what the row holds, by our columns, as mapped and before it was typed; empty cells are left out (but not in
        `done`, where empty means "not known", and no such column "done").
    receipt: the counts of this batch; duplicates are not looked for.
    notices: what is worth knowing of this batch. See `joined_notices`.
    """

    frame: pd.DataFrame
    problems: pd.DataFrame
    cells: pd.DataFrame
    receipt: Receipt
    notices: tuple[Notice, ...]


def read_log_batches(
    path: str | Path, *, mapping: Profile | None = None, zone: str | None = None, today: dt.date | None = None,
    thresholds: Thresholds | None = None, on_progress: Progress | None = None, rows_per_batch: int = 250_000,
    whole_up_to: int = 64 << 20, pseudonym: Pseudonym | None = None,
) -> Iterator[Batch]:
    """What did the patients do and feel, according to this file, a part at a time?"""
    reader = reader_for("session_logs", mapping, zone=zone, today=today, on_progress=on_progress,
                        thresholds=thresholds, pseudonym=pseudonym)
    return _batches(Path(path), reader, rows_per_batch, whole_up_to)


def _batches(path: Path, reader: Reader, rows: int, whole_up_to: int) -> Iterator[Batch]:
    yield _batch(*reader.read(path, 0.0, 1.0), reader)
    reader.tell("Read", 1.0)


def check_again(
    rows: Sequence[Mapping[str, str]], numbers: Sequence[int], *, mapping: Profile | None, zone: str | None = None,
    today: dt.date | None = None, decimal: str, file: str, pseudonym: Pseudonym | None = None,
) -> Batch:
    """Can these rows be used, now that they were corrected by hand?

    Rule: they go through the same door as the file that they come from: missing words, scales, date formats and ranges
    of its profile. Its names, words, constants, filter and filling down were applied when it was read.

    Parameters:
        rows: for each row its cells by our columns, as in `Batch.cells`.
        numbers: the number of each row in its file.
        decimal: the decimal mark of the file ("." or ","), as its receipt says.
        file: the name of the file.
        pseudonym: only where patient_id holds identifiers, typed in anew; not where it holds pseudonyms already.
    """
    reader = reader_for("session_logs", mapping, zone=zone, today=today, pseudonym=pseudonym)
    door = reader.door
    profile = _for_mapped_rows(door.profile, decimal, pseudonym)
    raw = _as_table(rows, numbers, file, decimal)
    mapped = map_table(raw, profile, door.table, pseudonym)
    return _batch(mapped, check_rows(mapped.table, dataclasses.replace(door, profile=profile)), reader)


def _for_mapped_rows(profile: MappingProfile, decimal: str, pseudonym: Pseudonym | None) -> MappingProfile:
    """What of a profile still applies to rows that were mapped already."""
    return profile.model_copy(update={
        "columns": {}, "filter": {}, "constants": {}, "date": {}, "words": {}, "fill_down": (),
        "pseudonymise": profile.pseudonymise and pseudonym is not None,
        "file": profile.file.model_copy(update={"decimal": decimal})})


def _as_table(rows: Sequence[Mapping[str, str]], numbers: Sequence[int], file: str, decimal: str) -> RawTable:
    names = list(dict.fromkeys([*required_columns("session_logs"), *(name for row in rows for name in row)]))
    keys = {f"column {place}": name for place, name in enumerate(names, 1)}
    columns = {key: pa.array([row.get(name, "") for row in rows], pa.string()).dictionary_encode()
               for key, name in keys.items()}
    return RawTable(columns, np.array(numbers, np.int64), Source(file, BY_HAND, decimal=decimal), names=keys)


def _batch(mapped: Mapped, checked: Checked, reader: Reader) -> Batch:
    frame = used_categories(with_provenance(checked).drop(columns="file"))
    frame["left_out"] = pd.array(left_out_texts(checked), dtype="str")
    return Batch(frame, problems_of(checked), _cells(checked), receipt_of(mapped, checked, 0, reader.door.table),
                 notices_of_logs(frame, reader))


def _cells(checked: Checked) -> pd.DataFrame:
    """Every row in which something was found, with all that it holds."""
    raw = checked.raw
    places = np.unique(np.concatenate([np.empty(0, np.int64), *(found.positions for found in checked.findings)]))
    texts = {name: _texts(array, places, raw.source.decimal) for name, array in raw.columns.items()}
    objects = [json.dumps({name: text for name, text in zip(texts, row, strict=True) if text or name == "done"},
                          ensure_ascii=False)
               for row in zip(*texts.values(), strict=True)]
    patients = readable_patients(raw).iloc[places].astype("str").fillna("").to_numpy()
    return pd.DataFrame({"row": raw.rows[places], "patient_id": pd.array(patients, dtype="str"),
                         "cells": pd.array(objects, dtype="str")})


def _texts(array: Column, places: NDArray[np.int64], decimal: str) -> list[str]:
    """These cells as they would stand in a text file of this decimal mark; empty text where they are missing."""
    some = array.take(pa.array(places))
    if pa.types.is_timestamp(some.type) and some.type.tz:
        some = some.cast(pa.timestamp(some.type.unit, "UTC")).cast(pa.string())
    texts = plain_text(some)
    if pa.types.is_floating(some.type) or pa.types.is_decimal(some.type):
        texts = pc.replace_substring(texts, ".", decimal)
    return np.where(is_missing(some), "", texts.to_numpy(zero_copy_only=False)).tolist()
