"""The rows of a file of decisions, as the records that they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from hipanalytics.clinic.decisions.records import (
    PatientFacts,
    Pause,
    PlanVersion,
    PrescribedExercise,
    Record,
    RedFlagAnswer,
    content_of,
)

KIND_IN: Final = {"plans": "plan", "pauses": "pause", "patients": "patient", "red_flags": "red_flag"}
"""The files of decisions, and the kind of decision that each holds."""
_MODELS: Final[dict[str, type[Record]]] = {"pause": Pause, "patient": PatientFacts, "red_flag": RedFlagAnswer}
_SAME_IF: Final = {"plan": ("valid_from",), "pause": ("start",), "patient": (), "red_flag": ("answered_on", "question")}
"""By what a file's row is recognised as being about the same thing as an earlier one."""


@dataclass(frozen=True)
class Said:
    """What a file says of one thing: the record, and the rows that say it."""

    patient_id: str
    record: Any
    content: str
    rows: tuple[int, ...]


def read_said(table: pd.DataFrame, kind: str) -> list[Said]:
    """What does this file say? `table`: as the door lets it in, with each row's number in the file (`row`).

    Rule: the rows of one patient's plan that begin on one day are one version; rows that say the same are one.
    """
    plain = table.drop(columns="file").astype(object).where(table.drop(columns="file").notna(), None)
    rows = plain.to_dict("records")
    records = _plans(rows) if kind == "plan" else _others(rows, kind)
    said: dict[tuple[str, str], Said] = {}
    for patient_id, record, numbers in records:
        content = content_of(record)
        before = said.get((patient_id, content))
        said[patient_id, content] = Said(patient_id, record, content, (*(before.rows if before else ()), *numbers))
    return list(said.values())


def subject_of(kind: str, content: str) -> tuple[Any, ...]:
    """What a decision is about, by which a file's row is held against what earlier files said."""
    values = json.loads(content)
    return tuple(values.get(name) for name in _SAME_IF[kind])


def print_of(content: str) -> str:
    """The content in an order of its own: a plan whose exercises are listed in another order is the same plan."""
    values = json.loads(content)
    if "exercises" in values:
        values["exercises"].sort(key=lambda each: json.dumps(each, sort_keys=True))
    return json.dumps(values, sort_keys=True)


def _plans(rows: list[dict[Any, Any]]) -> Iterator[tuple[str, Record, tuple[int, ...]]]:
    versions: dict[tuple[Any, Any], list[dict[Any, Any]]] = {}
    for row in rows:
        versions.setdefault((row["patient_id"], row["valid_from"]), []).append(row)
    dose = list(PrescribedExercise.model_fields)
    for (patient_id, _), parts in versions.items():
        prescribed = [{name: part.get(name) for name in dose} for part in parts if part.get("exercise")]
        version = {name: parts[0][name] for name in ("valid_from", "sessions_per_week", "valid_to", "new_episode")}
        plan = PlanVersion.model_validate({**version, "exercises": prescribed})
        yield patient_id, plan, tuple(part["row"] for part in parts)


def _others(rows: list[dict[Any, Any]], kind: str) -> Iterator[tuple[str, Record, tuple[int, ...]]]:
    for row in rows:
        values = {name: value for name, value in row.items() if name not in ("patient_id", "row")}
        yield row["patient_id"], _MODELS[kind](**values), (row["row"],)
