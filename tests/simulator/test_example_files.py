"""The example cohort as files: the stored one is fresh, reads back as it was made, and never replaces anything else."""

from pathlib import Path

import pandas as pd
import pytest

from hipanalytics.errors import HipAnalyticsError
from hipanalytics.example import example_files, write_example
from hipanalytics.importers.readers import load_cohort

STORED = Path(__file__).parents[2] / "data" / "example"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return example_files()


def test_the_stored_example_is_not_stale(files) -> None:
    stored = {path.name: path.read_bytes() for path in STORED.iterdir()}
    assert sorted(stored) == sorted(files)
    assert not [name for name in files if stored[name] != files[name]], "run `hipanalytics demo data/example`"


def test_it_is_120_patients_over_26_weeks(files) -> None:
    logs = pd.read_csv(STORED / "logs.csv", dtype={"performed_at": "str"})
    days = pd.to_datetime(logs["performed_at"].str[:10])
    assert days.max() == pd.Timestamp("2026-03-15")
    assert days.min() >= pd.Timestamp("2025-09-15")
    assert len(pd.read_csv(STORED / "truth.csv")) == len(pd.read_csv(STORED / "patients.csv")) == 120
    assert len(files["logs.csv"]) < 4_000_000


def test_the_read_me_says_that_nobody_is_real_and_names_every_column(files) -> None:
    text = files["README.md"].decode()
    assert "not real patients" in text.splitlines()[0]
    columns = {name for file in STORED.glob("*.csv") for name in pd.read_csv(file, nrows=0).columns}
    assert not [name for name in columns if f"| {name} |" not in text]


def test_the_door_refuses_none_of_it() -> None:
    cohort, _ = load_cohort(
        STORED / "logs.csv", plans=STORED / "plans.csv", pauses=STORED / "pauses.csv", patients=STORED / "patients.csv")
    assert cohort.refused.empty
    assert len(cohort.logs) == len(pd.read_csv(STORED / "logs.csv"))
    assert cohort.logs["has_time"].nunique() == 2


def test_writing_again_replaces_our_own_files(tmp_path) -> None:
    first = write_example(tmp_path / "demo")
    (tmp_path / "demo" / "logs.csv").write_text("damaged")
    assert write_example(tmp_path / "demo") == first
    assert (tmp_path / "demo" / "logs.csv").read_bytes() == (STORED / "logs.csv").read_bytes()


@pytest.mark.parametrize("name", ["holiday.jpg", "logs.csv", "README.md"])
def test_a_folder_with_other_files_is_left_alone(tmp_path, name) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(HipAnalyticsError, match=f"holds other files \\({name}\\)"):
        write_example(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_a_sentence(tmp_path) -> None:
    (tmp_path / "demo").touch()
    with pytest.raises(HipAnalyticsError, match="cannot be made"):
        write_example(tmp_path / "demo")
