"""Simulated patients whose truth is known: the example cohort, and trials of the flags."""

from hipanalytics.simulator.example_cohort import simulate_cohort
from hipanalytics.simulator.noise import simulate_pain
from hipanalytics.simulator.trial import TRIAL_GROUPS, simulate_trial_patients

__all__ = ["TRIAL_GROUPS", "simulate_cohort", "simulate_pain", "simulate_trial_patients"]
