"""The noise of simulated scores is that of real diaries, also after rounding and the cut at 0 and 10."""

import numpy as np
import pytest

from hipanalytics.simulator import simulate_pain


def _scores(true_pain: float, *, sd: float, step: float = 1.0, patients: int = 3000, days: int = 182) -> np.ndarray:
    rng = np.random.default_rng(7)
    return simulate_pain(np.full((patients, days), true_pain), sd=sd, step=step, rng=rng)


def _spread(scores: np.ndarray) -> float:
    return float(np.sqrt(scores.var(axis=1, ddof=1).mean()))


def _lag_one(scores: np.ndarray) -> float:
    centred = scores - scores.mean(axis=1, keepdims=True)
    return float((centred[:, 1:] * centred[:, :-1]).sum() / (centred**2).sum())


@pytest.mark.parametrize("true_pain", [3.0, 5.0, 5.5, 7.0])
def test_spread_and_autocorrelation_in_the_middle_of_the_scale(true_pain) -> None:
    scores = _scores(true_pain, sd=1.2)
    assert _spread(scores) == pytest.approx(1.235, abs=0.03)
    assert _lag_one(scores) == pytest.approx(0.155, abs=0.012)
    assert scores.mean() == pytest.approx(true_pain, abs=0.02)


def test_the_cut_at_zero_narrows_the_spread_and_lifts_the_mean() -> None:
    scores = _scores(1.0, sd=1.2)
    assert _spread(scores) == pytest.approx(1.04, abs=0.03)
    assert scores.mean() == pytest.approx(1.13, abs=0.02)


def test_neighbouring_days_alone_are_related() -> None:
    scores = _scores(5.0, sd=1.2)
    centred = scores - 5.0
    assert (centred[:, 3:] * centred[:, :-3]).mean() / (centred**2).mean() == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("true_pain", [0.0, 10.0])
def test_scores_stay_on_the_scale(true_pain) -> None:
    scores = _scores(true_pain, sd=3.0, patients=50)
    assert scores.min() >= 0
    assert scores.max() <= 10
    assert not np.signbit(scores).any()


@pytest.mark.parametrize("step", [1.0, 0.5])
def test_scores_are_on_their_steps(step) -> None:
    scores = _scores(4.3, sd=1.2, step=step, patients=50)
    assert (scores % step == 0).all()
    assert np.diff(np.unique(scores)).min() == step


def test_without_noise_the_true_pain_comes_back() -> None:
    truth = [0.0, 3.0, 7.0, 10.0]
    assert simulate_pain(truth, sd=0, rng=np.random.default_rng(1)).tolist() == truth


def test_a_day_before_the_first_stays_missing() -> None:
    assert np.isnan(simulate_pain([np.nan, 4.0], sd=1.0, rng=np.random.default_rng(1))).tolist() == [True, False]


def test_each_patient_has_a_spread_of_their_own() -> None:
    scores = simulate_pain(np.full((2, 5000), 5.0), sd=[0.9, 1.6], rng=np.random.default_rng(3))
    assert scores.std(axis=1) == pytest.approx([0.94, 1.62], abs=0.06)
