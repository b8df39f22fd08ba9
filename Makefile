PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The suite starts hundreds of processes; none should compile what another one has compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo run test check lint types unit soak bench bench-peers bench-micro clean

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/carrier-router demo

run: $(STAMP)
	$(BIN)/carrier-router demo --stay

check: lint types unit

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	$(BIN)/pytest -n auto -m "not process and not end_to_end and not deep and not soak" --hypothesis-profile=quick

test: lint types
	$(BIN)/pytest -n auto

soak: $(STAMP)
	$(BIN)/pytest -m soak --durations=0
	$(BIN)/python -m tests.bench.million --messages 200000

# What it draws with is no part of the other targets' set-up.
$(VENV)/.bench: $(STAMP)
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $@

bench: $(VENV)/.bench
	$(BIN)/carrier-router bench --at 0.8 --json bench-batches.json --plot bench-batches.png
	$(BIN)/carrier-router bench --single --at 0.8 --json bench-single.json --plot bench-single.png

bench-peers: $(STAMP)
	$(BIN)/carrier-router bench --against kannel --messages 20000

bench-micro: $(STAMP)
	$(BIN)/pytest -v tests/bench/micro.py --benchmark-group-by=func --benchmark-columns=min,median,ops,rounds

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
