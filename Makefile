# Everything a curator or developer types. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SET ?=
ARGS ?=
BENCH ?= $(wildcard ../shared/data/sag_examples ../shared/data/imagenet100)

.PHONY: help gallery serve doctor publish check-zensical test test-slow test-lowest bench-search bench-heatmaps bench-memory bench-vae concepts vae audit check lint format types install install-dev clean distclean

help: ## List these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

gallery: $(VENV)/.installed ## Build the default set, or SET=path/to/gallery.toml, into site/
	@.ci/need dot graphviz
	@GALLERY_SERVE_HINT='make serve' $(BIN)/gallery build $(SET) $(ARGS)

serve: $(VENV)/.installed ## Preview site/ in a browser
	@$(BIN)/gallery serve $(ARGS)

doctor: $(VENV)/.installed ## Check that this machine can build galleries
	@$(BIN)/gallery doctor $(SET) $(ARGS)

publish: $(VENV)/.installed ## Check the pages and prepare site/ for any static host; ARGS=--archive also writes one zip
	@$(BIN)/gallery publish $(SET) $(ARGS)

check-zensical: ## Build the rendered pages with a second builder; never fails, skipped if it is not installed
	@.ci/zensical $(BIN) || echo "zensical: failed (not blocking)"

test: $(VENV)/.installed-dev ## Run the tests, browser test included
	@.ci/need dot graphviz
	@.ci/need chromium chromium
	@.ci/need chromedriver chromium-driver
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m 'not slow and not gpu and not parity and not ray and not s3' $(ARGS)

test-slow: $(VENV)/.installed-dev ## Run every test, those with the real network over many photographs too
	@.ci/need dot graphviz
	@.ci/need chromium chromium
	@.ci/need chromedriver chromium-driver
	$(BIN)/python -m pip install --quiet '.[parity,scale]'
	$(BIN)/python -m pytest $(ARGS)

test-lowest: ## Run the fast tests with the lowest version of every package that is allowed
	@mkdir -p build && .ci/lowest > build/lowest.txt
	PIP_CONSTRAINT=$(CURDIR)/build/lowest.txt $(MAKE) test VENV=.venv-lowest \
		ARGS='-W ignore::DeprecationWarning -W ignore::FutureWarning $(ARGS)' # old packages warn about the new ones that they pull in

bench-search: $(VENV)/.installed-dev ## Compare the search with the official procedure; BENCH="folder ..." names photographs
	$(BIN)/python -m tests.benchmarks.search $(BENCH) --out build/bench/search.json $(ARGS)

bench-heatmaps: $(VENV)/.installed-dev ## Compare the heatmaps with the libraries and the official iGOS++ procedure
	$(BIN)/python -m pip install --quiet '.[parity]'
	TQDM_DISABLE=1 $(BIN)/python -m tests.benchmarks.heatmaps --out build/bench/heatmaps.json $(ARGS)

bench-vae: $(VENV)/.installed-dev ## Compare FactorVAE with AD-FactorVAE over three seeds; resumable, long
	$(BIN)/python -m tests.benchmarks.disentanglement build/bench/vae --out build/bench/vae.json $(ARGS)

concepts: $(VENV)/.installed ## Learn the concepts that come with the default set again
	$(BIN)/gallery concepts train gallery/curation/default_set --to gallery/curation/default_set/concepts

vae: $(VENV)/.installed ## Train the autoencoders that come with the default set again; half an hour on one core
	$(BIN)/gallery vae train --out build/vae/brick --data textures:brick --likelihood gaussian --layer 0 --steps 2000 --latents 32 --width 24 --batch 32 --device cpu
	$(BIN)/gallery vae train --out build/vae/digits --data digits:3 --size 32 --steps 1500 --latents 8 --width 16 --batch 32 --device cpu
	$(BIN)/gallery vae train --out build/vae/dsprites --data dsprites: --family factor_vae --gamma 10 --steps 6000 --latents 10 --width 16 --discriminator-width 256 --batch 64 --device cpu
	sha256sum build/vae/*/model.safetensors gallery/curation/default_set/vae/*.safetensors

bench-memory: $(VENV)/.installed-dev ## Measure memory against the number of images
	$(BIN)/python -m tests.benchmarks.memory 100 1000 $(ARGS)

audit: $(VENV)/.installed ## Look the installed packages up among known vulnerabilities; needs the network
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --strict

check: lint types test gallery ## Lint, types, tests, and the default site in strict mode

lint: $(VENV)/.installed-dev ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed-dev ## Put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.installed-dev ## Check types
	$(BIN)/mypy

install: $(VENV)/.installed ## Create .venv and install

install-dev: $(VENV)/.installed-dev ## The same with everything tests need

$(VENV)/bin/python:
	@.ci/need-python $(PYTHON)
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

clean: ## Remove the site, stored results and caches; photographs and manifests stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find site -mindepth 1 -maxdepth 1 ! -name .gitkeep -exec rm -rf {} +

distclean: clean ## The same, and .venv
	rm -rf $(VENV)
