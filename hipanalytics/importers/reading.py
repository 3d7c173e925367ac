"""One reading: from the files of a table to the checked table, with a receipt for each file."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hipanalytics.errors import FileError, ProfileError
from hipanalytics.importers.columns import Reading, typed_categories
from hipanalytics.importers.delimited import read_delimited
from hipanalytics.importers.door import Checked, Door, check_rows
from hipanalytics.importers.duplicates import exact_duplicates
from hipanalytics.importers.mapping import Mapped, Pseudonym, map_table, wanted_names
from hipanalytics.importers.notices import notices_of
from hipanalytics.importers.parquet import read_parquet
from hipanalytics.importers.profile import MappingProfile, check_zone, read_profile
from hipanalytics.importers.raw import RawTable
from hipanalytics.importers.report import (
    DoorReport,
    Notice,
    Receipt,
    no_problems,
    problem_rows,
    refusals_per_patient,
    summed,
)
from hipanalytics.importers.screening import Screening
from hipanalytics.importers.workbook import OLD_OR_LOCKED, read_workbook
from hipanalytics.thresholds import Thresholds

Progress = Callable[[str, float], None]
Profile = MappingProfile | str | Path


@dataclass(frozen=True)
class Reader:
    """One reading: for which table, by which profile, on which day, whom to tell how far it is, and what is late."""

    door: Door
    tell: Progress
    limits: Thresholds
    screening: Screening

    def read(self, path: Path, begun: float, share: float) -> tuple[Mapped, Checked]:
        """One file: as mapped, and as checked. It is told as this share of the work, from what is done already."""
        self.tell(f"Reading {path.name}", begun)
        raw = read_raw(path, self.door.profile, self.door.table)
        self.tell(f"Checking {path.name}", begun + share / 2)
        mapped = self.mapped(raw)
        return mapped, check_rows(mapped.table, self.door)

    def mapped(self, raw: RawTable) -> Mapped:
        """A file, or a part of it, in the table's own columns: what identifies people is left out on the way."""
        return map_table(self.screening.screened(raw), self.door.profile, self.door.table, self.door.pseudonym)


def reader_for(
    table: str, mapping: Profile | None = None, *, zone: str | None = None, today: dt.date | None = None,
    on_progress: Progress | None = None, thresholds: Thresholds | None = None, pseudonym: Pseudonym | None = None,
    refuse_identifiers: bool = False,
) -> Reader:
    """A reading of files of this table. `refuse_identifiers`: patients must have pseudonyms, or the file is refused."""
    profile = _profile(mapping, table)
    zone = check_zone(zone) if zone else None
    clock = profile.zone or zone
    day = today or dt.datetime.now(zoneinfo.ZoneInfo(clock) if clock else None).date()
    return Reader(Door(table, profile, day, zone, pseudonym), on_progress or (lambda stage, fraction: None),
                  thresholds or Thresholds(), Screening(profile, table, refuse_identifiers))


def _profile(mapping: Profile | None, table: str) -> MappingProfile:
    if mapping is None:
        return MappingProfile(table=table)
    profile = mapping if isinstance(mapping, MappingProfile) else read_profile(mapping)
    if profile.table != table:
        raise ProfileError(f"The profile is for the table {profile.table}, not for {table}.")
    return profile


def read_raw(path: Path, profile: MappingProfile, table: str) -> RawTable:
    """The file as it is. Raises: FileError."""
    kind = kind_of(path)
    if kind == "Parquet":
        return read_parquet(path, wanted_names(profile, table))
    return read_workbook(path, profile.file.sheet) if kind == "Excel" else read_delimited(path, profile.file)


def kind_of(path: Path) -> str:
    """Whether a file is Parquet, Excel or CSV (any text table), by its ending and first bytes. Raises: FileError."""
    if path.is_dir():
        raise FileError(f"{path.name} is a folder; give the file itself.")
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise FileError(f"{path.name} {reason}.") from None
    if not start:
        raise FileError(f"{path.name} is empty.")
    if start[:2] == b"\x1f\x8b":
        raise FileError(f"{path.name} is compressed (gzip). Unpack it first.")
    ending = path.suffix.lower()
    if ending in (".parquet", ".pq") or start[:4] == b"PAR1":
        return "Parquet"
    if ending in (".xlsx", ".xlsm", ".xls", ".xltx") or start[:4] == b"PK\x03\x04" or start == OLD_OR_LOCKED:
        return "Excel"
    return "CSV"


