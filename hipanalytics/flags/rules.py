"""The flags: which rule raises each, in the order in which they call for attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from hipanalytics.measures.days import EQUAL_WITHIN, Mask
from hipanalytics.measures.findings import Findings


@dataclass(frozen=True)
class FlagRule:
    """A flag: its code, its words, the version of its rule and where the rule comes from."""

    code: str
    title: str
    version: str
    rule: str
    source: str


FLAGS: Final = (
    FlagRule("red_flag", "Red flag", "1.0",
             "A positive red-flag answer, entered by a clinician and not yet acknowledged.",
             "APTA 2017; asked, never inferred"),
    FlagRule("worsening", "Worsening", "1.0",
             "The latest block lies 2 or more above the lower of baseline and earlier block, or 1.5 or more with a "
             "rising trend, now and also 7 days ago.",
             "clinical proposal: act at +2, on two-week means only"),
    FlagRule("persistent", "Pain persists", "1.0",
             "42 or more unpaused days since the baseline began, not improved, and the latest block above 3.5.",
             "APTA 2017, NICE QS87 (when); Tubach 2005 (how much)"),
    FlagRule("still_high", "Better, but still high", "1.0",
             "84 or more unpaused days since the baseline began, improved, and the latest block still 5 or more.",
             "BMC Musculoskelet Disord 9:55"),
    FlagRule("flare", "Flare", "1.0",
             "The last two or more rated days, within 14 days, each 4 or more and 2 or more above the usual pain.",
             "Osteoarthritis Cartilage 2021, S1063-4584(21)00702-0"),
    FlagRule("aggravating_exercise", "An exercise hurts", "1.0",
             "In 2 of the last 3 scored sessions of an exercise the clinic's pain policy says stop.",
             "NEMEX; Silbernagel; the article"),
    FlagRule("silent", "Silent", "1.0",
             "No row for 14 or more unpaused days.", "hipanalytics definitions 1.0"),
    FlagRule("low_adherence", "Low adherence", "1.0",
             "Less than half of what was due in the last four counted weeks was done, and it was recorded.",
             "hipanalytics definitions 1.0; Bailey 2018, BJSM 54:326"),
    FlagRule("too_little_data", "Too little data", "1.0",
             "42 or more days since the programme start, and the change in pain is not known.",
             "hipanalytics definitions 1.0"),
)
"""Every flag, the most urgent first."""


def raise_flags(findings: Findings) -> dict[str, Mask]:
    """Which flags are raised for which patient?

    Rule: as each flag's `rule` says, with the thresholds that the findings were made with.
    Missing: what is not known raises no flag but `too_little_data` and `silent`.
    Returns: per flag code, in order, whether it is raised for each patient.
    """
    f, t, pain = findings, findings.thresholds, findings.pain
    worsening = f.rise.holds & f.rise_held_before
    aggravating = np.zeros(len(f.courses), dtype=bool)
    aggravating[f.aggravating["patient"].to_numpy(dtype=np.int64)] = True
    return {
        "red_flag": f.red_flagged,
        "worsening": worsening,
        "persistent": pain.known & (f.unpaused_days >= t.first_review_days)
        & (pain.latest.mean > t.acceptable_pain + EQUAL_WITHIN) & ~pain.improved & ~worsening,
        "still_high": pain.improved & (f.unpaused_days >= t.second_review_days)
        & (pain.latest.mean >= t.still_high_pain - EQUAL_WITHIN) & ~worsening,
        "flare": f.flares.found,
        "aggravating_exercise": aggravating,
        "silent": (f.days_silent >= t.silent_days) & ~f.paused_now,
        "low_adherence": f.adherence["adherence_label"].to_numpy() == "low",
        "too_little_data": (f.days_in >= t.too_little_data_days) & ~pain.known & ~f.paused_now,
    }


def is_watched(findings: Findings) -> Mask:
    """Whose pain has risen, seen once only: not a flag yet, a notice."""
    return findings.rise.holds & ~findings.rise_held_before
