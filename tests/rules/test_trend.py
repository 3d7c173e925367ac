"""Does pain rise or fall, and could that be chance? Theil-Sen slope and one-sided Mann-Kendall p."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rules.drawing import Drawn
from rules.looking import Look, examples

from hipanalytics.measures.trend import mann_kendall, mann_kendall_rise_p, theil_sen

NOTHING = ".......|"


@pytest.mark.parametrize(("pains", "s", "variance", "z", "two_sided_p", "slope"), [
    pytest.param([4, 5, 4, 4, 5, 5, 6, 5, 6, 7], 29, 111.667, 2.6497, .00806, .25, id="rising"),
    pytest.param([7, 7, 6, 7, 6, 5, 6, 5, 5, 4, 5, 4], -47, 195.667, -3.2885, .001007, -.27922, id="falling"),
])
def test_published_values(
    pains: list[float], s: float, variance: float, z: float, two_sided_p: float, slope: float,
) -> None:
    value, day = np.array([pains], dtype=float), np.arange(len(pains))[None, :]
    found_s, found_variance = (each[0] for each in mann_kendall(value))
    assert (found_s, found_variance) == (s, pytest.approx(variance, abs=5e-4))
    assert (found_s - np.sign(found_s)) / math.sqrt(found_variance) == pytest.approx(z, abs=5e-5)
    one_sided_p = two_sided_p / 2 if s > 0 else 1 - two_sided_p / 2
    assert mann_kendall_rise_p(value)[0] == pytest.approx(one_sided_p, abs=5e-6)
    assert theil_sen(day, value)[0] == pytest.approx(slope, abs=5e-6)


FIVE_DAYS = (1, 3, 5, 7, 9)
P_OF_FIVE_RISING = .01374  # S = 10, variance 50/3, z = 9 / 4.082


@examples("n slope_per_week p", [
    ("4 rated days: no trend",
     Drawn(pain="1.2.3.4"), 4, None, None),
    ("5 rated days, half a point a day",
     Drawn(pain="1.2.3.4|.5"), 5, 3.5, P_OF_FIVE_RISING),
    ("no rated day",
     Drawn("x.x.x.."), 0, None, None),
    ("falling: p for a rise is near 1",
     Drawn(pain="5.4.3.2|.1"), 5, -3.5, 1 - P_OF_FIVE_RISING),
    ("one point a week, with the real days between the ratings",
     Drawn(pain="1......|2......|.......|4......|5......|6"), 5, 1, P_OF_FIVE_RISING),
    ("all equal: p is 1, not a half",
     Drawn(pain="5.5.5.5|.5"), 5, 0, 1),
    ("equal but for the rounding of the computer",
     Drawn(pain=9 * ".", exact=dict(zip(FIVE_DAYS, [.3, .1 + .2, .3, .1 + .2, .3], strict=True))), 5, 0, 1),
    ("as many rises as falls: S is 0, p a half",
     Drawn(pain="4.5.5.5|.4"), 5, 0, .5),
    ("42 days: day 1 is looked at on day 42",  # S = -6, variance (798 - 510) / 18 = 16, z = -5 / 4
     Drawn(pain="9......|" + 4 * NOTHING + "5555.55"), 7, 0, .89435),
    ("and no longer on day 43",
     Drawn(pain="9......|" + 4 * NOTHING + "5555.55|."), 6, 0, 1),
])
def test_trend_of_the_last_42_days(look: Look, n: int, slope_per_week: float | None, p: float | None) -> None:
    row = look()
    assert row["pain_trend_n"] == n
    if slope_per_week is None:
        assert (row["pain_slope_per_week"], row["pain_rise_p"]) == (None, None)
    else:
        assert row["pain_slope_per_week"] == pytest.approx(slope_per_week)
        assert row["pain_rise_p"] == pytest.approx(p, abs=5e-5)
