# Two commands are enough: `make` runs the workflow, `make test` runs the tests.
# Both first make an environment of their own in .venv from the hash-locked requirements.

PYTHON ?= python3
CORES ?= all
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: all run test lint fuzz benchmark lock clean

all: run

run: $(READY)
	@$(BIN)/snakemake --cores $(CORES) $(ARGS)

test: $(READY)
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/snakefmt --check Snakefile rules \
	  && $(BIN)/codespell && $(BIN)/snakemake --lint

fuzz: $(READY)
	@CITYPANEL_FUZZ=$(or $(TIMES),50) $(BIN)/python -m pytest -q -n auto tests/fuzz $(ARGS)

benchmark: $(READY)
	@$(BIN)/python benchmarks/run.py $(ARGS)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "citypanel needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "python's venv is missing: apt-get install python3-venv"; exit 2; }
	@echo "Installing the locked environment into $(VENV) (once, one to three minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --group dev pyproject.toml -o requirements.lock
	echo 'snakemake-executor-plugin-slurm>=2.8,<3' | uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --constraints requirements.lock - -o envs/slurm.txt
	$(BIN)/python envs/pin.py

clean:
	rm -rf results .snakemake
