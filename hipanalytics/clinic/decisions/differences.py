"""What changed from one decision to the next, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from hipanalytics.catalogue import exercises
from hipanalytics.clinic.decisions.records import PlanVersion, PrescribedExercise, Record
from hipanalytics.clinic.moments import day_words

_LONGEST = 60


def difference(old: Record | None, new: Record) -> list[str]:
    """What is different in the new one? Each difference in a few plain words; none where both say the same.

    Rule: without an old one, everything that the new one says. A plan's exercises are compared by exercise and side.
    """
    before = dict(old) if old is not None else _unsaid(new)
    words = [_told(name, before.get(name), value) for name, value in new
             if name != "exercises" and value != before.get(name)]
    if isinstance(new, PlanVersion):
        words += _exercises_told(old.exercises if isinstance(old, PlanVersion) else (), new.exercises)
    return words


def _unsaid(new: Record) -> dict[str, Any]:
    fields = type(new).model_fields
    return {name: field.default for name, field in fields.items() if not field.is_required()}


def _told(name: str, old: object, new: object) -> str:
    if name == "valid_from":
        return f"from {_value_words(new)}"
    if old is None or old == {} or old == ():
        return f"{_name_words(name)} {_value_words(new)}"
    return f"{_name_words(name)} {_value_words(old)} -> {_value_words(new)}"


def _name_words(name: str) -> str:
    return {"hold_s": "hold (s)", "load_kg": "load (kg)"}.get(name, name.replace("_", " "))


def _value_words(value: object) -> str:
    if value is None or value == {} or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.date):
        return day_words(value)
    if isinstance(value, dict):
        return ", ".join(code + ("" if pain is None else f" (pain {pain:.1f})") for code, pain in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _exercises_told(
    old: tuple[PrescribedExercise, ...], new: tuple[PrescribedExercise, ...],
) -> Iterator[str]:
    before, after = _by_name(old), _by_name(new)
    yield from (f"{name} added" for name in after if name not in before)
    yield from (f"{name} taken out" for name in before if name not in after)
    for name in after:
        if name in before and before[name] != after[name]:
            yield f"{name}: {_doses_told(before[name], after[name])}"


def _by_name(prescribed: tuple[PrescribedExercise, ...]) -> dict[str, list[PrescribedExercise]]:
    found: dict[str, list[PrescribedExercise]] = {}
    for each in prescribed:
        found.setdefault(_exercise_words(each), []).append(each)
    return found


def _doses_told(old: list[PrescribedExercise], new: list[PrescribedExercise]) -> str:
    if len(old) != 1 or len(new) != 1:
        return "new doses"
    before = dict(old[0])
    return ", ".join(f"{_name_words(name)} {_value_words(before[name])} -> {_value_words(value)}"
                     for name, value in new[0] if value != before[name])


def _exercise_words(prescribed: PrescribedExercise) -> str:
    known = {each.id: each.name for each in exercises()}
    name = known.get(prescribed.exercise, prescribed.exercise.replace("_", " "))
    side = f" ({prescribed.side})" if prescribed.side in ("left", "right") else ""
    return name[:1].lower() + name[1:] + side
