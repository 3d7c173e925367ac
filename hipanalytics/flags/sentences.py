"""Every flag in one plain sentence: the patient's own numbers with their n, and what would clear it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from hipanalytics.flags.rules import FLAGS, is_watched
from hipanalytics.measures.days import EQUAL_WITHIN, Days, Mask
from hipanalytics.measures.findings import Findings

_NO_CHANGE: Final = 0.05
"""A change that one decimal shows as none."""
_BLOCKS_SHARE_DAYS: Final = "the first block has not ended before the latest begins"


class Words(NamedTuple):
    """A flag in words, for one patient."""

    found: str
    """The patient's own numbers with their n, and what they mean."""
    clears: str
    """What would clear the flag."""
    brief: str
    """The numbers alone, short enough for a list."""


def flag_sentences(findings: Findings, raised: dict[str, Mask]) -> pd.DataFrame:
    """Why is each patient flagged, and what would clear the flag?

    Returns: one row per patient and flag, by patient and then in the order of the flags: patient (position in
    courses), patient_id, flag, rule_version, title, found, clears, brief, sentence (all of it in one), rule
    (in words, with the thresholds used), source.
    """
    tables, thresholds = [], findings.thresholds
    for place, flag in enumerate(FLAGS):
        patients = np.flatnonzero(raised[flag.code])
        words, rule = _SENTENCES[flag.code](findings, patients), flag.rule_name(thresholds)
        tables.append(pd.DataFrame(words, columns=Words._fields).assign(
            patient=patients, place=place, flag=flag.code, rule_version=flag.version, title=flag.title,
            sentence=[f"{flag.title}: {each.found}; clears {each.clears} [{rule}]." for each in words],
            rule=flag.rule_text(thresholds), source=flag.source))
    flags = pd.concat(tables, ignore_index=True).sort_values(["patient", "place"], ignore_index=True)
    flags["patient_id"] = findings.courses["patient_id"].to_numpy()[flags["patient"].to_numpy()]
    return flags[["patient", "patient_id", "flag", "rule_version", "title", *Words._fields, "sentence", "rule",
                  "source"]]


def pain_text(value: float, *against: float) -> str:
    """A pain with one decimal; with more where one would hide on which side of a threshold it lies."""
    short = f"{value:.1f}"
    for other in against:
        if abs(value - other) > EQUAL_WITHIN and short == f"{other:.1f}":
            return f"{value:.2f}"
    return short


