"""Which decisions stand: every change that was ever saved, and what holds of them now."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, select

from hipanalytics.clinic.decisions.differences import difference
from hipanalytics.clinic.decisions.records import record_from
from hipanalytics.clinic.logs.members import unpacked
from hipanalytics.clinic.schema import decisions, import_undos, imports, patients

BROUGHT_BY: Final = {"plan": ("plans",), "pause": ("pauses",), "patient": ("patients", "plans"),
                     "red_flag": ("red_flags",), "review": (), "quiet": ()}
"""The files that bring decisions of each kind. A file of plans brings the assumed programme start as well."""
_FILLED_IN: Final = ("patient", "red_flag")
_FEW: Final = 1_000


@dataclass(frozen=True)
class Decision:
    """One change: what was decided of whom, when, by whom and why."""

    decision_id: int
    patient_id: str
    kind: str
    version: int
    """The how many-th change of this kind for this patient."""
    item: str
    """What it is about, where several stand side by side: the plan of which first day, which pause, which answer."""
    withdrawn: bool
    content: str
    author: str
    saved_at: str
    reason: str
    import_id: int | None = None
    """The import that brought it; none: decided here."""
    stands: bool = True
    """Not so for what an import brought that has been undone."""
    changes: tuple[str, ...] = ()
    """What is different from before, in words. Filled by `history`."""

    @cached_property
    def record(self) -> Any:
        """What was decided."""
        return record_from(self.kind, self.content)


def current(connection: Connection, kind: str, patient_ids: Sequence[str] | None = None) -> list[Decision]:
    """What holds now, of all patients or of these? The latest change of each item, unless it is withdrawn.

    Rule: what a file of patients or of red-flag answers leaves empty stays as it was.
    """
    return in_force(row for row in every_change(connection, kind, patient_ids) if row.stands)


def in_force(changes: Iterable[Decision]) -> list[Decision]:
    """What holds after these changes, each of which stands, in their order."""
    latest: dict[tuple[str, str], Decision] = {}
    for row in changes:
        latest[row.patient_id, row.item] = _on_top_of(latest.get((row.patient_id, row.item)), row)
    return [row for row in latest.values() if not row.withdrawn]


def history(connection: Connection, kind: str, patient_id: str) -> list[Decision]:
    """Every change of this kind for one patient, the oldest first, each with what it changed."""
    seen: list[Decision] = []
    for row in every_change(connection, kind, [patient_id]):
        seen.append(dataclasses.replace(row, changes=tuple(_changes(seen, row))))
    return seen


def latest_version(connection: Connection, patient_id: str, kind: str) -> int:
    """The version on top of which the next change is saved; 0 where there is none yet."""
    return max((row.version for row in every_change(connection, kind, [patient_id]) if row.stands), default=0)


def every_change(connection: Connection, kind: str, patient_ids: Sequence[str] | None = None) -> list[Decision]:
    """All that was ever saved of a kind, patient by patient, the oldest first; each says whether it stands."""
    columns = [patients.c.patient_id if field.name == "patient_id" else decisions.c[field.name]
               for field in dataclasses.fields(Decision) if field.name not in ("stands", "changes")]
    query = select(*columns).select_from(decisions.join(patients)).where(decisions.c.kind == kind)
    if patient_ids is not None and len(patient_ids) <= _FEW:
        query = query.where(patients.c.patient_id.in_(patient_ids))
    found = [Decision(*row) for row in connection.execute(
        query.order_by(decisions.c.patient_no, decisions.c.version)).all()]
    if patient_ids is not None and len(patient_ids) > _FEW:
        wanted = set(patient_ids)
        found = [row for row in found if row.patient_id in wanted]
    fallen = _fallen(connection, kind, found)
    return [dataclasses.replace(row, stands=False) if row.decision_id in fallen else row for row in found]


def _fallen(connection: Connection, kind: str, rows: Sequence[Decision]) -> set[int]:
    """Those of these rows that an undone import brought, and that no standing import holds."""
    brought = {row.import_id for row in rows if row.import_id is not None}
    undone = brought & set(connection.execute(select(import_undos.c.import_id)).scalars()) if brought else set()
    if not undone:
        return set()
    fallen = np.array([row.decision_id for row in rows if row.import_id in undone])
    standing = select(imports.c.members).select_from(imports.outerjoin(import_undos)).where(
        imports.c.kind.in_(BROUGHT_BY[kind]), import_undos.c.import_id.is_(None), imports.c.import_id > min(undone))
    for members in connection.execute(standing).scalars():
        fallen = np.setdiff1d(fallen, unpacked(members))
    return set(fallen.tolist())


def _on_top_of(before: Decision | None, row: Decision) -> Decision:
    if row.import_id is None or row.kind not in _FILLED_IN or before is None or before.withdrawn or row.withdrawn:
        return row
    filled = {**json.loads(before.content), **json.loads(row.content)}
    return dataclasses.replace(row, content=json.dumps(filled, sort_keys=True))


def _changes(earlier: Sequence[Decision], row: Decision) -> list[str]:
    """What a change changed: of its item, or for a new plan, of the one in force before."""
    before = in_force(each for each in earlier if each.stands)
    same = next((each for each in before if each.item == row.item), None)
    if row.withdrawn:
        return ["withdrawn"]
    if same is None and row.kind == "plan":
        same = max((each for each in before if each.item < row.item), key=lambda each: each.item, default=None)
    now = _on_top_of(same, row) if same is not None and same.item == row.item else row
    return difference(same.record if same else None, now.record)
