"""The quarantine as a sheet to correct in a spreadsheet, and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from hipanalytics.errors import ClinicError
from hipanalytics.importers import MappingProfile
from hipanalytics.importers.raw import text_column
from hipanalytics.importers.reading import read_raw
from hipanalytics.tables import SessionLogs

ABOUT: Final = ("entry", "import_id", "file", "row", "effect", "problem")
_CELLS: Final = tuple(name for name in SessionLogs.to_schema().columns if name != "has_time")


def correction_sheet(quarantine: pd.DataFrame) -> pd.DataFrame:
    """What waits in the quarantine, one row each: which it is and what is wrong, then its cells, to be corrected.

    Parameters: quarantine: as `Clinic.quarantine` gives it.
    Returns: entry, import_id, file, row, effect, problem (in words), then the columns of the session log as text.
    """
    words = [" ".join(f'{each["column"]}: "{each["value"]}" {each["problem"]}; allowed: {each["allowed"]}.'
                      for each in problems) for problems in quarantine["problems"]]
    cells = pd.DataFrame(quarantine["cells"].tolist(), index=quarantine.index, columns=list(_CELLS), dtype="str")
    about = quarantine.assign(problem=words)[list(ABOUT)]
    filled = [name for name in _CELLS if cells[name].fillna("").ne("").any() or name in ("patient_id", "performed_at")]
    return pd.concat([about, cells[filled].fillna("")], axis=1)


def read_corrections(path: str | Path, quarantine: pd.DataFrame) -> dict[int, dict[str, str]]:
    """Which cells were corrected in this sheet? For `Clinic.correct`.

    Rule: rows whose cells are as they were are left alone.
    Raises: FileError; ClinicError where the sheet lacks the column `entry`, or names entries that are not open.
    """
    raw = read_raw(Path(path), MappingProfile(), "session_logs")
    sheet = pd.DataFrame({
        raw.names[key].strip(): pd.Series(text_column(column).to_pylist(), dtype="str").fillna("").str.strip()
        for key, column in raw.columns.items()})
    if "entry" not in sheet:
        raise ClinicError(f"{Path(path).name} has no column entry: it is no sheet of the quarantine.")
    old = dict(zip(quarantine["entry"].tolist(), quarantine["cells"], strict=True))
    changes = {}
    for row in sheet.to_dict("records"):
        entry = _number(str(row["entry"]), Path(path).name)
        if entry not in old:
            raise ClinicError(f"Entry {entry} is not open in the quarantine: it may have been corrected already. Write "
                              "the sheet anew.")
        changed = {str(name): str(value).removeprefix("'") for name, value in row.items()
                   if name in _CELLS and str(value).removeprefix("'") != old[entry].get(str(name), "")}
        if changed:
            changes[entry] = changed
    return changes


def _number(text: str, file: str) -> int:
    if not text.removesuffix(".0").isdigit():
        raise ClinicError(f"{file}: {text!r} is no entry of the quarantine; leave the column entry as it is.")
    return int(text.removesuffix(".0"))
