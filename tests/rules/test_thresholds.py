"""How does a clinic use its own numbers, for everyone or for one patient?"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
from rules.drawing import Drawn
from rules.looking import review_of, row_of

from hipanalytics.errors import ThresholdError
from hipanalytics.thresholds import ClinicThresholds, Thresholds, read_thresholds

NOTHING = ".......|"


def settings(folder: Path, text: str) -> ClinicThresholds:
    file = folder / "clinic.toml"
    file.write_text(text, encoding="utf-8")
    return read_thresholds(file)


def test_a_clinics_own_number_replaces_the_default(tmp_path: Path) -> None:
    found = settings(tmp_path, "[thresholds]\nsilent_days = 10\npain_policy = 'article'")
    assert found.clinic == Thresholds(silent_days=10, pain_policy="article")
    assert found.patients == {}


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert settings(tmp_path, "") == ClinicThresholds()


@pytest.mark.parametrize(("text", "words"), [
    pytest.param("silent_day = 10", "silent_day is not a threshold; did you mean silent_days?", id="a near name"),
    pytest.param("zzz = 10", "zzz is not a threshold.", id="a name near to none"),
    pytest.param("adherence_full = 1.2", "adherence_full = 1.2 fraction: allowed is 0 to 1.", id="more than all"),
    pytest.param("acceptable_pain = -1", "acceptable_pain = -1 NRS 0-10: allowed is 0 to 10.", id="a negative pain"),
    pytest.param("acceptable_pain = 10.5", "allowed is 0 to 10.", id="a pain above 10"),
    pytest.param("acceptable_pain = nan", "allowed is 0 to 10.", id="not a number"),
    pytest.param("improved_points = 0", "allowed is 0.1 to 10.", id="an improvement of nothing"),
    pytest.param("silent_days = 0", "silent_days = 0 days: allowed is 1 to 365.", id="silent at once"),
    pytest.param("silent_days = 7.5", "a whole number (days) is needed.", id="half a day"),
    pytest.param("silent_days = '14'", "a whole number (days) is needed.", id="a text"),
    pytest.param("silent_days = true", "a whole number (days) is needed.", id="true"),
    pytest.param("rise_points = '2'", "a number (NRS points) is needed.", id="a text for a pain"),
    pytest.param("assumed_sessions_per_week = 8", "allowed is 1 to 7.", id="eight days a week"),
    pytest.param("pain_policy = 'gentle'", "allowed are article, nemex, silbernagel.", id="an unknown policy"),
    pytest.param("adherence_part = 0.9", "adherence_part = 0.9 is above adherence_full = 0.8", id="part above full"),
    pytest.param("block_days = 22", "block_days = 22 is above block_days_longest = 21", id="a block past its longest"),
    pytest.param("block_rated_needed = 7", "is above block_rated_wanted = 6", id="needs more than it wants"),
    pytest.param("rise_points = 1", "rise_points_with_trend = 1.5 is above rise_points = 1", id="the trend asks more"),
    pytest.param("first_review_days = 85", "is above second_review_days = 84", id="the first review after the second"),
    pytest.param("silent_days = 6", "silent_notice_days = 7 is above silent_days = 6", id="the notice after the flag"),
    pytest.param("aggravating_stops = 4", "is above aggravating_sessions = 3", id="4 of 3 sessions"),
])
def test_an_unknown_name_or_an_impossible_value_is_an_error(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ThresholdError) as error:
        settings(tmp_path, f"[thresholds]\n{text}")
    assert words in str(error.value)


@pytest.mark.parametrize(("text", "words"), [
    pytest.param("[treshold]\nsilent_days = 10", "unknown table [treshold]", id="an unknown table"),
    pytest.param("silent_days = 10", "unknown table [silent_days]", id="no table"),
    pytest.param("thresholds = 10", "thresholds must be a table", id="a number where a table belongs"),
    pytest.param("[thresholds\nsilent_days = 10", "is not valid TOML", id="no TOML"),
    pytest.param("[patients.P-1]\nsilent_day = 10", "patient P-1: silent_day is not a threshold", id="of a patient"),
    pytest.param("[patients]\nP-1 = 10", "P-1 must be a table", id="a number for a patient"),
])
def test_a_settings_file_that_cannot_be_understood(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ThresholdError) as error:
        settings(tmp_path, text)
    assert words in str(error.value)


def test_a_settings_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ThresholdError, match=r"clinic\.toml cannot be read"):
        read_thresholds(tmp_path / "clinic.toml")


@pytest.mark.parametrize("values", [
    pytest.param({"adherence_full": 1, "adherence_part": 1}, id="the highest fraction; equal is in order"),
    pytest.param({"acceptable_pain": 10}, id="the highest pain"),
    pytest.param({"acceptable_pain": 0}, id="the lowest pain"),
    pytest.param({"silent_days": 7}, id="the notice and the flag on one day"),
])
def test_values_at_their_limits(values: dict[str, float]) -> None:
    found = Thresholds().replaced(values)
    assert {name: getattr(found, name) for name in values} == values


def test_every_threshold_has_unit_meaning_source_and_version() -> None:
    for field in dataclasses.fields(Thresholds):
        assert all(field.metadata[name] for name in ("unit", "meaning", "source", "version")), field.name


# For one patient


SILENT_FOR_16_DAYS = [Drawn("x......|" + NOTHING + "...", name=name) for name in ("P-1", "P-2")]


def test_a_patients_own_number_changes_only_that_patient(tmp_path: Path) -> None:
    own = settings(tmp_path, '[patients."P-1"]\nsilent_days = 20')
    without, with_own = review_of(*SILENT_FOR_16_DAYS), review_of(*SILENT_FOR_16_DAYS, thresholds=own)
    assert "silent" in row_of(without, "P-1")["flags"]
    assert "silent" not in row_of(with_own, "P-1")["flags"]
    before, after = (review.table.set_index("patient_id").loc[["P-2"]] for review in (without, with_own))
    assert (before["priority"].item(), after["priority"].item()) == (2, 1)  # P-1 no longer comes first
    pd.testing.assert_frame_equal(before.drop(columns="priority"), after.drop(columns="priority"))


def test_a_patients_other_numbers_are_the_clinics(tmp_path: Path) -> None:
    own = settings(tmp_path, '[thresholds]\nflare_pain = 5\nsilent_days = 15\n[patients."P-1"]\nsilent_days = 20')
    assert own.clinic == Thresholds(flare_pain=5, silent_days=15)
    assert own.patients == {"P-1": Thresholds(flare_pain=5, silent_days=20)}


@pytest.mark.parametrize("as_of", [pytest.param(17, id="a day"), pytest.param("last-log", id="last-log")])
@pytest.mark.parametrize("patients", [
    pytest.param(["P-2"], id="a patient with rows"),
    pytest.param(["P-1"], id="a patient without rows"),
    pytest.param(["P-1", "P-2"], id="both patients"),
    pytest.param(["P-9"], id="a patient whom nobody knows"),
])
def test_own_numbers_move_no_dates(as_of: int | str, patients: list[str]) -> None:
    """The day of the review is everyone's, also where the patient with own numbers has no row."""
    drawn = Drawn(NOTHING, name="P-1"), Drawn("x......|x......", name="P-2")
    own = ClinicThresholds(patients=dict.fromkeys(patients, Thresholds(silent_days=20)))
    days = [review_of(*drawn, as_of=as_of, thresholds=numbers).table.set_index("patient_id")["as_of"].to_dict()
            for numbers in (None, own)]
    assert days[0] == days[1]


@pytest.mark.parametrize(("patient", "values", "flags"), [
    pytest.param(Drawn(pain=4 * "5.5.5.."), {"first_review_days": 28}, ["persistent"], id="a first review at 4 weeks"),
    pytest.param(Drawn(pain=6 * "4.4.4.."), {"acceptable_pain": 4}, [], id="pain 4 is acceptable here"),
    pytest.param(Drawn(4 * "x.x...."), {"adherence_part": .7}, ["low_adherence"], id="two of three are low here"),
    pytest.param(Drawn("x......|..."), {"silent_days": 9}, ["silent"], id="silent after 9 days"),
    pytest.param(Drawn("x.x.x.." * 4), {"too_little_data_days": 28}, ["too_little_data"], id="a sooner end of waiting"),
])
def test_a_number_that_is_changed_decides(patient: Drawn, values: dict[str, float], flags: list[str]) -> None:
    assert row_of(review_of(patient))["flags"] != flags
    assert row_of(review_of(patient, thresholds=Thresholds().replaced(values)))["flags"] == flags
