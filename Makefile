# Two commands do everything on a machine with Python 3.11+ and make: `make demo` and `make test`.
# Both build .venv by themselves from requirements.lock.

PYTHON ?= python3
BIN := .venv/bin
LOCALS := -e . -e core -e connectors/stripe -e connectors/salesforce -e connectors/hubspot -e connectors/launchdarkly
PYPROJECTS := pyproject.toml core/pyproject.toml $(wildcard connectors/*/pyproject.toml)
COMPILE := $(BIN)/uv pip compile $(PYPROJECTS) --all-extras --group dev --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-package atlas-hub --no-emit-package atlas-hub-core --quiet
SOURCES := atlas_hub core connectors tests examples

.DEFAULT_GOAL := help
.PHONY: help demo test check bench dev crash chaos mutants lock lock-check clean

help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: .venv/ready  ## The main job end to end: usage in, invoices out, paid at a simulated Stripe
	@$(BIN)/atlas-hub demo $(ARGS)

test: .venv/ready  ## All tests, on a real PostgreSQL and Valkey
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

crash: .venv/ready  ## Kill workers in the middle of deliveries, CASES times (default 100)
	@ATLAS_CRASH_CASES=$(or $(CASES),100) ATLAS_CRASH_SEED=$(SEED) $(BIN)/python -m pytest -q -s --timeout=0 \
		tests/e2e/test_crashes.py -k again_and_again $(ARGS)

bench: .venv/ready  ## Measure; every figure is a ratio against a floor taken in the same run
	@for script in tests/bench/*_bench.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

mutants: .venv/ready  ## Plant mistakes in the core's arithmetic and see that a test notices
	@rm -rf mutants && mkdir -p mutants/tests
	@cp -r core/atlas_hub_core mutants/ && cp tests/unit/core/test_*.py mutants/tests/
	@rm mutants/tests/test_core_readme.py && cp tests/mutants.cfg mutants/setup.cfg
	@cd mutants && ../$(BIN)/mutmut run --max-children 2 && ../$(BIN)/mutmut results

check: .venv/ready lock-check  ## Format, lint, types, import contracts, lock
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

dev: .venv/ready  ## Run the hub on this machine, data in ./.atlas
	@$(BIN)/atlas-hub serve

lock: .venv/ready  ## Rewrite requirements.lock from the pyproject files
	$(COMPILE) --output-file requirements.lock

lock-check: .venv/ready
	@cp requirements.lock .venv/lock.check
	@$(COMPILE) --output-file .venv/lock.check
	@diff requirements.lock .venv/lock.check || { echo "requirements.lock and pyproject.toml disagree: run 'make lock'"; exit 1; }

clean:  ## Remove what the other commands built
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis mutants dist

# One step is refused: pip wants a hash for everything once it wants one, and local folders have none.
.venv/ready: requirements.lock $(PYPROJECTS)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Atlas Hub needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@echo "Building .venv (about a minute, once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index $(LOCALS)
	@touch $@
