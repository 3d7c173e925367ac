"""The chosen patient in words, as small pieces of HTML. All text from data is escaped here."""

from __future__ import annotations

import datetime as dt
import html
from typing import Any

import pandas as pd

from hipanalytics.charts.patient_rows import rows_of
from hipanalytics.charts.plan_words import plan_versions
from hipanalytics.charts.standing import looks_of
from hipanalytics.charts.theme import FLAG_LOOKS, day_text
from hipanalytics.review import OPEN_RED_FLAGS, Review


def heading_html(review: Review, door: str = "") -> str:
    """Up to which day the data reach, whether these are real people, and what was left out or refused.

    `door`: what the door says of the files, shown when asked for.
    """
    listed, ended = len(review.table), review.ended
    parts = [f"{listed:,} patient{'' if listed == 1 else 's'}"]
    parts += [f"{ended:,} ended and not listed"] if ended else []
    banner = ' · <span class="hip-banner">■ Example cohort: these are not real patients</span>'
    small = f"{' · '.join(parts)}{banner if review.cohort.is_example else ''}"
    remarks = "".join(
        f'<div class="{"hip-worse" if remark.startswith(OPEN_RED_FLAGS) else "hip-small"}">{html.escape(remark)}</div>'
        for remark in review.remarks)
    files = (f'<details class="hip-small"><summary>What was read, refused and assumed</summary>'
             f"<pre>{html.escape(door)}</pre></details>" if door else "")
    return (f'<div class="hip"><b>Data up to {day_text(review.as_of)}</b> '
            f'<span class="hip-small">· {small}</span>{remarks}{files}</div>')


def patient_html(review: Review, patient_id: str) -> str:
    """Who it is, how far into which plan."""
    facts = " · ".join(html.escape(fact) for fact in patient_facts(review, patient_id))
    return f'<div class="hip"><h1>{html.escape(patient_id)} <span class="hip-small hip-facts">{facts}</span></h1></div>'


def patient_facts(review: Review, patient_id: str) -> list[str]:
    """Hip side, week, plan, and the day up to which the patient is looked at where it is not the review's."""
    rows = rows_of(review)
    row = rows.of("table", patient_id).iloc[0]
    start, as_of = row["programme_start"].date(), row["as_of"].date()
    sides = [f"{side} hip" if side != "both" else "both hips" for side in
             rows.of("patients", patient_id)["hip_side"].dropna()]
    week = [f"week {(as_of - start).days // 7 + 1}"] if as_of >= start else []
    looked_at = [f"data up to {day_text(as_of)}"] if as_of != review.as_of else []
    return [*sides, *week, _plan_text(review, patient_id, start, as_of), *looked_at]


def _plan_text(review: Review, patient_id: str, start: dt.date, as_of: dt.date) -> str:
    rows = rows_of(review)
    row = rows.of("table", patient_id).iloc[0]
    sessions = f"{row['sessions_per_week']:.0f} a week"
    versions = plan_versions(
        rows.of("plans", patient_id), rows.of("prescriptions", patient_id), start=start, as_of=as_of)
    if not versions:
        return f"no plan: {sessions} assumed since {day_text(start)}"
    latest = versions[-1]
    return f"plan {latest.number} since {day_text(max(latest.first_day, start))}, {sessions}"


def flags_html(review: Review, patient_id: str) -> str:
    """Each flag with its finding, what would clear it, its rule and source; without one, where the patient stands."""
    rows = rows_of(review)
    row = rows.of("table", patient_id).iloc[0]
    flags = rows.of("flags", patient_id).to_dict("records")
    panels = [_flag_panel(flag) for flag in flags] or [_standing_panel(row)]
    notices = f'<div class="hip-small">{html.escape(row["notices"])}</div>' if row["notices"] else ""
    return f'<div class="hip">{"".join(panels)}{notices}</div>'


def _flag_panel(flag: dict[Any, Any]) -> str:
    look = FLAG_LOOKS[flag["flag"]]
    small = f"Clears {flag['clears']}."
    rule = f"{flag['rule']} Rule {flag['flag']} {flag['rule_version']}. Source: {flag['source']}."
    return _panel(look.tone, f"{look.mark} {flag['title']}.", _sentence(flag["found"]), small, rule)


def _standing_panel(row: pd.Series) -> str:
    look = looks_of(row)[0]
    return _panel(look.tone, f"{look.mark} {look.word}.", _sentence(row["reason"].removeprefix(f"{row['standing']}: ")))


def _panel(tone: str, title: str, words: str, small: str = "", rule: str = "") -> str:
    small = f' <span class="hip-small">{html.escape(small)}</span>' if small else ""
    why = f'<details class="hip-small"><summary>The rule</summary>{html.escape(rule)}</details>' if rule else ""
    return (f'<div class="hip-panel hip-{tone}"><b>{html.escape(title)}</b> '
            f"<span>{html.escape(words)}</span>{small}{why}</div>")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."


def below_html(sentence: str, key: str) -> str:
    """The line below the chart, and what the dots mean."""
    return (f'<div class="hip"><div>{html.escape(sentence)}</div>'
            f'<div class="hip-small hip-key">{html.escape(key)}</div></div>')
