import json

import nbclient
import nbformat
import pytest

from hipanalytics.lab.places import example_folder, notebooks_folder
from hipanalytics.lab.user_notebooks import place_notebook, strip_outputs

REVIEW = notebooks_folder() / "review_caseload.ipynb"


def notebook(*sources):
    return {"cells": [{"cell_type": "code", "source": [source], "metadata": {}} for source in sources],
            "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def cells(path):
    return ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def test_a_missing_copy_is_made(tmp_path):
    shipped = write(tmp_path / "shipped" / "review.ipynb", notebook("one"))
    copy = place_notebook(shipped, tmp_path / "own")
    assert copy == tmp_path / "own" / "review.ipynb"
    assert cells(copy) == ["one"]


def test_an_unchanged_copy_is_replaced_by_a_newer_notebook(tmp_path):
    shipped = write(tmp_path / "shipped" / "review.ipynb", notebook("one"))
    copy = place_notebook(shipped, tmp_path / "own")
    ran = json.loads(copy.read_text(encoding="utf-8"))
    ran["cells"][0]["outputs"] = [{"name": "stdout"}]
    ran["cells"][0]["execution_count"] = 4
    write(copy, ran)
    write(shipped, notebook("two"))
    assert cells(place_notebook(shipped, tmp_path / "own")) == ["two"]


def test_a_copy_that_the_user_changed_is_kept(tmp_path):
    shipped = write(tmp_path / "shipped" / "review.ipynb", notebook("one"))
    copy = place_notebook(shipped, tmp_path / "own")
    mine = json.loads(copy.read_text(encoding="utf-8"))
    mine["cells"][0]["source"] = ["mine"]
    write(copy, mine)
    write(shipped, notebook("two"))
    assert cells(place_notebook(shipped, tmp_path / "own")) == ["mine"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": []}', '{"cells": [1], "metadata": {}}'])
def test_a_copy_that_cannot_be_understood_is_kept(tmp_path, content):
    shipped = write(tmp_path / "shipped" / "review.ipynb", notebook("one"))
    copy = tmp_path / "own" / "review.ipynb"
    copy.parent.mkdir()
    copy.write_text(content, encoding="utf-8")
    place_notebook(shipped, tmp_path / "own")
    assert copy.read_text(encoding="utf-8") == content


def test_nothing_computed_is_saved():
    cell = {"cell_type": "code", "source": "show()", "execution_count": 3, "outputs": [{"text": "P-0412"}],
            "metadata": {"execution": {"iopub.status.busy": "2026-03-15"}, "jupyter": {"source_hidden": True}}}
    words = {"cell_type": "markdown", "source": "# Mine", "metadata": {}}
    model = {"type": "notebook", "content": {
        "cells": [cell, words], "metadata": {"widgets": {"state": "P-0412"}, "kernelspec": {"name": "python3"}}}}
    strip_outputs(model, path="review.ipynb", contents_manager=None)
    assert "P-0412" not in json.dumps(model)
    assert cell == {"cell_type": "code", "source": "show()", "execution_count": None, "outputs": [],
                    "metadata": {"jupyter": {"source_hidden": True}}}
    assert words["source"] == "# Mine"
    assert model["content"]["metadata"] == {"kernelspec": {"name": "python3"}}


@pytest.mark.parametrize("model", [{"type": "file", "content": "text"}, {"type": "notebook", "content": None}])
def test_other_files_are_left_alone(model):
    before = dict(model)
    strip_outputs(model)
    assert model == before


def test_the_review_notebook_is_thin_and_holds_no_outputs():
    read = nbformat.read(REVIEW, as_version=4)
    nbformat.validate(read)
    code = [cell for cell in read.cells if cell.cell_type == "code"]
    assert 4 <= len(read.cells) <= 6
    assert read.cells[0].cell_type == "markdown"
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(len(cell.source.splitlines()) <= 3 and cell.metadata.jupyter.source_hidden for cell in code)
    assert read.metadata.kernelspec.name == "python3"


def test_the_review_notebook_runs_from_any_folder(home):
    example_folder()
    read = nbformat.read(REVIEW, as_version=4)
    nbclient.NotebookClient(read, timeout=120, resources={"metadata": {"path": str(home)}}).execute()
    shown = read.cells[-1].outputs[-1]["data"]
    assert "application/vnd.jupyter.widget-view+json" in shown
