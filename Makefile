# `make` alone explains. Everything runs in .venv, from the locked dependencies, on PostgreSQL and Redis of our own.

PORT ?= 8000
SHELL := /bin/sh
BIN := .venv/bin
SERVICES := $(BIN)/python -m iop_portal.local_services run
SIDE_BY_SIDE = $(MAKE) --no-print-directory --jobs=2 --output-sync=target
QUICK := not looks and not faults
export PORT

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types style migrated looks faults bench mutants lock clean

help: ## explain the targets
	@grep -E '^[a-z]+:.* ## ' Makefile | sed -E 's/^([a-z]+):.* ## /  make \1\t/' | expand -t 16

demo: install ## a whole program to walk through, with people and history; PORT= moves it, Ctrl-C stops it
	@exec env PATH="$(CURDIR)/$(BIN):$$PATH" $(SERVICES) --with-parent --keep . -- $(BIN)/python -m iop_portal.demo

test: install ## lint, types, architecture, access table, units and journeys, in under ten minutes
	@$(SIDE_BY_SIDE) types style migrated
	@$(BIN)/pytest -n 2 --dist worksteal -m "$(QUICK)"

lint: install ## format, lint, types, architecture, missing migrations
	@$(SIDE_BY_SIDE) types style

types: install
	@$(BIN)/mypy .

migrated: install
	@$(BIN)/python -m tests.migrated

style: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@git ls-files -z '*.html' | xargs -0 -r $(BIN)/djade --check --target-version 5.2
	@$(BIN)/lint-imports
	@$(SERVICES) -- $(BIN)/python manage.py makemigrations --check --dry-run

looks: install ## every page in every width and theme, with axe
	@$(BIN)/pytest -n 2 -m looks

faults: install ## races, kills and outages
	@$(BIN)/pytest -m faults

bench: install ## how long the pages take, as ratios
	@$(SERVICES) -- $(BIN)/python -m tests.benchmarks

mutants: install ## remove each scoping filter and see a test fail
	@$(BIN)/python tests/mutants.py

lock: install ## resolve the dependencies anew, pinned by hash (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--group dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean: ## remove everything made here, the demo's data included
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m iop_portal.local_services forget .; fi
	@rm -rf .venv .local staticfiles build .*_cache .hypothesis

install:
	@test "$$(cat .venv/installed 2>/dev/null)" = "$$(sha256sum requirements-dev.lock)" || { \
		for python in $(PYTHON) python3.12 python3.11 python3; do \
			if $$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
				2>/dev/null; then found=$$python; break; fi; \
		done; \
		test -n "$$found" || { echo "Python 3.11 or 3.12 with its venv module is needed: install it, or name it with PYTHON=" >&2; exit 1; }; \
		echo "Installing the locked dependencies with $$found ..."; \
		$$found -m venv .venv && $(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock && \
		sha256sum requirements-dev.lock > .venv/installed; }
