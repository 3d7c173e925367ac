"""A session log in batches, for files larger than memory; and rows that were corrected by hand, checked again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hipanalytics.errors import FileError
from hipanalytics.importers.delimited import UnevenError, delimited_tables, fast_or_slow
from hipanalytics.importers.door import Checked, Decided, check_rows
from hipanalytics.importers.faults import plain_text
from hipanalytics.importers.mapping import NOT_SHOWN, Mapped, Pseudonym, map_table, wanted_names
from hipanalytics.importers.parquet import parquet_tables, row_count
from hipanalytics.importers.profile import MappingProfile, required_columns
from hipanalytics.importers.raw import Column, RawTable, Source, is_missing
from hipanalytics.importers.reading import (
    Profile,
    Progress,
    Reader,
    kind_of,
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
from hipanalytics.importers.survey import carried_down, decide
from hipanalytics.importers.text_file import look_at
from hipanalytics.thresholds import Thresholds

BY_HAND = "corrected by hand"
PARQUET_ROW_BYTES = 32
"""What a row of Parquet counts as, when it is told whether a file is small."""


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
    whole_up_to: int = 64 << 20, pseudonym: Pseudonym | None = None, refuse_identifiers: bool = False,
) -> Iterator[Batch]:
    """What did the patients do and feel, according to this file, which may be larger than memory?

    Rule: as `read_logs` reads the file, but some rows at a time, and without looking for duplicates. What reading
    decides over a whole file (encoding, separator, decimal mark, whether times are only midnights, ...) is found out
    first, over all of it; `receipt.assumptions` tells it in every batch. A small file, and any workbook, is one batch.

    Parameters: as for `read_logs`, and
        rows_per_batch: rows of a batch, about; fewer where rows are long.
        whole_up_to: bytes up to which a file is read whole; a row of Parquet counts as 32.
        refuse_identifiers: whether a file is refused whose patients have identifiers instead of pseudonyms.
    Raises: as `read_logs`; FileError too where the file changes while it is read. All but that before the first batch.
    """
    reader = reader_for("session_logs", mapping, zone=zone, today=today, on_progress=on_progress,
                        thresholds=thresholds, pseudonym=pseudonym, refuse_identifiers=refuse_identifiers)
    return _batches(Path(path), reader, rows_per_batch, whole_up_to)


def _batches(path: Path, reader: Reader, rows: int, whole_up_to: int) -> Iterator[Batch]:
    kind = kind_of(path)
    size = PARQUET_ROW_BYTES * row_count(path) if kind == "Parquet" else path.stat().st_size
    if kind == "Excel" or size <= whole_up_to:
        yield _batch(*reader.read(path, 0.0, 1.0), reader)
    else:
        yield from _streamed(path, kind, reader, rows)
    reader.tell("Read", 1.0)


def _streamed(path: Path, kind: str, reader: Reader, rows: int) -> Iterator[Batch]:
    """The file read twice: to decide how it is to be read, and to read it so."""
    as_it_was = _state(path)
    decided, parts = _parquet(path, reader, rows) if kind == "Parquet" else _text(path, reader, rows)
    door = dataclasses.replace(reader.door, decided=decided)
    try:
        for raw in parts:
            mapped = map_table(raw, door.profile, door.table, door.pseudonym)
            yield _batch(mapped, check_rows(mapped.table, door), reader)
        unchanged = _state(path) == as_it_was
    except (UnevenError, UnicodeError):  # which the first look did not meet
        unchanged = False
    if not unchanged:
        raise FileError(f"{path.name} was changed while it was read. Import it again, when it is complete.")


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _parquet(path: Path, reader: Reader, rows: int) -> tuple[Decided, Iterator[RawTable]]:
    wanted = wanted_names(reader.door.profile, reader.door.table)
    return _twice(lambda: parquet_tables(path, wanted, rows), row_count(path), path, reader)


def _text(path: Path, reader: Reader, rows: int) -> tuple[Decided, Iterator[RawTable]]:
    size = path.stat().st_size
    return fast_or_slow(look_at(path, reader.door.profile.file), lambda text: _twice(
        lambda: delimited_tables(text, rows), size // text.row_length + 1, path, reader))


def _twice(
    tables: Callable[[], Iterator[RawTable]], expected: int, path: Path, reader: Reader,
) -> tuple[Decided, Iterator[RawTable]]:
    """What is decided over all parts of the file, and its parts once more; about how many rows there are is known."""
    def parts(stage: str, begun: float, share: float) -> Iterator[RawTable]:
        reader.tell(f"{stage} {path.name}", begun)
        for raw in carried_down(tables(), reader.door.profile):
            yield raw
            reader.tell(f"{stage} {path.name}", begun + share * min(raw.rows.max(initial=0) / expected, 1.0))
    screening = reader.screening
    decided = decide(screening.over(parts("Looking through", 0.0, 0.4)), reader.door)
    return decided, (screening.screened(raw, seen_before=True) for raw in parts("Reading", 0.4, 0.6))


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
        "columns": {}, "filter": {}, "constants": {}, "date": {}, "words": _lasting(profile.words), "fill_down": (),
        "pseudonymise": profile.pseudonymise and pseudonym is not None,
        "file": profile.file.model_copy(update={"decimal": decimal})})


def _lasting(words: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """The source's words that may be met again: not where a meaning is itself one of the words."""
    return {name: dict(meanings) for name, meanings in words.items()
            if not {meaning.lower() for meaning in meanings.values()} & {word.lower() for word in meanings}}


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
                 (*notices_of_logs(frame, reader), *reader.screening.notices()))


def _cells(checked: Checked) -> pd.DataFrame:
    """Every row in which something was found, with all that it holds (and may be shown)."""
    raw = checked.raw
    places = np.unique(np.concatenate([np.empty(0, np.int64), *(found.positions for found in checked.findings)]))
    texts = {name: _texts(array, places, raw.source.decimal) for name, array in raw.columns.items()}
    for found in checked.findings:
        name = next((name for name in texts if raw.name_in_file(name) == found.column), None)
        if name and NOT_SHOWN in found.texts.to_pylist():
            texts[name][np.isin(places, found.positions)] = ""
    objects = [json.dumps({name: text for name, text in zip(texts, row, strict=True) if text or name == "done"},
                          ensure_ascii=False)
               for row in zip(*texts.values(), strict=True)]
    patients = readable_patients(raw).iloc[places].astype("str").fillna("").to_numpy()
    return pd.DataFrame({"row": raw.rows[places], "patient_id": pd.array(patients, dtype="str"),
                         "cells": pd.array(objects, dtype="str")})


def _texts(array: Column, places: NDArray[np.int64], decimal: str) -> NDArray[np.object_]:
    """These cells as they would stand in a text file of this decimal mark; empty text where they are missing."""
    some = array.take(pa.array(places))
    if pa.types.is_timestamp(some.type) and some.type.tz:
        some = some.cast(pa.timestamp(some.type.unit, "UTC")).cast(pa.string())
    texts = plain_text(some)
    if pa.types.is_floating(some.type) or pa.types.is_decimal(some.type):
        texts = pc.replace_substring(texts, ".", decimal)
    return np.where(is_missing(some), "", texts.to_numpy(zero_copy_only=False))
