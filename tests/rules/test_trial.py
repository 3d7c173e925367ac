"""How many were pain-free, or nearly, after treatment? A published trial, with the missing in the denominator.

Ashar 2022: 151 people with back pain, average pain of the last week before (time 1) and after treatment (time 2).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from hipanalytics.measures.outcomes import count_reached

FILE = Path(__file__).parents[3] / "shared" / "data" / "trial" / "Ashar2022_outcomes_demographics.csv"
BEFORE, AFTER = 1, 2
NEARLY_PAIN_FREE = 1

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the trial's file (shared/data/trial) is not on this machine")


@pytest.fixture(scope="module")
def counts() -> pd.DataFrame:
    """Per group, of all who were randomised and of the completers."""
    rows = pd.read_csv(FILE, na_values="<undefined>")
    patients = rows[(rows["is_patient"] == 1) & rows["group"].notna()].astype({"group": int})
    after = patients[patients["time"] == AFTER].set_index("id")["pain_avg"]
    randomised = patients[patients["time"] == BEFORE].set_index("id")["group"]
    return count_reached(after.reindex(randomised.index), randomised, at_most=NEARLY_PAIN_FREE)


@pytest.mark.parametrize(("group", "recovered", "randomised", "completers"), [
    pytest.param(1, 33, 50, 44, id="pain reprocessing therapy: 33 of 50 (66%), of the completers 33 of 44 (75%)"),
    pytest.param(2, 10, 51, 44, id="placebo: 10 of 51 (20%), of the completers 10 of 44 (23%)"),
    pytest.param(3, 5, 50, 47, id="usual care: 5 of 50 (10%), of the completers 5 of 47 (11%)"),
])
def test_the_missing_count_as_not_recovered(
    counts: pd.DataFrame, group: int, recovered: int, randomised: int, completers: int,
) -> None:
    found = counts.loc[group]
    assert found[["reached", "of_all", "of_known"]].tolist() == [recovered, randomised, completers]
    assert found["reached_of_all"] == pytest.approx(recovered / randomised)
    assert found["reached_of_known"] == pytest.approx(recovered / completers)
