"""Where a pseudonym stands in the texts of a clinic, and how it is taken out without harm to what is beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import pydantic
from sqlalchemy import Column, Connection, Text, bindparam, or_, select, update

from hipanalytics.clinic import schema
from hipanalytics.importers import MappingProfile
from hipanalytics.tables import NOTE_LONGEST, PATIENT_ID_PATTERN

ERASED: Final = "[erased]"
_SHORTEST, _SHORTEST_NUMBER = 4, 6
_FREE_TEXT: Final = (
    schema.imports.c.file, schema.imports.c.sheet, schema.import_undos.c.reason, schema.decisions.c.reason,
    schema.trail.c.detail, schema.erasures.c.reason, schema.log_rows.c.note)
_SAID_BY_CLINICIANS: Final = ("clinician", "reason", "question", "what_was_done", "decision")
_AT_ONCE: Final = 500


class Traces:
    """The places in which one pseudonym stands: as a word, and not as a part of another patient's pseudonym."""

    def __init__(self, patient_id: str, others: Collection[str] = ()) -> None:
        self.patient_id = patient_id
        longer = [each for each in others if each != patient_id and patient_id in each]
        self.others = sorted(longer, key=len, reverse=True)
        either = "|".join(map(re.escape, [*self.others, patient_id]))
        self._words = re.compile(f"(?<![^\\W_])(?:{either})(?![^\\W_])")

    @property
    def is_telling(self) -> bool:
        """Whether the pseudonym, met in a sentence, can only mean the patient: not so 12, or P1."""
        shortest = _SHORTEST_NUMBER if self.patient_id.isdigit() else _SHORTEST
        return len(self.patient_id) >= shortest

    def are_in(self, text: str) -> bool:
        """Whether the text names the patient."""
        return any(found == self.patient_id for found in self._words.findall(text))

    def taken_out(self, text: str) -> str:
        """The text without the pseudonym."""
        return self._words.sub(lambda found: ERASED if found[0] == self.patient_id else found[0], text)


def traces_of(connection: Connection, patient_id: str) -> Traces:
    """The traces of this patient, in a clinic with these other patients."""
    query = select(schema.patients.c.patient_id).where(_holds(schema.patients.c.patient_id, patient_id))
    refused = select(schema.quarantine.c.patient_text).where(_holds(schema.quarantine.c.patient_text, patient_id))
    others = {text for text in connection.execute(query.union(refused)).scalars()
              if re.fullmatch(PATIENT_ID_PATTERN.rstrip("$"), text)}
    return Traces(patient_id, others)


def entries_about(connection: Connection, traces: Traces, patient_no: int | None) -> list[int]:
    """The quarantine entries that are this patient's: by number, by name, or by what their cells say.

    Rule: an entry of another patient that the clinic knows is not among them, though it may name this one.
    """
    entries, number = schema.quarantine, -1 if patient_no is None else patient_no
    own_rows = select(schema.log_rows.c.row_id).where(schema.log_rows.c.patient_no == number)
    became = select(schema.corrections.c.entry).where(schema.corrections.c.row_id.in_(own_rows))
    is_named = (entries.c.patient_no == number) | (entries.c.patient_text == traces.patient_id)
    found = set(connection.execute(select(entries.c.entry).where(is_named | entries.c.entry.in_(became))).scalars())
    query = select(entries.c.entry, entries.c.patient_text, entries.c.cells).where(
        entries.c.patient_no.is_(None), entries.c.patient_text.not_in(select(schema.patients.c.patient_id)),
        _holds(entries.c.patient_text, traces.patient_id) | _holds(entries.c.cells, traces.patient_id))
    for entry, patient_text, cells in connection.execute(query):
        values = json.loads(cells)
        is_named_alone = values.get("patient_id", "").strip() == traces.patient_id
        if is_named_alone or (traces.is_telling and any(map(traces.are_in, [patient_text, *_strings(values)]))):
            found.add(entry)
    return sorted(found)


