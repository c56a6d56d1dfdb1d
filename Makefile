# The README's commands. Set-up happens by itself and is skipped when nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check bench clean

run: $(VENV)/runtime.stamp
	$(BIN)/python -m pipelines build
	$(BIN)/streamlit run app.py --server.port $${PORT:-8501} --server.headless true

test: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.microscope
	$(BIN)/python -m benchmarks.throttle
	$(BIN)/python -m benchmarks.hawkes

$(VENV)/runtime.stamp: requirements.txt
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Crashday needs Python 3.11 or newer; set PYTHON=python3.x"'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/dev.stamp: $(VENV)/runtime.stamp requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) data/warehouse data/snapshots data/tmp
