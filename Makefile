# The README's commands. Set-up happens by itself and is skipped when nothing changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes
LOCK = $(BIN)/uv pip compile --quiet --no-config --default-index https://pypi.org/simple --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock" $(UPGRADE)

.PHONY: run test check bench lock clean

run: $(VENV)/runtime.stamp
	$(BIN)/python -m pipelines build
	$(BIN)/streamlit run app.py --server.port $${PORT:-8501} --server.headless true

test: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.microscope
	$(BIN)/python -m benchmarks.throttle
	$(BIN)/python -m benchmarks.downloads
	$(BIN)/python -m benchmarks.hawkes

# After a change of requirements.txt or requirements-dev.txt: every package they lead to, with the hashes of its files
# on PyPI for every platform. With UPGRADE=--upgrade the packages that nobody pinned become the newest ones.
lock: $(VENV)/dev.stamp
	$(LOCK) requirements.txt --output-file requirements.lock
	$(LOCK) requirements-dev.txt --constraint requirements.lock --output-file requirements-dev.lock

$(VENV)/runtime.stamp: requirements.lock
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Crashday needs Python 3.11 or newer; set PYTHON=python3.x"'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements.lock
	touch $@

$(VENV)/dev.stamp: $(VENV)/runtime.stamp requirements-dev.lock
	$(INSTALL) -r requirements-dev.lock
	touch $@

clean:
	rm -rf $(VENV) data/warehouse data/snapshots data/tmp
