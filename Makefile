# `make demo` and `make test` install what they need into .venv first.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check

.PHONY: help demo test test-all lint benchmark wheel clean

help:            ## show these lines
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/'

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/developing: .venv/installed
	$(PIP) install --quiet --constraint constraints.txt --editable ".[dev,llama,mcp,serve]"
	touch $@

demo: .venv/installed  ## index the example documents, ask, and evaluate
	$(BIN)/rag ingest examples/documents --index .venv/demo/.rag
	@echo
	$(BIN)/rag ask "How many days of annual leave does an employee have?" --index .venv/demo/.rag
	@echo
	$(BIN)/rag eval examples/gold.jsonl --index .venv/demo/.rag --min hit@5=0.95

lint: .venv/developing  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint       ## lint, and the tests that take less than a minute each
	$(BIN)/pytest -m "not slow"

test-all: lint   ## also the long suites: kill loops, quality gates, the wheel
	KILL_TRIALS=40 $(BIN)/pytest

benchmark: .venv/developing  ## time the commands side by side
	$(BIN)/python benchmarks/startup.py

wheel: .venv/developing  ## build the distribution
	$(BIN)/python -m build

clean:           ## remove what these commands made
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache
