# Two commands are all a newcomer needs: `make demo` and `make test`. `make help` lists the rest.
#
# The environment is made on first use and again when a requirements file changes; a stamp file in
# it remembers that, so the second run starts at once. Another Python: `make demo PYTHON=python3.12`.

PYTHON ?= python3
VENV ?= .venv
DATA ?= data
PRIOR ?= digit
RUN := $(VENV)/bin/python
RUNTIME := $(VENV)/.stamp-runtime
TRAIN := $(VENV)/.stamp-train
DEV := $(VENV)/.stamp-dev
TOOLBOX := $(VENV)/tools/bin
TOOLS := $(VENV)/tools/.stamp

# The tables of the 2020 paper: every combination of the three kinds of source.
BENCHES := digit,piano drums,piano digit,drums digit,drums,piano
MIXTURES ?= 100
STEPS ?= 6000

# A crowd on the page: tests/ui/crowd.py.
VISITORS ?= 20
MINUTES ?= 0
RUNS ?= 1000

.DEFAULT_GOAL := help
.PHONY: help demo test lint format train bench ablations examples load soak lock audit clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## the app at http://127.0.0.1:7860
	@$(RUN) app.py

test: $(DEV) ## all tests; those in a browser by themselves, with Chromium (see .ci/run)
	@OMP_NUM_THREADS=1 $(RUN) -m pytest -n 2 --ignore tests/browser
	@$(RUN) -m pytest tests/browser

lint: $(DEV) ## style, formatting and types
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

format: $(DEV) ## rewrite the code in the house format
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

train: $(TRAIN) ## one prior: make train PRIOR=digit DATA=folder
	@$(RUN) -m bssdemo train prior $(PRIOR) --data $(DATA)

bench: $(RUNTIME) ## the paper's four tables: make bench DATA=folder MIXTURES=100
	@mkdir -p runs/bench
	@for sources in $(BENCHES); do \
	  $(RUN) -m bssdemo bench audio --data $(DATA) --sources $$sources --mixtures $(MIXTURES) --seed 0 \
	    --json runs/bench/$$(echo $$sources | tr , -).json || exit 1; \
	done
	@$(RUN) -m bssdemo bench tables runs/bench/*.json

ablations: $(TRAIN) ## unmix-and-remix without each of its terms: make ablations DATA=folder STEPS=6000
	@for term in nothing equity adversarial cycle; do for seed in 0 1 2; do \
	  $(RUN) -m bssdemo train mask mnist --data $(DATA) --steps $(STEPS) --seed $$seed --run runs/ablations/$$term-$$seed \
	    $$(test $$term = nothing || echo --without $$term) || exit 1; \
	done; done
	@$(RUN) -m bssdemo bench ablations runs/ablations/* --data $(DATA) --json runs/ablations.json

examples: $(RUNTIME) ## rebuild examples/ from Debian's and npm's packages
	@$(RUN) examples/build.py
	@$(RUN) examples/build_pictures.py

load: $(DEV) ## many visitors of the page at once: make load VISITORS=20 MINUTES=0
	@PYTHONPATH=. $(RUN) tests/ui/crowd.py load --visitors $(VISITORS) --minutes $(MINUTES)

soak: $(DEV) ## many short runs one after the other: make soak RUNS=1000
	@PYTHONPATH=. $(RUN) tests/ui/crowd.py soak --runs $(RUNS)

lock: $(TOOLS) ## write the *.lock files anew from requirements*.txt, with hashes
	@for name in requirements requirements-dev; do \
	  $(TOOLBOX)/uv pip compile $$name.txt -o $$name.lock --quiet --generate-hashes --universal --python-version 3.11 \
	    --no-emit-package torch --no-strip-extras --custom-compile-command "make lock" || exit 1; \
	done

audit: $(TOOLS) ## known weaknesses of everything that is installed; fails where it cannot ask about all of it
	@grep '^torch==' requirements.txt > $(VENV)/tools/torch.txt
	@(for file in requirements-dev.lock $(VENV)/tools/torch.txt; do \
	  $(TOOLBOX)/pip-audit --strict --no-deps --disable-pip -r $$file || exit 1; done) || \
	  { echo "A weakness is known (above), or the audit could not ask about every package: it has not passed." >&2; exit 1; }

clean: ## remove the environment and what the tools left behind
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .gradio
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "python -m venv failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# Everything but torch by its hash; torch comes last and by its version alone, since its build differs with the
# machine (docs/guide/deploy.md). That second step also says whether lock and requirements still agree.
install = $(RUN) -m pip install --quiet --disable-pip-version-check

$(RUNTIME): requirements.lock requirements.txt | $(RUN)
	@echo "Installing requirements.lock into $(VENV) (a minute or two the first time) ..."
	@$(install) --require-hashes --no-deps -r requirements.lock
	@$(install) -r requirements.txt
	@touch $@

$(TRAIN): requirements-train.txt $(RUNTIME) | $(RUN)
	@echo "Installing requirements-train.txt into $(VENV) ..."
	@$(install) -r requirements-train.txt
	@touch $@

$(DEV): requirements-dev.lock requirements-dev.txt requirements-train.txt requirements-dask.txt requirements.txt | $(RUN)
	@echo "Installing requirements-dev.lock into $(VENV) (a minute or two the first time) ..."
	@$(install) --require-hashes --no-deps -r requirements-dev.lock
	@$(install) -r requirements-dev.txt
	@touch $(RUNTIME) $(TRAIN) $@

$(TOOLS): requirements-tools.txt
	@$(PYTHON) -m venv $(TOOLBOX:/bin=)
	@$(TOOLBOX)/python -m pip install --quiet --disable-pip-version-check -r requirements-tools.txt
	@touch $@
