"""Where the lab's files lie: what came with the package, and what belongs to the user."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path

from hipanalytics.errors import FileError


def notebooks_folder() -> Path:
    """The notebooks as they came with the package, or lie in a checkout."""
    return _shipped("notebooks", "notebooks")


def example_folder() -> Path:
    """The example cohort as it came with the package, or lies in a checkout."""
    return _shipped("example", "data/example")


def user_folder() -> Path:
    """The user's own place: notebooks and the lab's settings. Never inside a checkout."""
    return user_data_path("hipanalytics", appauthor=False)


def _shipped(in_package: str, in_checkout: str) -> Path:
    here = Path(__file__).parent
    for folder in (here / in_package, here.parents[1] / in_checkout):
        if folder.is_dir() and any(folder.iterdir()):
            return folder
    raise FileError(f"The {in_package} that come with hipanalytics are missing: install it again.")
