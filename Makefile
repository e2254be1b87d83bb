# `make demo` and `make test` install what they need into .venv first.
PYTHON ?= python3
# How many processes run tests at once. One thread for BLAS and OpenMP in each: they would take the cores from one another.
WORKERS ?= 2
PYTEST = OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check

.PHONY: help demo test test-all lint benchmark docs lock sbom audit wheel clean

help:            ## show these lines
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/'

# The CPU build of torch; where PIP_FIND_LINKS names a folder, it is looked for there.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
ifeq ($(PIP_FIND_LINKS)$(PIP_EXTRA_INDEX_URL),)
export PIP_EXTRA_INDEX_URL := $(TORCH_INDEX)
endif

# torch comes first and by its version alone: its builds for the CPU are on an index of their own, one for each Python.
# Everything else is locked, and its hashes are compared.
.venv/installed: pyproject.toml constraints.txt locks/ragcli.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --quiet --no-deps "$$(grep '^torch==' constraints.txt)"
	$(PIP) install --quiet --no-deps --require-hashes --requirement locks/ragcli.txt
	$(PIP) install --quiet --no-deps --editable .
	touch $@

# llama-cpp-python is compiled for any processor with AVX2: by itself it takes every instruction that the processor names,
# and virtual machines name some (AMX) that end the program when it uses them.
.venv/developing: .venv/installed locks/developing.txt
	CMAKE_ARGS="$${CMAKE_ARGS--DGGML_NATIVE=OFF}" $(PIP) install --quiet --no-deps --require-hashes --requirement locks/developing.txt
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
	$(PYTEST) -m "not slow"

test-all: lint   ## also the long suites: kill loops, quality gates, the wheel
	KILL_TRIALS=40 $(PYTEST)

docs: .venv/developing  ## build the documentation into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file docs/mkdocs.yml

benchmark: .venv/developing  ## time the commands side by side
	$(BIN)/python benchmarks/startup.py

LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --no-header pyproject.toml --universal \
	--python-version 3.11 --constraint constraints.txt

lock: .venv/developing  ## newest versions that pyproject.toml and constraints.txt allow, with their hashes
	$(LOCK) --upgrade --all-extras --output-file locks/developing.txt
	cp locks/developing.txt locks/ragcli.txt
	$(LOCK) --extra models --output-file locks/ragcli.txt
	for lock in locks/*.txt; do \
		sed -i.before "s/^\(torch==[0-9.]*\) ;.*/\1 ; sys_platform == 'darwin' \\\\/" $$lock; done
	rm locks/*.before

sbom: .venv/developing  ## write dist/sbom.json, the bill of materials (CycloneDX) of what is installed with every extra
	mkdir -p dist
	$(BIN)/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-reproducible --no-validate \
		--output-format JSON --output-file dist/sbom.json

audit: .venv/developing  ## ask PyPI which locked versions have known vulnerabilities
	$(BIN)/pip-audit --strict --requirement locks/developing.txt --disable-pip --no-deps --progress-spinner off \
		> .venv/audit.log 2>&1 || { tail -n 20 .venv/audit.log; \
		if grep -q -e 'not found on PyPI' -e 'Max retries' .venv/audit.log; then \
		echo "Nothing was audited: https://pypi.org/pypi cannot be asked from here. Run it where it can."; fi; false; }
	tail -n 1 .venv/audit.log

wheel: .venv/developing  ## build the distribution
	$(BIN)/python -m build

clean:           ## remove what these commands made
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache
