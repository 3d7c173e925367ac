"""Starts JupyterLab on the review notebook: with settings of its own, and without a word to any other machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hipanalytics.clinic.clinic import open_clinic
from hipanalytics.clinic.places import PLACE_VARIABLE
from hipanalytics.errors import FileError
from hipanalytics.lab.places import notebooks_folder, user_folder
from hipanalytics.lab.user_notebooks import place_notebook

REVIEW_NOTEBOOK: Final = "review_caseload.ipynb"
FOLDER_VARIABLE: Final = "HIPANALYTICS_FOLDER"
"""Tells the notebook which data folder the lab was started on."""

_NOT_NEEDED: Final = ("@jupyterlab/apputils-extension:announcements", "@jupyterlab/debugger-extension")
"""Parts of JupyterLab that are left out: news, and the debugger, which would open a port of its own."""

_WORKSPACE_FILE: Final = "default-37a8.jupyterlab-workspace"
_FIRST_WORKSPACE: Final = {
    "data": {"layout-restorer:data": {"left": {"collapsed": True, "visible": True}}}, "metadata": {"id": "default"}}
"""How the screen looks at the first start: the notebook alone, without the list of files."""

_HOW_TO: Final = (
    "JupyterLab opens in your web browser in a moment, on the review of the caseload. There, choose Run, then Run All "
    "Cells.\nIf no browser opens, copy the last address below into one. To stop: Ctrl+C here.\n")

_LONGEST_SOCKET_FOLDER: Final = 40
"""Characters; the system refuses longer paths of the sockets that lie within."""
_NOT_INHERITED: Final = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTERLAB_DIR", "JUPYTER_TOKEN")


def launch_lab(
    *, folder: str | Path | None = None, clinic: str | None = None, port: int | None = None, open_browser: bool = True,
    print_only: bool = False,
) -> int:
    """Open JupyterLab on the review notebook, until it is stopped.

    Rule: JupyterLab runs with settings of its own, in the user's data folder; the user's Jupyter is not touched. It
    listens on this machine alone and keeps its token; it asks no other machine for news or updates; what is saved
    holds no results, and no history of what was run is kept.
    Parameters: folder: session logs, plans, pauses and patients to review. clinic: the clinic to review, its folder or
    its address; default: the user's own clinic, else the example cohort. port: of the address; default: the next free
    one from 8888 on. print_only: say what would be started, and start nothing.
    Returns: JupyterLab's exit status; 0 where nothing was started.
    Raises: FileError where the folder does not exist.
    """
    data_folder = _check_folder(folder)
    named = clinic or (None if folder else os.environ.get(PLACE_VARIABLE))
    if named:
        os.environ[PLACE_VARIABLE] = _check_clinic(named)
    notebook = place_notebook(notebooks_folder() / REVIEW_NOTEBOOK, user_folder() / "notebooks")
    with _runtime_folder() as runtime:
        command = lab_command(notebook, port=port, open_browser=open_browser)
        places = lab_environment(user_folder() / "lab", runtime, data_folder)
        if print_only:
            sys.stdout.write(_said(command, places))
            return 0
        write_settings(user_folder() / "lab", ipc=_takes_sockets(runtime))
        sys.stderr.write(_HOW_TO)
        return _run(command, {**_inherited(), **places})


def _check_clinic(place: str) -> str:
    """The clinic as the kernel, in another folder, finds it. Raises: ClinicError where it cannot be opened."""
    with open_clinic(place, create=False) as opened:
        folder = opened.session.database.place.folder
    return place if folder is None else str(folder)


def lab_command(notebook: Path, *, port: int | None, open_browser: bool) -> list[str]:
    """The command that starts JupyterLab on this notebook."""
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={notebook.parent}",
        f"--LabApp.default_url=/lab/tree/{notebook.name}",
    ]
    if port is not None:
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    return command if open_browser else [*command, "--no-browser"]


def lab_environment(settings: Path, runtime: Path, data_folder: Path | None) -> dict[str, str]:
    """The places that JupyterLab and its kernels use instead of the user's."""
    places = {
        "JUPYTER_CONFIG_DIR": settings / "config",
        "JUPYTER_DATA_DIR": settings / "data",
        "JUPYTER_RUNTIME_DIR": runtime,
        "JUPYTERLAB_SETTINGS_DIR": settings / "user-settings",
        "JUPYTERLAB_WORKSPACES_DIR": settings / "workspaces",
        "IPYTHONDIR": settings / "ipython",
    }
    variables = {name: str(place) for name, place in places.items()} | {"JUPYTER_PREFER_ENV_PATH": "1"}
    return variables if data_folder is None else {**variables, FOLDER_VARIABLE: str(data_folder)}


def write_settings(settings: Path, *, ipc: bool) -> None:
    """Write the lab's own settings; what the user sets in JupyterLab is kept apart from them, and wins."""
    _write(settings / "config" / "jupyter_server_config.json", _server_settings(ipc=ipc))
    _write(settings / "config" / "labconfig" / "default_setting_overrides.json", _screen_settings())
    _write(settings / "config" / "labconfig" / "page_config.json", {
        "disabledExtensions": dict.fromkeys(_NOT_NEEDED, True)})
    _write(settings / "config" / "custom" / "custom.css", (Path(__file__).parent / "notebook.css").read_text("utf-8"))
    workspace = settings / "workspaces" / _WORKSPACE_FILE
    if not workspace.exists():
        _write(workspace, _FIRST_WORKSPACE)
    _write(settings / "ipython" / "profile_default" / "ipython_kernel_config.json", {
        "HistoryManager": {"enabled": False, "hist_file": ":memory:"}})


def _server_settings(*, ipc: bool) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "Application": {"log_level": "ERROR"},
        "ServerApp": {"ip": "127.0.0.1", "allow_root": _is_root(), "answer_yes": True, "terminals_enabled": False},
        "LabApp": {
            "extension_manager": "readonly", "news_url": None,
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate", "custom_css": True},
        "LanguageServerManager": {"autodetect": False},
        "FileContentsManager": {"pre_save_hook": "hipanalytics.lab.user_notebooks.strip_outputs"},
    }
    return settings | ({"KernelManager": {"transport": "ipc"}} if ipc else {})


def _is_root() -> bool:
    """Whether this is a container's only user, for whom JupyterLab would not start."""
    return os.name == "posix" and os.geteuid() == 0


def _screen_settings() -> dict[str, Any]:
    return {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "recordTiming": False},
    }


def _write(path: Path, content: dict[str, Any] | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, indent=2) + "\n"
    path.write_text(text, encoding="utf-8")


def _check_folder(folder: str | Path | None) -> Path | None:
    if folder is None:
        return None
    path = Path(folder).expanduser().resolve()
    if not path.is_dir():
        raise FileError(f"There is no folder {folder}.")
    return path


@contextmanager
def _runtime_folder() -> Iterator[Path]:
    """A folder for this run's connection files and sockets, readable by the user alone, gone afterwards."""
    short = "/tmp" if os.name == "posix" else None  # noqa: S108 - made for this run alone, with a name of its own
    with tempfile.TemporaryDirectory(prefix="hipanalytics-", dir=short, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _takes_sockets(runtime: Path) -> bool:
    return os.name == "posix" and len(str(runtime)) <= _LONGEST_SOCKET_FOLDER


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in (*_NOT_INHERITED, FOLDER_VARIABLE)}


def _said(command: list[str], places: dict[str, str]) -> str:
    return "\n".join([*(f"{name}={value}" for name, value in places.items()), " ".join(command), ""])


def _run(command: list[str], environment: dict[str, str]) -> int:
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603 - our own command, no shell
        before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            return process.wait()
        except KeyboardInterrupt:  # JupyterLab was told as well, and closes its kernels
            return process.wait()
        finally:
            signal.signal(signal.SIGTERM, before)