def take_out_everywhere(connection: Connection, traces: Traces) -> int:
    """Write [erased] for the pseudonym in every text that names the patient; how many texts that were.

    Rule: a pseudonym that may mean something else (shorter than 4 letters, or a number of fewer than 6 digits) stays in
    free text, and goes only where a mapping profile gives it as the patient.
    """
    changed = _rewrite(connection, schema.imports.c.profile, lambda text: _profile_without(text, traces), traces)
    if not traces.is_telling:
        return changed
    for column in _FREE_TEXT:
        changed += _rewrite(connection, column, traces.taken_out, traces)
    for column in (schema.imports.c.remarks, schema.quarantine.c.cells, schema.quarantine.c.problems,
                   schema.corrections.c.cells):
        changed += _rewrite(connection, column, lambda text: _json_without(text, traces), traces)
    return changed + _rewrite(connection, schema.decisions.c.content, lambda text: _said_without(text, traces), traces)


def still_named(connection: Connection, traces: Traces) -> dict[str, int]:
    """How many texts still hold the pseudonym as a word, by table and column; of one that may mean something else, how
    many free texts do."""
    counts: dict[str, int] = {}
    for table in schema.metadata.sorted_tables:
        columns = [column for column in table.columns
                   if (isinstance(column.type, Text) if traces.is_telling else column in _FREE_TEXT)]
        for row in _rows_with(connection, columns, traces.patient_id) if columns else ():
            for column, text in zip(columns, row, strict=True):
                if text is not None and traces.are_in(_readable(text)):
                    name = f"{table.name}.{column.name}"
                    counts[name] = counts.get(name, 0) + 1
    return counts


def _holds(column: Column[Any], word: str) -> Any:
    return column.contains(word, autoescape=True)


def _rows_with(connection: Connection, columns: list[Column[Any]], word: str) -> Iterator[Any]:
    query = select(*columns).where(or_(*(_holds(column, word) for column in columns)))
    yield from connection.execute(query, execution_options={"yield_per": _AT_ONCE})


def _rewrite(connection: Connection, column: Column[Any], change: Callable[[str], str], traces: Traces) -> int:
    keys = list(column.table.primary_key.columns)
    rows = connection.execute(select(column, *keys).where(_holds(column, traces.patient_id))).all()
    new = [{"new": change(text), **{f"of_{name.name}": value for name, value in zip(keys, key, strict=True)}}
           for text, *key in rows if change(text) != text]
    if new:
        at = [name == bindparam(f"of_{name.name}") for name in keys]
        connection.execute(update(column.table).where(*at).values({column.name: bindparam("new")}), new)
    return len(new)


def _profile_without(text: str, traces: Traces) -> str:
    """A mapping profile without the pseudonym; as it was where it would no longer be one."""
    old = json.loads(text)
    values = _walked(old, traces.taken_out) if traces.is_telling else json.loads(text)
    if old.get("constants", {}).get("patient_id") == traces.patient_id:
        values["constants"]["patient_id"] = ERASED
    if whose := old.get("words", {}).get("patient_id"):  # their words for patients: names, perhaps
        values["words"]["patient_id"] = {
            word: patient for word, patient in whose.items() if traces.patient_id not in (word, patient)}
    new = json.dumps(values, ensure_ascii=text.isascii())
    try:
        MappingProfile.model_validate_json(new)
    except pydantic.ValidationError:
        return text
    return new if values != old else text


def _json_without(text: str, traces: Traces) -> str:
    old = json.loads(text)
    new = _walked(old, traces.taken_out)
    return text if new == old else json.dumps(new, ensure_ascii=text.isascii())


def _said_without(text: str, traces: Traces) -> str:
    """A decision without the pseudonym in what clinicians wrote; everything else has its own set of words."""
    old = json.loads(text)
    said = {name: traces.taken_out(old[name])[:NOTE_LONGEST] for name in _SAID_BY_CLINICIANS if name in old}
    return text if old == {**old, **said} else json.dumps({**old, **said}, sort_keys=True)


def _walked(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _walked(each, change) for name, each in value.items()}
    return [_walked(each, change) for each in value] if isinstance(value, list) else value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(each)


def _readable(text: str) -> str:
    """A text that is JSON, with its letters as they are read."""
    try:
        value = json.loads(text) if text[:1] in "{[" else text
    except ValueError:
        return text
    return text if value is text else "\n".join(_strings(value))
