# Two commands do everything: `make lab` and `make test`. `make help` lists the others.

VENV := .venv
BIN := $(VENV)/bin
NEWEST_PYTHON := for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done
PYTHON ?= $(shell $(NEWEST_PYTHON))
PINS := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make pins" pyproject.toml

.PHONY: lab test quick robust clinic check browser fix bench pins schemas example clean help

lab: $(VENV)/lab.installed  ## open JupyterLab on the review of the example cohort
	$(BIN)/hipanalytics lab

test: check quick robust clinic browser  ## everything: style, types, layers, quick tests, 2,000 odd files, killed processes, real browser

quick: $(VENV)/dev.installed  ## the quick tests, on both cores
	$(BIN)/python -m pytest -n 2

robust: $(VENV)/dev.installed  ## the door against 2,000 odd files
	HIPANALYTICS_EXAMPLES=350 $(BIN)/python -m pytest -n 2 tests/importers/test_robustness.py

# Before a release: HIPANALYTICS_KILLS=200 HIPANALYTICS_AT_ONCE=full HIPANALYTICS_FLIPS=300 make clinic
clinic: $(VENV)/dev.installed  ## the tests that kill processes and start databases
	$(BIN)/python -m pytest -n 2 -m clinic

check: $(VENV)/dev.installed  ## style, types and layers; changes nothing
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb

browser: $(VENV)/dev.installed  ## the tests that drive a real Chromium
	$(BIN)/python tests/browser/find_chromium.py
	$(BIN)/python -m pytest -m browser

fix: $(VENV)/dev.installed  ## mend style and strip notebooks
	$(BIN)/ruff check --fix .
	$(BIN)/nbstripout notebooks/*.ipynb

schemas: $(VENV)/dev.installed  ## write schemas/ anew
	$(BIN)/hipanalytics schemas schemas

example: $(VENV)/dev.installed  ## write data/example anew
	$(BIN)/hipanalytics demo data/example

bench: $(VENV)/bench.installed  ## speed against its peers, and our flags against the alerts in use
	$(BIN)/python benchmarks/alerts.py
	$(BIN)/python benchmarks/review_speed.py
	$(BIN)/python benchmarks/clinic_speed.py

pins:  ## take newer versions of what we depend on (needs uv)
	$(PINS) --upgrade --group build -o requirements/lab.txt
	$(PINS) --upgrade --group dev -o requirements/dev.txt
	$(PINS) --upgrade --group dev --group bench -o requirements/bench.txt

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 12

$(VENV)/%.installed: requirements/%.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "hipanalytics needs Python 3.11 or newer; none was found."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
