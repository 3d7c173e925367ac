"""What a file for this toolkit looks like, for those who send data: generated from the tables, not written by hand."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from hipanalytics.catalogue import exercises
from hipanalytics.errors import FileError
from hipanalytics.exports import INERT_WORKBOOK, replacing
from hipanalytics.tables import (
    PATIENT_ID_PATTERN,
    Patients,
    Pauses,
    Plans,
    Prescriptions,
    RedFlags,
    SessionLogs,
)

_MADE_BY_THE_READER: Final = {"has_time"}
_OPTIONAL_IN_A_FILE: Final = {"new_episode", "exercise"}
_PLANS: Final = (
    "What was prescribed: one row per exercise of each version of a patient's plan, or one row for a version without "
    "exercises.")
_DICTIONARY_HEADER: Final = ("column", "type", "unit", "required", "allowed", "meaning")
_TEMPLATE_ROWS: Final = 10_000
_SAME_DATE_EACH_TIME: Final = dt.datetime(2026, 1, 1)
_RULE_OF_FACT: Final = {"min_value": "minimum", "max_value": "maximum", "allowed_values": "enum"}
_FRICTIONLESS: Final[dict[str, dict[str, Any]]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "whole number": {"type": "integer"},
    "true/false": {"type": "boolean", "trueValues": ["true"], "falseValues": ["false"]},
    "date": {"type": "date"},
    "date, or date and time": {"type": "datetime", "format": "any"},
}


@dataclass(frozen=True, kw_only=True)
class _Column:
    name: str
    type: str
    unit: str
    required: bool
    constraints: dict[str, Any]
    meaning: str

    @property
    def allowed(self) -> str:
        rules = self.constraints
        if "enum" in rules:
            return ", ".join(rules["enum"])
        if "maximum" in rules:
            return f"{rules['minimum']} to {rules['maximum']}"
        if "minimum" in rules:
            return f"{rules['minimum']} or more"
        return "letters, digits, . _ -" if "pattern" in rules else ""

    @property
    def dictionary_row(self) -> tuple[str, ...]:
        required = "yes" if self.required else "no"
        return self.name, self.type, self.unit, required, self.allowed, self.meaning


@dataclass(frozen=True)
class _FileKind:
    """One kind of file that can be sent in: its name, what its rows are, its columns."""

    name: str
    meaning: str
    columns: tuple[_Column, ...]


def write_schemas(folder: str | Path) -> list[Path]:
    """Where are the table schemas, the data dictionary and the empty templates for those who send us data?

    Rule: written into the folder, which is made where it is missing; files of the same names are replaced.
    Returns: the paths written.
    Raises: FileError where the folder cannot be written.
    """
    folder = Path(folder)
    paths = []
    for name, content in schema_files().items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"The folder {path.parent} cannot be made: {error.strerror}.") from None
        with replacing(path) as temporary:
            temporary.write_bytes(content)
        paths.append(path)
    return paths


def schema_files() -> dict[str, bytes]:
    """What would `write_schemas` write? The content of each file by its name; the same bytes each time."""
    files = {"data_dictionary.md": _dictionary().encode()}
    for kind in _file_kinds():
        files[f"{kind.name}.schema.json"] = _json_schema(kind)
        files[f"templates/{kind.name}.csv"] = (",".join(column.name for column in kind.columns) + "\n").encode()
        files[f"templates/{kind.name}.xlsx"] = _excel_template(kind)
    return dict(sorted(files.items()))


def _file_kinds() -> list[_FileKind]:
    plans = {column.name: column for column in (*_columns(Plans), *_columns(Prescriptions))}
    plans |= {column.name: column for column in _columns(Plans)}
    return [
        _FileKind("session_logs", _meaning(SessionLogs), tuple(_columns(SessionLogs))),
        _FileKind("plans", _PLANS, tuple(plans.values())),
        _FileKind("pauses", _meaning(Pauses), tuple(_columns(Pauses))),
        _FileKind("patients", _meaning(Patients), tuple(_columns(Patients))),
        _FileKind("red_flags", _meaning(RedFlags), tuple(_columns(RedFlags))),
    ]


def _meaning(model: Any) -> str:
    return " ".join((model.__doc__ or "").split())


def _columns(model: Any) -> Iterator[_Column]:
    for name, column in model.to_schema().columns.items():
        if name not in _MADE_BY_THE_READER:
            yield _column(name, column)


def _column(name: str, column: Any) -> _Column:
    metadata = column.metadata
    kind = _type(str(column.dtype), metadata["unit"])
    return _Column(
        name=name, type=kind, unit="" if metadata["unit"] == kind else metadata["unit"], meaning=column.description,
        required=metadata["required"] and name not in _OPTIONAL_IN_A_FILE, constraints=_constraints(name, column))


def _type(dtype: str, unit: str) -> str:
    if dtype.startswith("datetime64"):
        return unit
    if dtype.startswith("bool"):
        return "true/false"
    if dtype.startswith("int") or unit == "whole number":
        return "whole number"
    return "number" if dtype.startswith("float") else "text"


def _constraints(name: str, column: Any) -> dict[str, Any]:
    rules: dict[str, Any] = {"pattern": PATIENT_ID_PATTERN} if name == "patient_id" else {}
    for check in column.checks:
        facts = check.statistics
        rules |= {_RULE_OF_FACT[fact]: value for fact, value in facts.items() if fact in _RULE_OF_FACT}
    rules |= {"enum": list(rules["enum"])} if "enum" in rules else {}
    return rules | ({"unique": True} if column.unique else {})


# Table schema

def _json_schema(kind: _FileKind) -> bytes:
    schema = {
        "name": kind.name, "description": kind.meaning, "missingValues": [""],
        "fields": [_json_field(column) for column in kind.columns],
    }
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode()


def _json_field(column: _Column) -> dict[str, Any]:
    unit = {"unit": column.unit} if column.unit else {}
    return {
        "name": column.name, **_FRICTIONLESS[column.type], "description": column.meaning, **unit,
        "constraints": {"required": column.required, **column.constraints},
    }


# Data dictionary

def _dictionary() -> str:
    parts = [
        "# Data dictionary",
        "Generated from the tables of hipanalytics by `hipanalytics schemas FOLDER`. One section per kind of file. An "
        "empty cell means that a value is not known: it is never read as 0 or as no.",
    ]
    parts += [f"## {kind.name}\n\n{_section(kind)}" for kind in _file_kinds()]
    parts += ["## Exercises of the catalogue", "Ids for the column `exercise`; a clinic may use its own beside them.",
              markdown_table(("id", "exercise", "kind"), _exercise_rows())]
    return "\n\n".join(parts) + "\n"


def dictionary_section(name: str) -> str:
    """What are the columns of this kind of file (session_logs, plans, pauses, patients, red_flags)? As Markdown."""
    return next(_section(kind) for kind in _file_kinds() if kind.name == name)


def _section(kind: _FileKind) -> str:
    table = markdown_table(_DICTIONARY_HEADER, [column.dictionary_row for column in kind.columns])
    return f"{kind.meaning}\n\n{table}"


def _exercise_rows() -> list[tuple[str, ...]]:
    return [(exercise.id, exercise.name, exercise.kind) for exercise in exercises()]


def markdown_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """These cells as a table in Markdown."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# Excel template

