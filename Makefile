# Only Python (3.11 or newer) and make are needed; every target sets up its own environment first.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
EXTRAS := plot,data,timeseries,numba,nir,dask,hdf5,docs,dev
BENCH_EXTRAS := plot,data,timeseries,numba,bench
PEERS_EXTRAS := data,peers,dev
PINS := .ci/constraints.txt
PIP_INSTALL := -m pip install --disable-pip-version-check --constraint $(PINS) --editable

.DEFAULT_GOAL := help
.PHONY: help .venv .venv-bench .venv-peers python demo test lint format docs bench peers clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile
	@echo "  Options: PYTHON=python3.12 (to build the environment with), ARGS='...' (passed on by demo, test, bench and peers)"

demo: .venv ## Train on real digits and draw what happened (the main job)
	$(BIN)/snnopt demo $(ARGS)

test: .venv ## Run the tests
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto $(ARGS)

lint: .venv ## Check style, format, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv ## Mend what ruff can mend, and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv ## Build the pages, build/docs/index.html: README, tutorials as they run, reference of all public names
	rm -rf build/pages build/docs
	mkdir -p build/pages
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --conf-dir .ci/docs build/pages build/docs

bench: .venv-bench ## Time small suites beside tuned competitors (installs torch, in .venv-bench); ARGS='--suite all' for all
	.venv-bench/bin/python -m tests.benchmarks.speed $(or $(ARGS),--quick)

peers: .venv-peers ## Run our NIR files in other tools' importers (installs torch, snnTorch and Norse, in .venv-peers)
	OPENBLAS_NUM_THREADS=1 .venv-peers/bin/python -m pytest tests/peers $(ARGS)

.venv: .venv/installed ## Build or renew the environment, and nothing else

.venv-bench: .venv-bench/installed

.venv-peers: .venv-peers/installed

.venv/installed: pyproject.toml $(PINS)
	@$(MAKE) --no-print-directory python VENV=.venv
	@echo "Installing snnopt and its tools in .venv (about 1 GB; a minute or two, once) ..."
	@.venv/bin/python $(PIP_INSTALL) ".[$(EXTRAS)]" > .venv/pip.log 2>&1 || { cat .venv/pip.log; exit 1; }
	@touch $@

.venv-bench/installed: pyproject.toml $(PINS)
	@$(MAKE) --no-print-directory python VENV=.venv-bench
	@echo "Installing snnopt and its competitors in .venv-bench (several GB; some minutes, once) ..."
	@.venv-bench/bin/python $(PIP_INSTALL) ".[$(BENCH_EXTRAS)]" > .venv-bench/pip.log 2>&1 || { cat .venv-bench/pip.log; exit 1; }
	@touch $@

.venv-peers/installed: pyproject.toml $(PINS)
	@$(MAKE) --no-print-directory python VENV=.venv-peers
	@echo "Installing snnopt and tools that read its files in .venv-peers (several GB; some minutes, once) ..."
	@.venv-peers/bin/python $(PIP_INSTALL) ".[$(PEERS_EXTRAS)]" > .venv-peers/pip.log 2>&1 || { cat .venv-peers/pip.log; exit 1; }
	@touch $@

# An empty environment in $(VENV), unless there is one that runs.
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "snnopt needs Python 3.11 or newer, and '$(PYTHON)' is not: $$($(PYTHON) --version 2>&1)."; \
	  echo "Name one that is, for instance: make test PYTHON=python3.12"; exit 1; }
	@$(VENV)/bin/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || { \
	  echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu it needs the package python3-venv."; exit 1; }

clean: ## Remove environments, caches and build products
	rm -rf .venv .venv-bench .venv-peers build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
