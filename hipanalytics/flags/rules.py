"""The flags: which rule raises each, in the order in which they call for attention."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np

from hipanalytics.measures.days import EQUAL_WITHIN, Mask
from hipanalytics.measures.findings import Findings
from hipanalytics.thresholds import Thresholds


@dataclass(frozen=True)
class FlagRule:
    """A flag: its code, its words, the version of its rule, the rule, and where it comes from."""

    code: str
    title: str
    version: str
    rule: str
    """With the names of thresholds in braces."""
    source: str

    def rule_text(self, thresholds: Thresholds) -> str:
        """The rule in words, with the numbers that were used."""
        return self.rule.format(**dataclasses.asdict(thresholds))

    def rule_name(self, thresholds: Thresholds) -> str:
        """Code and version; and whether the clinic, or this patient, has thresholds of its own."""
        return f"{self.code} {self.version}" + ("" if thresholds == Thresholds() else ", own thresholds")


FLAGS: Final = (
    FlagRule("red_flag", "Red flag", "1.0",
             "A positive red-flag answer, entered by a clinician and not yet acknowledged.",
             "APTA 2017; asked, never inferred"),
    FlagRule("worsening", "Worsening", "1.0",
             "The latest block lies {rise_points:g} or more above the lower of baseline and earlier block, or "
             "{rise_points_with_trend:g} or more with a rising trend (p below {rise_p:g}), now and also "
             "{rise_confirmed_after_days} days ago.",
             "clinical proposal: act at +2, on two-week means only"),
    FlagRule("persistent", "Pain persists", "1.0",
             "{first_review_days} or more unpaused days since the baseline began, not improved by {improved_points:g} "
             "points or {improved_fraction:.0%}, not worsening, and the latest block above {acceptable_pain:g}.",
             "APTA 2017, NICE QS87 (when); Tubach 2005 (how much)"),
    FlagRule("still_high", "Better, but still high", "1.0",
             "{second_review_days} or more unpaused days since the baseline began, improved, not worsening, and the "
             "latest block still {still_high_pain:g} or more.",
             "BMC Musculoskelet Disord 9:55"),
    FlagRule("flare", "Flare", "1.0",
             "The last {flare_run} or more rated days, within {flare_days} days, each {flare_pain:g} or more and "
             "{flare_points:g} or more above the median of the {flare_usual_days} days before.",
             "Osteoarthritis Cartilage 2021, S1063-4584(21)00702-0"),
    FlagRule("aggravating_exercise", "An exercise hurts", "1.0",
             "In {aggravating_stops} of the last {aggravating_sessions} scored sessions of an exercise the pain policy "
             "{pain_policy} says stop.",
             "NEMEX; Silbernagel; the article"),
    FlagRule("silent", "Silent", "1.0",
             "No row for {silent_days} or more unpaused days, and no pause now.", "hipanalytics definitions 1.0"),
    FlagRule("low_adherence", "Low adherence", "1.0",
             "Less than {adherence_part:.0%} of what was due in the last {adherence_recent_weeks} counted weeks was "
             "done, and {coverage_recorded:.0%} or more of these weeks have a log.",
             "hipanalytics definitions 1.0; Bailey 2018, BJSM 54:326"),
    FlagRule("too_little_data", "Too little data", "1.0",
             "{too_little_data_days} or more days since the programme start, the change in pain not known, and no "
             "pause now.",
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
