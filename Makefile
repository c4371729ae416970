# Python 3.11 or newer and make are all that is needed: uv, the Python packages and anvil are installed below this directory.

PYTHON ?= python3
UV_VERSION := 0.13.9
UV := $(or $(shell command -v uv),.uv/bin/uv)
BIN := .venv/bin
# One more than there are cores: tests with real nodes mostly wait.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) + 1)

# A chain that runs already (CHAIN_URL) makes anvil unnecessary.
SETUP := $(BIN)/shunzheng $(if $(CHAIN_URL),,$(BIN)/anvil)

export UV_PYTHON := $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
# The processes of nodes start in half the time where Python may keep what it has compiled.
unexport PYTHONDONTWRITEBYTECODE
.DELETE_ON_ERROR:
.PHONY: help browser-test containers demo session test test-slow test-all torture lint format commands chains contracts contracts-deep bench clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1 - /p' Makefile

demo: $(SETUP) ## a chain and two cities, told as a story; ONCE=1 ends it there, JSON=1 prints a summary
	@$(BIN)/shunzheng demo $(if $(ONCE),--once) $(if $(JSON),--json)

session: $(BIN)/shunzheng $(BIN)/anvil ## the session that README.md shows, in a temporary folder with free ports
	@scripts/session.sh

test: $(SETUP) ## every test but the slow ones
	@$(BIN)/pytest -q -n $(WORKERS) --dist loadfile -m "not slow"

test-slow: $(SETUP) ## the slow tests, of more than ten seconds each
	@$(BIN)/pytest -q -n $(WORKERS) -m slow

test-all: $(SETUP) ## every test, with each of Python 3.11 to 3.13 that is installed
	@for v in 3.11 3.12 3.13; do $(UV) python find -q $$v >/dev/null 2>&1 || { echo "No Python $$v here."; continue; }; \
	UV_PYTHON=$$v UV_PROJECT_ENVIRONMENT=.venv-$$v $(UV) run --frozen pytest -q -n $(WORKERS) --dist loadfile || exit; done

torture: $(BIN)/shunzheng $(BIN)/anvil ## everything goes wrong at random for SECONDS=60, as SEED=N settles; DATABASE=sqlite or postgresql
	@$(BIN)/python -m tests.torture --seconds $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED)) $(if $(DATABASE),--database $(DATABASE))

chains: $(BIN)/shunzheng $(BIN)/anvil ## the whole story on doubles of other chains, on Hardhat, Ganache, three Clique validators; KIND=fisco, SHORT=1
	@$(BIN)/python -m tests.chains $(if $(SHORT),--short) $(KIND)

browser-test: $(BIN)/shunzheng tests/browser/npm/node_modules/.package-lock.json ## the counter in a browser: Chromium (apt install chromium), axe-core from npm
	@$(BIN)/pytest -q -s tests/browser

tests/browser/npm/node_modules/.package-lock.json: tests/browser/npm/package-lock.json
	@cd tests/browser/npm && npm ci --loglevel=error
	@touch $@

lint: $(BIN)/shunzheng ## style, types, the direction of imports, container files; changes nothing
	@$(UV) lock --check --quiet
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hadolint docker/Dockerfile
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker/compose.yaml

format: $(BIN)/shunzheng ## format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet; $(BIN)/ruff format

commands: $(BIN)/shunzheng ## write docs/commands.md, the page of every command, from the parsers
	@$(BIN)/python docs/commands.py --write

contracts: ## compile the contract, compare it with the committed artefact, run its tests
	@$(MAKE) --no-print-directory -C contracts check

contracts-deep: ## the long contract checks
	@$(MAKE) --no-print-directory -C contracts deep

containers: ## the story of docker/README.md in a real container engine; one is made of Debian's packages where there is none
	@scripts/containers

bench: $(SETUP) | $(UV) ## measure, beside public peers
	@$(UV) sync --frozen --quiet --group bench
	@$(BIN)/python -m benchmarks

clean: ## remove everything that was installed or cached here
	rm -rf .venv* .uv node_modules contracts/node_modules demo-data dist .hypothesis .*_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/shunzheng: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --frozen
	@touch $@

$(BIN)/anvil: package-lock.json scripts/anvil | $(BIN)/shunzheng
	@scripts/anvil $@ $(UV)

.uv/bin/uv:
	@$(PYTHON) -m venv .uv >&2 && .uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) >&2
