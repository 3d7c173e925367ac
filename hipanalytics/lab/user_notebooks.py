"""The user's copies of the notebooks: made fresh while nobody has changed them, and saved without any patient data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

_OWN: Final = "hipanalytics"
"""Metadata in a notebook that remember what it was copied from."""


def place_notebook(shipped: Path, folder: Path) -> Path:
    """The user's copy of a notebook, to be opened.

    Rule: copied where it is missing, and again where a newer one came with the package and the user has not changed
    the old. A copy that the user has changed is kept as it is.
    """
    copy = folder / shipped.name
    notebook = json.loads(shipped.read_text(encoding="utf-8"))
    if not copy.exists() or _is_unchanged(copy):
        folder.mkdir(parents=True, exist_ok=True)
        notebook["metadata"][_OWN] = {"copied_from": _fingerprint(notebook)}
        copy.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return copy


def _is_unchanged(copy: Path) -> bool:
    try:
        notebook = json.loads(copy.read_text(encoding="utf-8"))
        return bool(notebook["metadata"][_OWN]["copied_from"] == _fingerprint(notebook))
    except (ValueError, KeyError, TypeError):
        return False


def _fingerprint(notebook: dict[str, Any]) -> str:
    """Of what the cells say: not of outputs, numbering and the like, which a mere run changes."""
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def strip_outputs(model: dict[str, Any], **_: Any) -> None:
    """Leave out of a notebook that is being saved all that was computed: it may hold patient data.

    JupyterLab calls this before each save (`pre_save_hook`).
    """
    if model["type"] != "notebook" or not isinstance(model["content"], dict):
        return
    model["content"].get("metadata", {}).pop("widgets", None)
    for cell in model["content"].get("cells", []):
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            cell["metadata"].pop("execution", None)