def _several(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _pick(patients: Days, *columns: npt.NDArray[Any] | pd.Series) -> Iterable[tuple[Any, ...]]:
    return zip(*(np.asarray(column)[patients].tolist() for column in columns), strict=True)


def _red_flag(findings: Findings, patients: Days) -> list[Words]:
    found = "a red-flag question was answered with yes"
    return [Words(found, "when a clinician acknowledges it", found)] * len(patients)


def _worsening(findings: Findings, patients: Days) -> list[Words]:
    rise, t = findings.rise, findings.thresholds
    rising = (rise.trend.slope_per_week > 0) & (rise.trend.rise_p < t.rise_p)
    return [
        Words(
            f"{pain_text(latest)} in the latest block ({_several(n, 'rated day')}) against {pain_text(reference)} in "
            f"the lowest block before ({_several(reference_n, 'rated day')}), "
            f"{pain_text(latest - reference, t.rise_points)} more, now and already {t.rise_confirmed_after_days} days "
            "ago",
            f"at a latest mean below {pain_text(reference + (t.rise_points_with_trend if trend else t.rise_points))}",
            f"{pain_text(latest)} lately, {pain_text(reference)} before "
            f"(+{pain_text(latest - reference, t.rise_points)}, n {n} and {reference_n})")
        for latest, n, reference, reference_n, trend in _pick(
            patients, rise.latest.mean, rise.latest.n, rise.reference, rise.reference_n, rising)
    ]


def _persistent(findings: Findings, patients: Days) -> list[Words]:
    pain, t = findings.pain, findings.thresholds
    clears = np.fmax(t.acceptable_pain, np.fmax(
        pain.baseline.mean - t.improved_points, pain.baseline.mean * (1 - t.improved_fraction)))
    helped = "the patient did it, and it did not help: reassess"
    advice = {"full": helped, "part": helped, "low": "the plan was not tried: barriers first"}
    return [
        Words(
            f"{change}: not improved by {t.improved_points:g} points or {t.improved_fraction:.0%}, and above "
            f"{t.acceptable_pain:g}, after {days} unpaused days "
            f"({'12' if days >= t.second_review_days else '6'}-week review); "
            f"{_done_text(*recent)}, {advice.get(label, 'not known whether the plan was done: ask')}",
            f"at a latest mean of {pain_text(clear)} or below",
            f"{pain_text(baseline)} → {pain_text(latest, t.acceptable_pain)} in {days // 7} weeks: "
            f"{advice.get(label, 'ask').rpartition(': ')[2]}")
        for change, (baseline, latest, days, label, clear, *recent) in zip(_change_texts(findings, patients), _pick(
            patients, pain.baseline.mean, pain.latest.mean, findings.unpaused_days,
            findings.adherence["adherence_label"], clears, *_adherence_columns(findings)), strict=True)
    ]


def _still_high(findings: Findings, patients: Days) -> list[Words]:
    pain, high = findings.pain, findings.thresholds.still_high_pain
    return [
        Words(f"{change}, improved but still {high:g} or more after {days} unpaused days",
              f"at a latest mean below {high:g}",
              f"{pain_text(baseline)} → {pain_text(latest)} in {days // 7} weeks")
        for change, (baseline, latest, days) in zip(_change_texts(findings, patients), _pick(
            patients, pain.baseline.mean, pain.latest.mean, findings.unpaused_days), strict=True)
    ]


def _flare(findings: Findings, patients: Days) -> list[Words]:
    flares, t = findings.flares, findings.thresholds
    past = np.searchsorted(findings.panel.rated_cell, findings.panel.last_cell + 1)
    words = []
    for run, usual, n, end in _pick(patients, flares.run, flares.usual, flares.usual_n, past):
        days = ", ".join(f"{each:.3g}" for each in findings.panel.pain[end - run:end])
        found = f"{days} on the last {run} rated days, usually {usual:.3g}"
        words.append(Words(f"{found} (median of {n} rated days before)",
                           f"with a rated day below {pain_text(max(t.flare_pain, usual + t.flare_points))}", found))
    return words


def _aggravating_exercise(findings: Findings, patients: Days) -> list[Words]:
    t = findings.thresholds
    found = findings.aggravating
    texts = [
        (f"{exercise.replace('_', ' ')} in {stops} of its last {_several(sessions, 'scored session')}",
         f" (the latest: pain {pain_text(pain)} before, {pain_text(worst)} at its worst)")
        for exercise, stops, sessions, pain, worst in zip(
            *(found[name].tolist() for name in ("exercise", "stops", "sessions", "pain", "worst")), strict=True)]
    by_patient: dict[int, list[tuple[str, str]]] = {}
    for patient, text in zip(found["patient"].tolist(), texts, strict=True):
        by_patient.setdefault(patient, []).append(text)
    clears = f"when the {t.pain_policy} policy says stop in fewer than {t.aggravating_stops} of the last " \
             f"{t.aggravating_sessions}"
    return [
        Words(" and ".join(brief + more for brief, more in by_patient[patient]), clears,
              " and ".join(brief for brief, _ in by_patient[patient]))
        for patient in patients.tolist()
    ]


def _silent(findings: Findings, patients: Days) -> list[Words]:
    words = []
    for days, day, ever, pain in _pick(
            patients, findings.days_silent, _silent_day(findings), findings.last_log, _last_pain(findings)):
        span = _several(days, day)
        found = f"nothing logged for {span}" if ever else f"nothing logged since the start, {span} ago"
        found += f", last pain {pain_text(pain)}" if pain == pain else ""
        words.append(Words(found, "with the next row logged", found))
    return words


def _low_adherence(findings: Findings, patients: Days) -> list[Words]:
    t = findings.thresholds
    return [
        Words(f"{_done_text(*recent)} ({capped:.0%} counting what was not logged as not done, {_logged_text(recent)})",
              f"at {t.adherence_part:.0%} of the sessions due", _done_text(*recent))
        for capped, *recent in _pick(patients, findings.adherence["adherence_4w"], *_adherence_columns(findings))
    ]


def _too_little_data(findings: Findings, patients: Days) -> list[Words]:
    needed = findings.thresholds.block_rated_needed
    return [
        Words(f"on day {days} the change in pain is not known, {why}",
              "with time: once the latest block lies after the first" if why == _BLOCKS_SHARE_DAYS
              else f"with {needed} rated days in both blocks", why)
        for days, why in zip(findings.days_in[patients].tolist(), why_unknown(findings, patients), strict=True)]


_SENTENCES: Final[dict[str, Callable[[Findings, Days], list[Words]]]] = {
    "red_flag": _red_flag, "worsening": _worsening, "persistent": _persistent, "still_high": _still_high,
    "flare": _flare, "aggravating_exercise": _aggravating_exercise, "silent": _silent,
    "low_adherence": _low_adherence, "too_little_data": _too_little_data,
}


def why_unknown(findings: Findings, patients: Days) -> list[str]:
    """Why is the change in pain of these patients not known?"""
    pain, needed = findings.pain, findings.thresholds.block_rated_needed
    return [
        f"{n_baseline} of {needed} rated days in the first block" if not has_baseline
        else f"{n_latest} of {needed} rated days in the latest block" if not has_latest
        else _BLOCKS_SHARE_DAYS
        for has_baseline, n_baseline, has_latest, n_latest in _pick(
            patients, pain.baseline.known, pain.baseline.n, pain.latest.known, pain.latest.n)
    ]


def standing_words(findings: Findings, patients: Days) -> list[tuple[str, str, str]]:
    """Where do patients without a flag stand? A word or two, the whole sentence, and its numbers alone."""
    pain, t = findings.pain, findings.thresholds
    columns = _pick(patients, pain.known, pain.improved, pain.baseline.mean, pain.latest.mean, findings.days_in,
                    findings.paused_now, *_adherence_columns(findings))
    words = []
    for reason, change, (known, improved, baseline, latest, days, paused, *recent) in zip(
            why_unknown(findings, patients), _change_texts(findings, patients), columns, strict=True):
        done = _done_text(*recent)
        if known:
            acceptable = latest <= t.acceptable_pain + EQUAL_WITHIN
            word = "Improved" if improved else "Acceptable" if acceptable else "Under way"
            words.append((word, f"{word}: {change}; {done}.",
                          f"{pain_text(baseline)} → {pain_text(latest)}, {done}"))
        elif days < 1:
            words.append(("Not begun", f"Not begun: the programme starts in {_several(1 - days, 'day')}.",
                          f"starts in {_several(1 - days, 'day')}"))
        else:
            word = "Paused" if paused else "Too early to say" if days < t.too_little_data_days else "Not known"
            words.append((word, f"{word}: day {days}, {reason}; {done}.", f"day {days}, {reason}"))
    return words


def notice_sentences(findings: Findings) -> list[str]:
    """What else is worth knowing of each patient, though it is no flag? Empty where there is nothing."""
    rise, t, panel = findings.rise, findings.thresholds, findings.panel
    anchor_moved = findings.pain.baseline.known & (findings.pain.anchor > panel.first_cell[:-1])
    everyone = np.arange(len(findings.courses))
    silent = ((findings.days_silent >= t.silent_notice_days) & (findings.days_silent < t.silent_days)
              & ~findings.paused_now)
    silent_day = _silent_day(findings)
    texts: list[list[str]] = [[] for _ in everyone]
    for patient in np.flatnonzero(is_watched(findings)):
        texts[patient].append(
            f"Watch: a rise seen once, {pain_text(rise.latest.mean[patient])} ({rise.latest.n[patient]} rated days) "
            f"against {pain_text(rise.reference[patient])} in the lowest block before "
            f"({rise.reference_n[patient]}).")
    for patient in np.flatnonzero(silent):
        texts[patient].append(
            f"Nothing logged for {_several(int(findings.days_silent[patient]), str(silent_day[patient]))}.")
    baseline_day = findings.baseline_from - panel.start + 1
    for patient in np.flatnonzero(anchor_moved):
        texts[patient].append(f"Late baseline: it counts from day {baseline_day[patient]}.")
    for patient in np.flatnonzero(panel.rows_before_start):
        texts[patient].append(
            f"{_several(int(panel.rows_before_start[patient]), 'row')} before the programme start left out.")
    for patient in np.flatnonzero(panel.rows_after_as_of):
        texts[patient].append(f"{_several(int(panel.rows_after_as_of[patient]), 'row')} after the as-of day left out.")
    return [" ".join(each) for each in texts]


def _change_texts(findings: Findings, patients: Days) -> list[str]:
    """From which first to which latest block each patient's pain went; said only where both are known."""
    pain, t = findings.pain, findings.thresholds
    late = pain.anchor > findings.panel.first_cell[:-1]
    return [
        f"{pain_text(baseline)} in the {'late ' if is_late else ''}first block ({_several(baseline_n, 'rated day')}), "
        f"{pain_text(latest, t.acceptable_pain)} in the latest ({n}), {_moved(latest - baseline, t.improved_points)}"
        for baseline, baseline_n, latest, n, is_late in _pick(
            patients, pain.baseline.mean, pain.baseline.n, pain.latest.mean, pain.latest.n, late)
    ]


def _moved(change: float, threshold: float) -> str:
    if abs(change) < _NO_CHANGE:
        return "unchanged"
    return f"{'better' if change < 0 else 'worse'} by {pain_text(abs(change), threshold)}"


def _done_text(done: float, due: float, weeks: int, source: str, logged: float) -> str:
    """What was done of what was due; `logged` is missing where no session was logged at all."""
    if weeks == 0:
        return "no complete week with sessions due yet"
    span = f"in {'the last ' if weeks > 1 else ''}{_several(weeks, 'week')}"
    assumed = ", assumed without a plan" if source == "assumed" else ""
    if logged != logged:
        return f"no session logged {span} ({round(due, 1):g} due{assumed})"
    return f"{done:.0f} of {round(due, 1):g} sessions done {span}" + (f" ({assumed[2:]})" if assumed else "")


def _logged_text(recent: list[Any]) -> str:
    """What was done in the weeks that have a log; `recent` are the columns that `_done_text` takes."""
    logged = recent[-1]
    return "no week with a log" if logged != logged else f"{logged:.0%} over the weeks with a log"


def _adherence_columns(findings: Findings) -> tuple[pd.Series | npt.NDArray[Any], ...]:
    """The columns that `_done_text` takes."""
    adherence = findings.adherence
    return (adherence["done_4w"], adherence["due_4w"], _recent_weeks(findings), findings.courses["plan_source"],
            adherence["adherence_4w_logged"])


def _recent_weeks(findings: Findings) -> npt.NDArray[np.int64]:
    counted = findings.adherence["weeks_counted"].to_numpy(dtype=np.int64)
    return np.minimum(counted, findings.thresholds.adherence_recent_weeks)


def _silent_day(findings: Findings) -> npt.NDArray[np.str_]:
    """What the days of silence are called: unpaused days where a pause was taken out of them."""
    panel = findings.panel
    since = panel.as_of - np.where(findings.last_log, panel.last_row, panel.start)
    return np.where(since > findings.days_silent, "unpaused day", "day")


def _last_pain(findings: Findings) -> npt.NDArray[np.float64]:
    panel = findings.panel
    past = np.searchsorted(panel.rated_cell, np.maximum(panel.last_cell + 1, panel.first_cell[:-1]))
    any_rated = past > np.searchsorted(panel.rated_cell, panel.first_cell[:-1])
    return np.where(any_rated, np.append(panel.pain, np.nan)[past - 1], np.nan)