def read_table(reader: Reader, paths: Sequence[Path]) -> tuple[pd.DataFrame, DoorReport]:
    """The files of one table as one checked table, and what the door says of them."""
    if not paths:
        raise FileError("No file was given.")
    share = 0.9 / len(paths)
    parts = [reader.read(path, place * share, share) for place, path in enumerate(paths)]
    reader.tell("Looking for duplicates", 0.9)
    frames = [with_provenance(checked) for _, checked in parts]
    frame = stacked(frames)
    keep_repeats = reader.door.profile.keep_repeated_rows
    said = [name for name in frame.columns if name not in ("file", "row")]
    place = np.repeat(np.arange(len(frames)), [len(part) for part in frames])
    with ThreadPoolExecutor(1) as pool:
        notices = pool.submit(notices_of_logs, frame, reader)  # holds, unless there are duplicates
        compared = frame[said]
        if any(not found.refuses_row for _, checked in parts for found in checked.findings):
            compared = compared.assign(
                left_out=pd.Categorical([text for _, checked in parts for text in left_out_texts(checked)]))
        repeated = exact_duplicates(compared, compared.columns.tolist(), part=place if keep_repeats else None)
    duplicates = np.bincount(place[repeated], minlength=len(frames))
    receipts = [receipt_of(mapped, checked, int(count), reader.door.table)
                for (mapped, checked), count in zip(parts, duplicates, strict=True)]
    problems = [problems_of(checked) for _, checked in parts]
    refused = summed(refusals_per_patient(table) for table in problems)
    frame = used_categories(frame[~repeated].reset_index(drop=True) if repeated.any() else frame)
    told = notices_of_logs(frame, reader) if repeated.any() else notices.result()
    told += reader.screening.notices()
    reader.tell("Read", 1.0)
    return frame, DoorReport(tuple(receipts), pd.concat(problems, ignore_index=True), told, refused)


def left_out_texts(checked: Checked) -> list[str]:
    """For each row that is used, what stood in the cells that were left out of it; nothing where none was."""
    texts = [""] * checked.raw.height
    for found in checked.findings:
        if not found.refuses_row:
            for place, text in zip(found.positions.tolist(), found.texts.to_pylist(), strict=True):
                texts[place] += f"{found.column}: {text}; "
    return [texts[place] for place in checked.frame.index.to_numpy().tolist()]


def notices_of_logs(frame: pd.DataFrame, reader: Reader) -> tuple[Notice, ...]:
    """What is worth knowing of these rows, where they are a session log."""
    return notices_of(frame, reader.limits) if reader.door.table == "session_logs" else ()


def with_provenance(checked: Checked) -> pd.DataFrame:
    """The accepted rows with their `file` and `row`."""
    frame, raw = checked.frame, checked.raw
    rows = raw.rows if len(frame) == raw.height else raw.rows[frame.index.to_numpy()]
    file = pd.Categorical.from_codes(
        np.zeros(len(frame), np.int8), categories=pd.Index([raw.source.file], dtype="str"))
    added = pd.DataFrame({"file": file, "row": rows}, index=frame.index, copy=False)
    return pd.concat([frame, added], axis=1).reset_index(drop=True)


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables one below the other; a column that some lack is empty there."""
    if len(frames) == 1:
        return frames[0]
    names = list(dict.fromkeys(name for frame in frames for name in frame.columns))
    columns = {}
    for name in [*(name for name in names if name not in ("file", "row")), "file", "row"]:
        parts = [frame.get(name) for frame in frames]
        kind = next(part.dtype for part in parts if part is not None)
        columns[name] = _stacked_column(
            [pd.Series([None] * len(frame)).astype(kind) if part is None else part
             for part, frame in zip(parts, frames, strict=True)])
    return pd.DataFrame(columns, copy=False)


def _stacked_column(parts: list[pd.Series]) -> pd.Series:
    if isinstance(parts[0].dtype, pd.CategoricalDtype):
        words = pd.Index(pd.unique(np.concatenate([part.cat.categories.astype(object) for part in parts])), dtype="str")
        parts = [part.cat.set_categories(words) for part in parts]
    return pd.concat(parts, ignore_index=True)


def used_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without categories (patients, exercises) that no row has any more."""
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype) and name != "file":
            used = np.zeros(len(frame[name].cat.categories) + 1, bool)
            used[frame[name].cat.codes.to_numpy()] = True
            if not used[:-1].all():
                frame[name] = frame[name].cat.remove_unused_categories()
    return frame


def receipt_of(mapped: Mapped, checked: Checked, duplicates: int, table: str) -> Receipt:
    """What became of the rows of one file, or of one part of it."""
    source, refused = checked.raw.source, checked.refused
    left_out = sum(int((~refused[found.positions]).sum()) for found in checked.findings if not found.refuses_row)
    days = checked.frame["performed_at"] if table == "session_logs" else None
    return Receipt(
        source.file, table, source.kind, source.sheet, source.encoding, source.delimiter, source.decimal,
        rows_read=checked.raw.height + mapped.filtered_out, accepted=len(checked.frame) - duplicates,
        duplicates=duplicates, rejected=int(refused.sum()), filtered_out=mapped.filtered_out, blank=mapped.blank,
        cells_left_out=left_out, assumptions=checked.raw.assumptions,
        data_up_to=days.max() if days is not None and len(days) else None)


def problems_of(checked: Checked) -> pd.DataFrame:
    """Everything that was found in these rows, as `DoorReport.problems` tells it."""
    raw = checked.raw
    if not checked.findings:
        return no_problems()
    return problem_rows(
        checked.findings, checked.refused, raw.rows, readable_patients(raw), raw.source.file, raw.source.sheet)


def readable_patients(raw: RawTable) -> pd.Series:
    """For each raw row its pseudonym, where it can be read."""
    return pd.Series(typed_categories(raw.columns["patient_id"], Reading("patient_id", "patient_id")).data)
