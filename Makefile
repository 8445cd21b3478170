# make demo   train briefly, generate, evaluate, look for anomalies (own virtual environment, then no network)
# make test   the default tests, two at a time
# make coverage   the default tests, and how many lines they reach: in all, and in the ten worst files
# make slow   the tests marked slow
# make lint   ruff and mypy
# make docs   this project's documentation as a site, in site/ (it reads without a network); links are checked
# make wheel  the wheel, in dist/
# make dist   the source archive and the wheel, in dist/, as an index would take them
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

# The first Python that is new enough, unless PYTHON=... names one.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# One thread each: tests run side by side, and threads of a busy machine wait for one another.
demo test coverage slow: export OMP_NUM_THREADS ?= 1

# Where the demo writes, and how long it trains (on one thread: two on a busy machine wait for one another).
DEMO ?= demo
DEMO_STEPS ?= 300
DEMO_JETS ?= 4000

.PHONY: demo test coverage slow lint docs wheel dist clean

demo: $(VENV)/demo.stamp
	rm -rf $(DEMO) && mkdir -p $(DEMO)
	$(BIN)/qgan train --config quark_gluon --steps $(DEMO_STEPS) --seed 1 --threads 1 --out $(DEMO)/run
	$(BIN)/qgan generate --run $(DEMO)/run --n $(DEMO_JETS) --seed 1 --out $(DEMO)/fake.h5
	$(BIN)/qgan evaluate $(DEMO)/fake.h5 --quick --json $(DEMO)/report.json --plots $(DEMO)/plots
	$(BIN)/anomaly compare --configs anomaly_quantum anomaly_conv --seeds 1 --epochs 4 \
		--threads 1 --generated $(DEMO)/fake.h5 --json $(DEMO)/anomaly.json
	@echo
	@echo "Pictures:           $(DEMO)/plots"
	@echo "Curves and images:  $(BIN)/tensorboard --logdir $(DEMO)"

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# Apart from `test`, which it makes a fifth longer.
coverage: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --cov=qgan --cov=anomaly --cov-report=
	@$(BIN)/python -m coverage report --sort=cover | sed -n '1,12p;/^TOTAL/p'

slow: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy

# The theme's advertisement of its successor is left out.
docs: $(VENV)/docs.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

wheel: $(VENV)/dev.stamp
	$(BIN)/python -m build --wheel

dist: $(VENV)/release.stamp
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

clean:
	rm -rf $(VENV) $(DEMO) build dist site *.egg-info

# One stamp for each set of extras; installed again when the requirements change.
$(VENV)/demo.stamp: EXTRAS :=
$(VENV)/test.stamp: EXTRAS := [tested]
$(VENV)/docs.stamp: EXTRAS := [docs]
$(VENV)/dev.stamp: EXTRAS := [dev]
$(VENV)/release.stamp: EXTRAS := [release]

$(VENV)/%.stamp: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "qgan needs Python 3.11 or newer; set PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.$(EXTRAS)'
	@touch $@
