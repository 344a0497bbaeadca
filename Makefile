# The one door: `make` alone lists the recipes.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test faults bite check format bench lock clean

help: ## List the recipes
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: $(STAMP) ## Make .venv with every locked dependency (done by the others when needed)

$(STAMP): requirements.lock requirements-dev.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) was not found; install Python 3.11 or say PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/floodline compile
	@touch $(STAMP)

demo: $(STAMP) ## Run the whole loop on a real stream (options: ARGS="--stream http_a --keep")
	$(BIN)/floodline demo $(ARGS)

test: $(STAMP) ## Run every test: real Kafka, PostgreSQL, MLflow and browser (options: ARGS="-k labels")
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

faults: $(STAMP) ## Kill, freeze and cut off the consumer 200 times and more; about 40 minutes (FAULT_SEED=1 FAULT_SEEDS=20)
	FAULTS=whole $(BIN)/python -m pytest tests/faults -q -n 2 --dist worksteal $(ARGS)

bite: $(STAMP) ## Remove each safeguard of exactly-once in a copy: a test must fail for each, about 5 minutes (ARGS="rewound")
	$(BIN)/python -m tests.bite $(ARGS)

check: $(STAMP) ## Lint, types, import contracts, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Put the code into its one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## Measure against named baselines in the same run
	$(BIN)/python -m benchmarks $(ARGS)

lock: ## Resolve the dependencies anew (needs uv); no index address is written
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --extra app --extra local --extra s3 pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --extra app --extra local --extra s3 --group dev --constraint requirements.lock pyproject.toml requirements-build.in -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --extra app --extra s3 --constraint requirements.lock pyproject.toml -o deploy/requirements-image.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --constraint requirements-dev.lock requirements-build.in -o deploy/requirements-build.lock

clean: ## Remove what the recipes made
	rm -rf $(VENV) .floodline .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
