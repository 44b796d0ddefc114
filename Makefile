# The commands of this project. `make demo` and `make test` do everything a newcomer needs.

PYTHON ?= python3
JOBS   ?= 3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help demo test check bench bench-capacity chaos wheel lock schemas clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.installed: pyproject.toml requirements-dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: $(VENV)/.installed  ## install, render the example fleet, publish it to out/delivery.git, show a diff
	@BIN=$(BIN) sh tests/demo.sh

test: $(VENV)/.installed  ## run every test (JOBS=3: one more than two cores, since some wait for services)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: $(VENV)/.installed  ## formatting, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.installed  ## measure speed on generated fleets (SITES="100 1000 10000")
	$(BIN)/python -m tests.bench $(SITES)

bench-capacity: $(VENV)/.installed  ## hold the predicted memory of the broker against a real one (CONNECTIONS=20000)
	$(BIN)/python -m tests.bench.capacity $(CONNECTIONS)

chaos: $(VENV)/.installed  ## disturb publishing on purpose, SEEDS rounds of each fault, and print a table
	$(BIN)/python -m tests.chaos $(SEEDS)

wheel: $(VENV)/.installed  ## build the wheel into dist/
	$(BIN)/python -m build --wheel

schemas: $(VENV)/.installed  ## write schemas/ and what of docs/ is derived anew from what they are derived from
	$(BIN)/python -m tests.generate.build_schemas
	$(BIN)/python -m tests.generate.build_reference
	$(BIN)/python -m tests.generate.build_kubernetes
	$(BIN)/python -m tests.generate.build_capacity

lock: pyproject.toml  ## write requirements-dev.lock anew from pyproject.toml
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(VENV)-lock/bin/python -m pip freeze --exclude-editable > requirements-dev.lock
	rm -rf $(VENV)-lock

clean:  ## remove what was installed and written
	rm -rf $(VENV) out/* dist build
