"""What we give to those who send data says what the tables say."""

import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from hipanalytics.errors import FileError
from hipanalytics.schemas import schema_files, write_schemas
from hipanalytics.tables import TABLES

STORED = Path(__file__).parents[2] / "schemas"
KINDS = ["session_logs", "plans", "pauses", "patients", "red_flags"]


def _fields(kind: str) -> dict[str, dict]:
    return {field["name"]: field for field in json.loads(schema_files()[f"{kind}.schema.json"])["fields"]}


def _parts(content: bytes | None) -> object:
    """The content of a workbook without its compression, which differs between systems; other files as they are."""
    if content is None or not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_stored_schemas_are_not_stale() -> None:
    stored = {path.relative_to(STORED).as_posix(): path.read_bytes() for path in STORED.rglob("*") if path.is_file()}
    stale = [name for name, content in schema_files().items() if _parts(stored.get(name)) != _parts(content)]
    assert not stale, f"run `hipanalytics schemas schemas`: stale are {stale}"
    assert sorted(stored) == sorted(schema_files())


def test_writing_twice_gives_the_same_bytes(tmp_path) -> None:
    paths = write_schemas(tmp_path / "new")
    first = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_schemas(tmp_path / "new")] == first
    assert {path.relative_to(tmp_path / "new").as_posix() for path in paths} == set(schema_files())


def test_a_file_in_the_place_of_the_folder_is_a_sentence(tmp_path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be made"):
        write_schemas(tmp_path / "file")


def test_session_logs_by_hand() -> None:
    fields = _fields("session_logs")
    assert "has_time" not in fields
    assert fields["pain"]["unit"] == "NRS 0-10"
    assert fields["pain"]["constraints"] == {"required": False, "minimum": 0, "maximum": 10}
    assert fields["sets"]["type"] == "integer"
    assert fields["hold_s"] | {"description": ""} == {
        "name": "hold_s", "type": "number", "description": "", "unit": "seconds",
        "constraints": {"required": False, "minimum": 0}}
    assert fields["side"]["constraints"]["enum"] == ["left", "right", "both"]
    required = [name for name, field in fields.items() if field["constraints"]["required"]]
    assert required == ["patient_id", "performed_at"]


def test_plans_are_one_file_of_versions_and_exercises() -> None:
    fields = _fields("plans")
    assert list(fields) == [
        "patient_id", "valid_from", "sessions_per_week", "valid_to", "new_episode", "exercise", "side", "sets", "reps",
        "hold_s", "load_kg"]
    required = [name for name, field in fields.items() if field["constraints"]["required"]]
    assert required == ["patient_id", "valid_from", "sessions_per_week"]


def test_every_column_of_every_table_is_described() -> None:
    described = {name for kind in KINDS for name, field in _fields(kind).items() if field["description"]}
    columns = {name for model in TABLES.values() for name in model.to_schema().columns}
    assert columns - described == {"has_time"}


@pytest.mark.parametrize("kind", KINDS)
def test_templates_have_the_columns_and_no_rows(kind) -> None:
    files = schema_files()
    csv = pd.read_csv(io.BytesIO(files[f"templates/{kind}.csv"]))
    assert csv.empty
    assert list(csv.columns) == list(_fields(kind))
    excel = openpyxl.load_workbook(io.BytesIO(files[f"templates/{kind}.xlsx"]))
    assert [cell.value for cell in excel.worksheets[0][1]] == list(csv.columns)
    assert all(cell.comment for cell in excel.worksheets[0][1])
    assert excel.worksheets[0].max_row == 1
    assert [row[0] for row in excel["dictionary"].iter_rows(values_only=True)] == ["column", *csv.columns]


def test_the_dictionary_lists_each_column_with_its_unit() -> None:
    text = schema_files()["data_dictionary.md"].decode()
    assert "| hold_s | number | seconds | no | 0 or more | Time each repetition is held |" in text
    assert "| stop_reason | text |  | no | pain, fatigue, time, equipment, other | Why it was stopped early |" in text
