# Every target sets up what it needs: .venv, the locked dependencies, the engine.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test check unit emulator engine bench-engine bench-fleet bench-policy bench-runtime lock clean

help:
	@echo "make demo      two researchers' storage on AWS, without an account, in a minute"
	@echo "make test      every test: unit, emulator, engine"
	@echo "make check     format, lint, types, layers, workflows, README"
	@echo "make unit      tests that touch memory only; likewise: make emulator, make engine"
	@echo "make bench-engine  what our program costs beside a bare one, in a quarter of an hour"
	@echo "make bench-fleet   one shard's change among 100, 1,000 and 10,000 users, a quarter of an hour"
	@echo "make bench-policy  what the policy pack adds to a preview, in a few minutes"
	@echo "make bench-runtime  the runtime beside the SDKs and other libraries, half an hour"
	@echo "make setup     only what the others do first"
	@echo "make lock      lock the dependencies of pyproject.toml anew"
	@echo "make clean     remove the environment and all that runs left; the engine stays cached"

setup:
	@$(PYTHON) sandbox/setup.py

demo: setup
	@$(BIN)/python -m sandbox demo

# Most tests wait for another process. Each worker has servers of its own.
PARALLEL := --numprocesses auto --dist worksteal

test: setup
	$(BIN)/pytest -m "not engine" --cov --cov-report= --cov-fail-under=0 $(PARALLEL)
	$(BIN)/pytest -m engine --cov --cov-append --cov-report=term $(PARALLEL)

bench-runtime: setup
	@$(BIN)/python -m benchmarks.runtime

unit emulator engine: setup
	$(BIN)/pytest -m $@ $(PARALLEL)

# PyPI's package of it downloads the program while it is installed. Shell is not in workflows.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 -shellcheck= -pyflakes=

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/basedpyright --pythonpath policy/.venv/bin/python policy/__main__.py policy/analyzer.py
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet .github/workflows
	@if command -v go > /dev/null; then go run $(ACTIONLINT); \
		else echo "There is no Go here: actionlint is left to CI."; fi
	$(BIN)/pytest -q tests/unit/test_readme.py

bench-engine: setup
	@$(BIN)/python -m benchmarks.engine

bench-policy: setup
	@$(BIN)/python -m benchmarks.policy

bench-fleet: setup
	@$(BIN)/python -m benchmarks.fleet

LOCK := .sandbox/lock/bin/uv pip compile --universal --generate-hashes \
	--no-header --no-annotate --quiet --upgrade
PEERS := benchmarks/peers

lock:
	$(PYTHON) -m venv .sandbox/lock && .sandbox/lock/bin/pip install --quiet uv
	$(LOCK) pyproject.toml --extra infra --output-file requirements.txt
	$(LOCK) pyproject.toml --all-extras --constraint requirements.txt \
		--output-file requirements-dev.txt
	$(LOCK) policy/requirements.in --python-version 3.11 --output-file policy/requirements.txt
	$(LOCK) $(PEERS)/aioboto3.in --python-version 3.11 --output-file $(PEERS)/aioboto3.txt
	$(LOCK) $(PEERS)/others.in --python-version 3.11 --output-file $(PEERS)/others.txt

clean:
	rm -rf .venv policy/.venv .sandbox .coverage .hypothesis .pytest_cache .ruff_cache .import_linter_cache
