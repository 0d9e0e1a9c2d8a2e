# Each target does all of its own set-up: git, make and Python >= 3.11 are enough.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check gate bench wheel clean

demo: .venv/ready  ## the main job: judge a slow backend, see why, fix it, judge again
	$(BIN)/kata demo

test: .venv/ready  ## the whole test suite, in parallel
	$(BIN)/python -m pytest -n auto --dist worksteal -q

check: .venv/ready  ## lint, types, import contracts, and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_house.py

gate: .venv/ready  ## prove every kata: every solution against every check
	$(BIN)/kata author check --all --jobs 6

bench: .venv/ready  ## the benchmarks, as ratios
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

wheel: .venv/ready
	$(BIN)/python -m build --wheel

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "kata needs Python 3.11 or later; this is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf .venv dist build
