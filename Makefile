# Everything a person or a pipeline runs; each target sets up what is missing. `make help` lists them.
STACK ?= staging
PYTHON ?= python3
TIERS ?=

PHI := .venv/bin/phi
UV_VERSION := $(shell sed -n 's/.*"uv==\([^"]*\)".*/\1/p' pyproject.toml)
READY := .venv/.ready
SOURCES := $(wildcard *.py) checking components engine layers localaws operations policies settings

.DEFAULT_GOAL := help
.PHONY: help setup up preview down test check docs bench

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

setup: $(READY) ## Create .venv with the locked dependencies

$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed, found: $$($(PYTHON) --version 2>&1). Name another with make PYTHON=python3.12" >&2; exit 1; }
	@test -x .venv/bin/uv || $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "This Python cannot create virtual environments. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@test -x .venv/bin/uv || { echo "Setting up .venv"; $(PYTHON) -m venv .venv && .venv/bin/python -m pip install --quiet uv==$(UV_VERSION); }
	@.venv/bin/uv sync --locked --quiet --compile-bytecode
	@.venv/bin/python -m compileall -q $(SOURCES) # each process of a run would do it anew where Python may not write (PYTHONDONTWRITEBYTECODE)
	@touch $@

up: setup ## Deploy STACK (staging) to the embedded AWS, policies enforced
	@$(PHI) local up $(STACK)

preview: setup ## Show what `make up` would change
	@$(PHI) local preview $(STACK)

down: setup ## Destroy STACK on the embedded AWS; leaves no process and no state
	@$(PHI) local down $(STACK)

check: setup ## Lint, format, types, import rules
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/pyright
	@.venv/bin/lint-imports --no-logo

test: setup ## Run make check and every test tier, with one summary (TIERS="unit policies" for some)
	@.venv/bin/python -m tests.tiers $(TIERS)

docs: setup ## Write the generated references of docs/ anew
	@.venv/bin/python -m docs

bench: setup ## Measure previews, updates, memory and imports; prints JSON
	@.venv/bin/python -m benchmarks
