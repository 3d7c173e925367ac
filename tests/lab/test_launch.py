import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hipanalytics.clinic.clinic import open_clinic
from hipanalytics.clinic.decisions.news_words import news_counts
from hipanalytics.clinic.places import PLACE_VARIABLE
from hipanalytics.errors import ClinicError, FileError
from hipanalytics.lab import launch
from hipanalytics.lab.app import load_caseload
from hipanalytics.lab.places import example_folder, user_folder


def settings_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in folder.rglob("*") if path.is_file()}


def test_all_places_of_jupyter_are_the_labs_own(tmp_path):
    places = launch.lab_environment(tmp_path / "lab", tmp_path / "run", None)
    assert {name for name in places if name != "JUPYTER_PREFER_ENV_PATH"} == {
        "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
        "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"}
    assert all(Path(place).is_relative_to(tmp_path) for name, place in places.items() if name.endswith("DIR"))


def test_the_server_listens_here_alone_and_asks_nobody(tmp_path):
    launch.write_settings(tmp_path, ipc=True)
    server = json.loads((tmp_path / "config" / "jupyter_server_config.json").read_text(encoding="utf-8"))
    assert server["ServerApp"]["ip"] == "127.0.0.1"
    assert "token" not in json.dumps(server)
    assert server["LabApp"]["news_url"] is None
    assert server["LabApp"]["check_for_updates_class"] == "jupyterlab.NeverCheckForUpdate"
    assert server["LabApp"]["extension_manager"] == "readonly"
    assert server["KernelManager"] == {"transport": "ipc"}
    assert server["FileContentsManager"]["pre_save_hook"] == "hipanalytics.lab.user_notebooks.strip_outputs"


def test_no_history_of_what_was_run_is_kept(tmp_path):
    launch.write_settings(tmp_path, ipc=False)
    kernel = tmp_path / "ipython" / "profile_default" / "ipython_kernel_config.json"
    assert json.loads(kernel.read_text(encoding="utf-8"))["HistoryManager"]["enabled"] is False
    server = json.loads((tmp_path / "config" / "jupyter_server_config.json").read_text(encoding="utf-8"))
    assert "KernelManager" not in server


def test_what_the_user_set_in_jupyterlab_is_kept(tmp_path):
    launch.write_settings(tmp_path, ipc=True)
    before = settings_of(tmp_path)
    (workspace,) = (name for name in before if name.startswith("workspaces/"))
    (tmp_path / workspace).write_text("{}", encoding="utf-8")
    launch.write_settings(tmp_path, ipc=True)
    assert settings_of(tmp_path) == {**before, workspace: "{}"}


def test_the_command_opens_the_notebook(tmp_path):
    command = launch.lab_command(tmp_path / "review_caseload.ipynb", port=None, open_browser=True)
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path}" in command
    assert "--LabApp.default_url=/lab/tree/review_caseload.ipynb" in command
    with_port = launch.lab_command(tmp_path / "review_caseload.ipynb", port=9999, open_browser=False)
    assert with_port[-3:] == ["--ServerApp.port=9999", "--ServerApp.port_retries=0", "--no-browser"]


def test_print_only_says_what_would_start_and_starts_nothing(home, capsys, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    assert launch.launch_lab(print_only=True) == 0
    said = capsys.readouterr().out
    assert "jupyterlab" in said
    assert (user_folder() / "notebooks" / "review_caseload.ipynb").exists()
    assert user_folder().is_relative_to(home)


def test_a_folder_that_is_not_there_is_an_error_in_words(home):
    with pytest.raises(FileError, match="There is no folder nowhere"):
        launch.launch_lab(folder="nowhere", print_only=True)


def test_the_folder_reaches_the_notebook(home, capsys, monkeypatch):
    launch.launch_lab(folder=example_folder(), print_only=True)
    assert f"{launch.FOLDER_VARIABLE}={example_folder().resolve()}" in capsys.readouterr().out
    monkeypatch.setenv(launch.FOLDER_VARIABLE, str(example_folder()))
    assert not load_caseload().cohort.is_example


def test_without_a_folder_the_example_is_loaded_and_says_so(home):
    cohort = load_caseload().cohort
    assert cohort.is_example
    assert cohort.logs["patient_id"].nunique() > 100
    assert len(cohort.plans) > 100


def test_a_folder_without_logs_is_an_error_in_words(tmp_path):
    with pytest.raises(FileError, match=r"There is no logs\.csv, logs\.xlsx or logs\.parquet in"):
        load_caseload(tmp_path)


def test_the_lab_does_not_inherit_the_users_jupyter_places(monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "elsewhere")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "elsewhere")
    assert "elsewhere" not in launch._inherited().values()
    assert launch._inherited()["PATH"] == os.environ["PATH"]


def test_a_folder_may_bring_its_own_thresholds_and_mapping(tmp_path):
    rows = "".join(f"P1;{day:02}.03.2026;6\n" for day in range(1, 29))
    (tmp_path / "logs.csv").write_text(f"Patient;Datum;VAS\n{rows}P1;31.03.2026;sechs\n", encoding="utf-8")
    (tmp_path / "profile.toml").write_text(
        'date_formats = ["%d.%m.%Y"]\n[columns]\npatient_id = "Patient"\nperformed_at = "Datum"\npain = "VAS"\n')
    (tmp_path / "thresholds.toml").write_text("[thresholds]\nfirst_review_days = 28\n")
    caseload = load_caseload(tmp_path)
    row = caseload.review().table.iloc[0]
    assert (caseload.door.accepted, caseload.door.cells_left_out) == (29, 1)
    assert row["pain_latest"] == 6
    assert row["flags"] == "persistent"
    assert "[persistent 1.0, own thresholds]" in row["reason"]
    assert "sechs" in row["notices"]


def own_clinic(place):
    with open_clinic(place) as clinic:
        clinic.import_logs(example_folder() / "logs.csv")
        review = clinic.review()
        clinic.review_patient(review, review.table["patient_id"].iloc[0], "call next week")


def test_where_there_is_a_clinic_it_is_loaded_with_what_is_new(home):
    own_clinic(None)
    caseload = load_caseload()
    assert not caseload.cohort.is_example
    table = caseload.review().table
    assert table["last_review_on"].notna().sum() == 1
    assert table["not_imported_since"].notna().all()
    assert "never reviewed" in " ".join(news_counts(caseload.review()))


def test_a_folder_goes_before_the_clinic(home):
    own_clinic(None)
    assert "last_review_on" not in load_caseload(example_folder()).review().table


def test_the_lab_can_be_started_on_another_clinic(home, monkeypatch, capsys):
    monkeypatch.setenv(PLACE_VARIABLE, "")
    own_clinic(home / "other")
    monkeypatch.chdir(home)
    launch.launch_lab(clinic="other", print_only=True)
    assert os.environ[PLACE_VARIABLE] == str(home / "other")
    with pytest.raises(ClinicError, match="There is no clinic in"):
        launch.launch_lab(clinic=str(home / "nowhere"), print_only=True)
