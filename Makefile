# One command each; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 8000
HOST ?= 127.0.0.1
SCALE ?=
JOBS ?= 2
KILLS ?= 200
WORLDS ?= 2000
ACTS ?= 1000
SEED ?=
ONLY ?=

PIP := .venv/bin/pip --disable-pip-version-check
NODE := .ci/node

# Stamps make a second run instant; each depends on what would make its work stale.
RUNTIME := .venv/.runtime
DEVELOP := .venv/.develop
MODULES := frontend/node_modules/.stamp
BUILT := frontend/build/.stamp
FRONTEND := $(shell [ -d frontend ] && find frontend -type f \
	-not -path '*/node_modules/*' -not -path '*/build/*' -not -path '*/.svelte-kit/*' \
	-not -path '*/paraglide/*' -not -path '*/test-results/*' -not -name '.*' 2>/dev/null)
HAS_FRONTEND := $(wildcard frontend/package.json)

# Packages are fetched for minutes where the network is slow: how far that is is told meanwhile.
INSTALL = $(PIP) install --progress-bar off --no-deps --require-hashes -r $(1) | \
	.ci/progress "$$(grep -c '==' $(1))" '^(Collecting|Processing|Requirement already satisfied:|Ignoring) ' '^Installing collected'

.PHONY: help run setup develop dev test check bench faults campaign client words format clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
		while IFS=$$'\t' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

run: setup ## set up and serve with the demo organisation (PORT=8000)
	@exec .venv/bin/muster serve --demo --host $(HOST) --port $(PORT)

setup: $(RUNTIME) $(if $(HAS_FRONTEND),$(BUILT)) ## only set up: .venv with the muster command, front end built

develop: $(DEVELOP) $(if $(HAS_FRONTEND),$(BUILT)) ## set up for working on Muster: tests and linters too

.venv/bin/python:
	@echo "→ virtual environment"
	@.ci/python

# --no-deps: the lock names everything, and pip 23 refuses a name with extras ("pydantic[email]") that only a package asks for.
$(RUNTIME): requirements.lock pyproject.toml | .venv/bin/python
	@echo "→ Python packages (once)"
	@$(call INSTALL,requirements.lock)
	@$(PIP) install -q --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(DEVELOP): requirements-dev.lock $(RUNTIME)
	@echo "→ Python packages for tests and linters (once)"
	@$(call INSTALL,requirements-dev.lock)
	@touch $@

$(MODULES): frontend/package-lock.json | $(RUNTIME)
	@echo "→ front end packages (once)"
	@cd frontend && ../$(NODE) npm ci --loglevel=http --no-fund --no-audit 2>&1 | \
		../.ci/progress "$$(grep -c '"integrity"' package-lock.json)" 'http fetch GET 200 .*[.]tgz'
	@touch $@

$(BUILT): $(MODULES) $(FRONTEND)
	@echo "→ front end build"
	@cd frontend && ../$(NODE) npm run --silent build
	@touch $@

dev: develop ## serve with the demo organisation, reloaded as files change, beside Vite's server (PORT=8000)
	@exec .venv/bin/python .ci/dev $(PORT)

# loadscope: a module's tests share the instance that its fixtures start; tests/conftest.py says which go first and which together. Coverage
# is that of the code that decides who is enrolled (pyproject.toml names it); a part of the tests says nothing about it.
test: develop ## set up and run every test: Python, front end, real browser (JOBS=2, ONLY=tests/rules for a part)
	@if [ -z "$(ONLY)" ] && [ -n "$(HAS_FRONTEND)" ]; then cd frontend && ../$(NODE) npm run --silent test; fi
	@MUSTER_TEST_CHROMIUM="$$(.ci/chromium)" .venv/bin/python -m pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder \
		$(if $(ONLY),$(ONLY),--cov --cov-report=term --cov-fail-under=95)

check: develop ## linters, types, layers, formatting
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@if [ -n "$(HAS_FRONTEND)" ]; then cd frontend && ../$(NODE) npm run --silent openapi:check; fi
	@if [ -n "$(HAS_FRONTEND)" ]; then cd frontend && ../$(NODE) npm run --silent check; fi
	@if [ -n "$(HAS_FRONTEND)" ]; then cd frontend && ../$(NODE) npm run --silent lint; fi

client: develop ## generate the front end's types from the application's OpenAPI document
	@cd frontend && ../$(NODE) npm run --silent openapi

words: develop ## bring backend/words/fr.po up to the texts in the code; then translate what is empty
	@.venv/bin/python -m tests.words

format: develop ## let the formatters have their way
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format .
	@if [ -n "$(HAS_FRONTEND)" ]; then cd frontend && ../$(NODE) npm run --silent format; fi

bench: develop ## benchmarks with a table and JSON (SCALE= learners, ONLY= parts, DIRECTORY= to keep the data)
	@MUSTER_TEST_CHROMIUM="$$(.ci/chromium)" exec .venv/bin/muster bench $(if $(SCALE),--scale $(SCALE)) $(if $(DIRECTORY),--directory $(DIRECTORY)) $(addprefix --only ,$(ONLY))

faults: develop ## kill and freeze processes of an instance under load and look for losses (KILLS=200, SEED=)
	@exec .venv/bin/python -m tests.faults --kills $(KILLS) $(if $(SEED),--seed $(SEED))

campaign: develop ## say of random acts what they will do, do them, and compare, with the naive model too (WORLDS=2000 ACTS=1000)
	@MUSTER_TEST_WORLDS=$(WORLDS) MUSTER_TEST_ACTS=$(ACTS) .venv/bin/python -m pytest -n $(JOBS) \
		tests/consequences/test_agreement.py tests/enrollment/test_naive_enrollment.py

clean: ## remove what the other targets made, but not the data directory
	@rm -rf .venv frontend/node_modules frontend/build frontend/.svelte-kit .mypy_cache .ruff_cache .pytest_cache
