.DEFAULT_GOAL := help
SHELL := /usr/bin/env bash -euo pipefail
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

BIN := .venv/bin
STAMP := .venv/.installed
REPORTS := build/demo
GOOD := examples/scaling/equivalence_fixed_scaling.py
BROKEN := examples/scaling/equivalence_broken_scaling.py

# What TensorFlow 1.15's Python runs.
OLD_PYTHON := $(addprefix runner/tf_equivalence/,__init__.py case.py estimator.py guards.py recording.py stacks.py trace.py worker)

.PHONY: help
help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

$(STAMP): locks/develop.txt pyproject.toml scripts/install
	@scripts/install
	@touch $@

.PHONY: demo
demo: $(STAMP) ## Check one right and one broken migration, and show where the reports are
	@mkdir -p $(REPORTS)
	@status=0; $(BIN)/tf-equivalence run $(GOOD) $(BROKEN) \
		--junit-file $(REPORTS)/junit.xml --json-file $(REPORTS)/results.json --html-file $(REPORTS)/report.html || status=$$?; \
	if [ $$status -ne 1 ]; then \
		echo "make demo: expected exit code 1, for the broken migration, and got $$status" >&2; exit 1; \
	fi
	@echo; echo "The broken migration was caught, and the right one passed. The reports:"
	@ls -1 $(REPORTS)/junit.xml $(REPORTS)/results.json $(REPORTS)/report.html

.PHONY: test
test: $(STAMP) ## Run the tests
	@$(BIN)/pytest -n auto --dist loadfile -m "not slow and not image" tests

.PHONY: test-slow
test-slow: $(STAMP) ## Run the tests that take more than half a minute
	@$(BIN)/pytest -n auto --dist loadfile -m slow tests

.PHONY: image
image: ## Build the image tf-equivalence:local
	@scripts/image

.PHONY: image-full
image-full: ## Build the image tf-equivalence:full, with the full build of TensorFlow
	@scripts/image full

.PHONY: test-image
test-image: $(STAMP) ## Test the action in its image, and check workflows and Dockerfile
	@scripts/install_checkers
	@scripts/install_browser
	@scripts/image
	@scripts/image test
	@DOCKER=$$(scripts/engine) $(BIN)/pytest -n auto --dist loadfile -m image tests

.PHONY: lint
lint: $(STAMP) ## Check style, types, the direction of imports, and Python 3.7 where it counts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/vermin --target=3.7- --violations --no-tips --eval-annotations $(OLD_PYTHON)

.PHONY: format
format: $(STAMP) ## Put the code into shape
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

.PHONY: docs
docs: ## Build the documentation into build/docs-html
	@scripts/docs

.PHONY: bench
bench: $(STAMP) ## Measure speed and memory beside the guide's code as a plain script
	@$(BIN)/python -m benchmarks

.PHONY: bench-verdicts
bench-verdicts: $(STAMP) ## Show what wrongly passes and what wrongly fails, here and in other comparators
	@scripts/install_peers
	@$(BIN)/python -m benchmarks.verdicts

.PHONY: bench-pinpoint
bench-pinpoint: $(STAMP) ## Measure how often the line, the operation and the setting of a seeded bug are named
	@$(BIN)/python -m benchmarks.pinpoint

.PHONY: bench-compare
bench-compare: $(STAMP) ## Measure the comparator beside NumPy's and Polygraphy's
	@scripts/install_peers
	@$(BIN)/python -m benchmarks.compare

.PHONY: bench-image
bench-image: $(STAMP) ## Measure the image: its size by layer, the time to the first step, the time to build it again
	@DOCKER=$$(scripts/engine) $(BIN)/python -m benchmarks.image

.PHONY: lock
lock: ## Renew the pinned versions and their hashes
	@scripts/lock

.PHONY: clean
clean: ## Remove what the other commands made, the virtual environment included
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache runner/*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