def _excel_template(kind: _FileKind) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, INERT_WORKBOOK | {"in_memory": True}) as workbook:
        workbook.set_properties({"title": kind.name, "created": _SAME_DATE_EACH_TIME})
        bold = workbook.add_format({"bold": True})
        as_text, as_date = (workbook.add_format({"num_format": shown}) for shown in ("@", "yyyy-mm-dd"))
        formats = {"text": as_text, "date": as_date}
        sheet = workbook.add_worksheet(kind.name)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(kind.columns):
            sheet.set_column(place, place, max(len(column.name), 10) + 2, formats.get(column.type))
            sheet.write_string(0, place, column.name, bold)
            sheet.write_comment(0, place, _note(column), {"x_scale": 2})
            _restrict(sheet, place, column)
        dictionary = [column.dictionary_row for column in kind.columns]
        _fill(workbook.add_worksheet("dictionary"), (_DICTIONARY_HEADER, *dictionary), bold)
        if any(column.name == "exercise" for column in kind.columns):
            _fill(workbook.add_worksheet("exercises"), (("id", "exercise", "kind"), *_exercise_rows()), bold)
    return content.getvalue()


def _note(column: _Column) -> str:
    required = "required" if column.required else "may be empty"
    facts = (column.meaning, column.type, column.unit, column.allowed, required)
    return ". ".join(fact for fact in facts if fact) + "."


def _restrict(sheet: Any, place: int, column: _Column) -> None:
    """Lets the spreadsheet itself refuse what the rule of the column does not allow."""
    rules = column.constraints
    if "enum" in rules:
        rule: dict[str, Any] = {"validate": "list", "source": rules["enum"]}
    elif "minimum" in rules:
        number = "integer" if column.type == "whole number" else "decimal"
        limits = {"criteria": ">=", "value": rules["minimum"]}
        if "maximum" in rules:
            limits = {"criteria": "between", "minimum": rules["minimum"], "maximum": rules["maximum"]}
        rule = {"validate": number, **limits}
    else:
        return
    rule |= {"error_title": column.name, "error_message": f"Allowed here: {column.allowed}, or nothing."}
    sheet.data_validation(1, place, _TEMPLATE_ROWS, place, rule)


def _fill(sheet: Any, rows: tuple[tuple[str, ...], ...], bold: Any) -> None:
    sheet.freeze_panes(1, 0)
    for place, cells in enumerate(zip(*rows, strict=True)):
        sheet.set_column(place, place, min(max(map(len, cells)) + 2, 80))
        for row, cell in enumerate(cells):
            sheet.write_string(row, place, cell, None if row else bold)
