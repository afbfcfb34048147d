# Sets up what it needs by itself: Python 3.11 or newer is all it asks for. `make help` lists the targets.
# Written for GNU make 3.81 (macOS) and later; all paths are relative, so the folder may have any name.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# Choose an interpreter with `make demo PYTHON=/path/to/python3.12`.
PYTHON ?=
# Passed on by demo, test, bench and screenshots: `make demo ARGS=--tour`.
ARGS ?=

BIN := .venv/bin
READY := .venv/.ready
LOCK := $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
    --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input

.PHONY: help setup demo test lint types bench screenshots lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## make the virtual environment (the others do it when needed)

demo: $(READY) ## try it: a stand-in for Slack, a small CRM and the coach, on this machine only
	@$(BIN)/coach demo $(ARGS)

# Four at a time also on two cores: most tests wait for a server or a browser most of the time.
test: $(READY) ## run every test on SQLite and PostgreSQL
	@$(BIN)/python -m pytest -n 4 --dist worksteal -q $(ARGS)

lint: $(READY) ## style, format, import contracts and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory types

types: $(READY) ## mypy, strict
	@$(BIN)/mypy

bench: $(READY) ## measure against references in the same run; prints a table and JSON
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(READY) ## take the README's pictures of the playground anew
	@$(BIN)/python -m tests.e2e.screenshots $(ARGS)

lock: $(READY) ## pin the newest versions that pyproject.toml allows, with their hashes
	@echo "Resolving dependencies and collecting hashes (about two minutes) ..."
	@$(LOCK) --extra dev --output-file constraints.txt pyproject.toml
	@# From 49 on, cryptography has no wheel for Macs with an Intel processor.
	@echo 'cryptography<49' > .venv/intel-mac.in
	@$(LOCK) --no-annotate --output-file .venv/intel-mac.txt .venv/intel-mac.in
	@awk -v mac='sys_platform == "darwin" and platform_machine == "x86_64"' \
	    -v other='sys_platform != "darwin" or platform_machine != "x86_64"' \
	    '/^[a-z]/ { mine = /^cryptography==/ } \
	     FNR == NR { if (/^cryptography==/) sub(/ \\$$/, " ; " mac " \\"); \
	       if (mine) old = old $$0 "\n"; next } \
	     /^cryptography==/ { printf "%s", old; sub(/ \\$$/, " ; " other " \\") } \
	     { print }' .venv/intel-mac.txt constraints.txt > .venv/constraints.txt
	@cp .venv/constraints.txt constraints.txt
	@echo "constraints.txt is up to date; the next make installs it."

clean: ## remove everything that was made here (the coach's data folder stays)
	@rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis \
	    .import_linter_cache test-results bench-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@set -e; \
	if ! $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  found=; \
	  for candidate in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    [ -n "$$candidate" ] || continue; \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      found="$$candidate"; break; \
	    elif [ "$$candidate" = "$(PYTHON)" ]; then \
	      echo "PYTHON=$(PYTHON) is not a Python 3.11 or newer; give the path of one." >&2; exit 1; \
	    fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "Python 3.11 or newer is needed and none was found; install one, or say where it is: make PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	  fi; \
	  echo "Setting up .venv with $$("$$found" -V) ..."; \
	  rm -rf .venv; \
	  "$$found" -m venv .venv || { \
	    rm -rf .venv; \
	    echo "The virtual environment could not be made; on Debian and Ubuntu install the package python3-venv first." >&2; \
	    exit 1; }; \
	fi; \
	echo "Installing the pinned dependencies (about a minute the first time) ..."; \
	{ $(PIP) --require-hashes -r constraints.txt && $(PIP) --no-deps --no-build-isolation -e . ; \
	} > .venv/setup.log 2>&1 || { \
	  cat .venv/setup.log >&2; \
	  echo "The installation failed; pip says why above. Run make again once that is mended." >&2; \
	  exit 1; }; \
	touch $(READY); \
	echo "Ready."
