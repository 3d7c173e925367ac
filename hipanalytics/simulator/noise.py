"""How a true pain looks when a person scores it, day after day."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Pain = NDArray[np.float64]

WITHIN_PERSON_AUTOCORRELATION = 0.17
"""From one day to the next; computed from the public daily ratings of Tiwari 2022, doi 10.3389/fpain.2022.844309."""


def simulate_pain(
    true_pain_per_day: ArrayLike,
    *,
    sd: ArrayLike,
    autocorrelation: float = WITHIN_PERSON_AUTOCORRELATION,
    step: ArrayLike = 1.0,
    rng: np.random.Generator,
) -> Pain:
    """Which scores would a person of this true pain give on each of these days?

    Rule: the true pain plus noise that follows itself from day to day (a stationary first-order autoregression),
    rounded to whole points and cut off at 0 and 10. Rounding adds about 1/12 to the variance and takes a little of the
    autocorrelation: sd 1.2 between pain 3 and 7 gives scores of sd 1.23 and autocorrelation .16. Near the ends the cut
    takes more: sd 1.2 at a true pain of 1 gives scores of mean 1.13, sd 1.04 and autocorrelation .15.
    Parameters:
        true_pain_per_day: NRS 0-10, one value a day along the last axis; several patients along the first.
        sd: within-person standard deviation before rounding, NRS points; one value, or one per patient.
        autocorrelation: of the noise at one day, before rounding, -1 to 1.
        step: what scores are rounded to, NRS points: 1, or 0.5 for those who use half points; one, or one per patient.
    Returns: scores, NRS 0-10, in the shape of true_pain_per_day.
    """
    true_pain = np.asarray(true_pain_per_day, dtype=float)
    noise = _noise(true_pain.shape, autocorrelation=autocorrelation, rng=rng)
    per_patient = np.asarray(sd, dtype=float)[..., np.newaxis]
    width = np.asarray(step, dtype=float)[..., np.newaxis]
    scores: Pain = np.clip(np.round((true_pain + per_patient * noise) / width) * width, 0.0, 10.0)
    return scores + 0.0  # never -0


def _noise(shape: tuple[int, ...], *, autocorrelation: float, rng: np.random.Generator) -> Pain:
    noise = rng.standard_normal(shape)
    noise[..., 1:] *= np.sqrt(1 - autocorrelation**2)
    for day in range(1, shape[-1]):
        noise[..., day] += autocorrelation * noise[..., day - 1]
    return noise
