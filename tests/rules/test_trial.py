"""How many were pain-free, or nearly, after treatment? A published trial, with the missing in the denominator.

Ashar 2022: 151 people with back pain, average pain of the last week before (time 1) and after treatment (time 2).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

FILE = Path(__file__).parents[3] / "shared" / "data" / "trial" / "Ashar2022_outcomes_demographics.csv"
BEFORE, AFTER = 1, 2
NEARLY_PAIN_FREE = 1

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the trial's file (shared/data/trial) is not on this machine")


def counts() -> pd.DataFrame:
    """Per group: recovered, randomised, and with a score after treatment. Who has no score is not recovered."""
    rows = pd.read_csv(FILE, na_values="<undefined>")
    patients = rows[(rows["is_patient"] == 1) & rows["group"].notna()].astype({"group": int})
    pain = patients.pivot_table(index=["group", "id"], columns="time", values="pain_avg", dropna=False)
    randomised = patients.loc[patients["time"] == BEFORE, ["group", "id"]]
    after = pain[AFTER].reindex(pd.MultiIndex.from_frame(randomised))
    return pd.DataFrame({"recovered": after <= NEARLY_PAIN_FREE, "scored": after.notna()}).groupby("group").agg(
        recovered=("recovered", "sum"), randomised=("scored", "size"), completers=("scored", "sum"))


@pytest.mark.parametrize(("group", "recovered", "randomised", "completers"), [
    pytest.param(1, 33, 50, 44, id="pain reprocessing therapy: 33 of 50 (66%), of the completers 33 of 44 (75%)"),
    pytest.param(2, 10, 51, 44, id="placebo: 10 of 51 (20%), of the completers 10 of 44 (23%)"),
    pytest.param(3, 5, 50, 47, id="usual care: 5 of 50 (10%), of the completers 5 of 47 (11%)"),
])
def test_the_missing_count_as_not_recovered(group: int, recovered: int, randomised: int, completers: int) -> None:
    found = counts().loc[group]
    assert found.to_dict() == {"recovered": recovered, "randomised": randomised, "completers": completers}
