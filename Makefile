# Two commands are all a newcomer needs: `make demo` and `make test`. `make help` lists the rest.
#
# The environment is made on first use and again when a requirements file changes; a stamp file in
# it remembers that, so the second run starts at once. Another Python: `make demo PYTHON=python3.12`.

PYTHON ?= python3
VENV ?= .venv
DATA ?= ../shared/data
PRIOR ?= digit
RUN := $(VENV)/bin/python
RUNTIME := $(VENV)/.stamp-runtime
DEV := $(VENV)/.stamp-dev

# The tables of the 2020 paper: every combination of the three kinds of source.
BENCHES := digit,piano drums,piano digit,drums digit,drums,piano
MIXTURES ?= 100
STEPS ?= 6000

.DEFAULT_GOAL := help
.PHONY: help demo test lint format train bench ablations examples clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## the app at http://127.0.0.1:7860
	@$(RUN) app.py

test: $(DEV) ## all tests; those of the page need Chromium (see .ci/run)
	@$(RUN) -m pytest

lint: $(DEV) ## style, formatting and types
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

format: $(DEV) ## rewrite the code in the house format
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

train: $(RUNTIME) ## one prior: make train PRIOR=digit DATA=folder
	@$(RUN) -m bssdemo train prior $(PRIOR) --data $(DATA)

bench: $(RUNTIME) ## the paper's four tables: make bench DATA=folder MIXTURES=100
	@mkdir -p runs/bench
	@for sources in $(BENCHES); do \
	  $(RUN) -m bssdemo bench audio --data $(DATA) --sources $$sources --mixtures $(MIXTURES) --seed 0 \
	    --json runs/bench/$$(echo $$sources | tr , -).json || exit 1; \
	done
	@$(RUN) -m bssdemo bench tables runs/bench/*.json

ablations: $(RUNTIME) ## unmix-and-remix without each of its terms: make ablations DATA=folder STEPS=6000
	@for term in nothing equity adversarial cycle; do for seed in 0 1 2; do \
	  $(RUN) -m bssdemo train mask mnist --data $(DATA) --steps $(STEPS) --seed $$seed --run runs/ablations/$$term-$$seed \
	    $$(test $$term = nothing || echo --without $$term) || exit 1; \
	done; done
	@$(RUN) -m bssdemo bench ablations runs/ablations/* --data $(DATA) --json runs/ablations.json

examples: $(RUNTIME) ## rebuild examples/ from Debian's and npm's packages
	@$(RUN) examples/build.py
	@$(RUN) examples/build_pictures.py

clean: ## remove the environment and what the tools left behind
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .gradio
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "python -m venv failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(RUNTIME): requirements.txt | $(RUN)
	@echo "Installing requirements.txt into $(VENV) (a few minutes the first time) ..."
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt requirements.txt | $(RUN)
	@echo "Installing requirements-dev.txt into $(VENV) (a few minutes the first time) ..."
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(RUNTIME)
