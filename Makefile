# Everything is set up by the command that needs it; a second call starts at once.
PYTHON ?= python3
LESSON ?=
AREA ?=
VENV := .venv
BENCH := .venv-bench
BENCH_AUTOML := .venv-bench-automl
# the clients that Databricks' runtimes ship, for tests/databricks: each of these folders stands first on a path
RUNTIMES := dbr-17.3-ml dbr-18-ml dbr-19-ml newest
OFFICIAL := .official
# the MLflow of each runtime that lakelab is tried with, beside the pinned one
MLFLOWS := 3.0.1 3.8.1 3.12.0
MATRIX := .matrix
# real Spark and Delta, which tests/engine compares the local engine with
ENGINE := .spark-engine
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# uv installs in seconds what takes pip minutes: the machine's own, or one that pip brings into the environment.
# pip installs where uv cannot be had, or fails
UV := $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
# three keep two cores busy, as tests wait for processes; a file's tests stay together, as they share what is slow
AT_A_TIME := --numprocesses 3 --dist loadfile --no-loadscope-reorder

# $(call install,PYTHON,ARGUMENTS) installs packages for a Python
define install
@$(UV) pip install --quiet --compile-bytecode --python $(1) $(2) \
	|| $(1) -m pip install --quiet --disable-pip-version-check $(2)
endef

# Python keeps what it has compiled: else each of the many processes of a lesson compiles all packages anew
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-matrix test-spark bench bench-automl lab ui doctor reset lint clean constraints screenshots

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(READY) ## run all lessons in order, or one: make run LESSON=06
	@$(BIN)/lakelab run $(LESSON)

test: $(VENV)/.ready-dev $(RUNTIMES:%=$(OFFICIAL)/%/.ready) ## lint, type-check and run all tests, the lessons among them
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest $(AT_A_TIME) --durations 20 --nbmake tests src notebooks

test-matrix: $(VENV)/.ready-dev $(MLFLOWS:%=$(MATRIX)/mlflow-%/.ready) ## run the lessons with the MLflow of each runtime: make test-matrix LESSON=06
	@$(BIN)/python -m tests.matrix $(LESSON)

test-spark: $(VENV)/.ready-dev $(ENGINE)/.ready ## record the answers of real Spark, and compare the local engine (needs Java 17 and Maven)
	@$(BIN)/python -m tests.engine.record
	@$(BIN)/python -m tests.engine.docstrings --record
	@$(BIN)/pytest $(AT_A_TIME) tests/engine

bench: $(VENV)/.ready-dev $(BENCH)/.ready ## measure what is promised in figures: make bench AREA=online_store
	@$(BIN)/python -m benchmarks $(AREA)

bench-automl: $(VENV)/.ready-dev $(BENCH_AUTOML)/.ready ## measure the models that AutoML finds, beside flaml
	@$(BIN)/python -m benchmarks automl

lab: $(READY) ## open the lessons in JupyterLab
	@$(BIN)/jupyter lab --notebook-dir notebooks --ip 127.0.0.1

ui: $(READY) ## open the MLflow UI on what the lessons logged
	@$(BIN)/lakelab ui

doctor: $(READY) ## check this machine
	@$(BIN)/lakelab doctor

reset: $(READY) ## delete tables, runs and models of the lessons (asks first)
	@$(BIN)/lakelab reset

lint: $(VENV)/.ready-dev ## mend what ruff can mend, and format
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

screenshots: $(VENV)/.ready-dev ## take the pictures of lesson 13 anew (needs Chromium)
	@$(BIN)/python -m lakelab.lessons.lesson_13.screenshots

constraints: $(VENV)/.ready-dev ## pin all versions anew
	@$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--no-emit-index-url --no-annotate --no-header --upgrade --quiet --output-file constraints.txt

clean: ## remove the installed packages and caches; tables and runs stay
	rm -rf $(VENV) $(BENCH) $(BENCH_AUTOML) $(OFFICIAL) $(MATRIX) $(ENGINE) .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is `$(PYTHON) --version`. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "Python has no venv here. On Debian: apt install python3-venv"; exit 1; }
	@command -v $(UV) >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv \
		|| echo "uv cannot be installed: pip installs instead, which takes some minutes"

$(READY): $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing the pinned packages into $(VENV) (once)"
	$(call install,$(BIN)/python,--constraint constraints.txt --editable '.[local]')
	@touch $@
	@$(BIN)/lakelab prepare || echo "The lessons will prepare what they need."

# not after $(READY): the tests prepare what they need, each in a folder of its own
$(VENV)/.ready-dev: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing the pinned packages for the tests into $(VENV) (once)"
	$(call install,$(BIN)/python,--constraint constraints.txt --editable '.[dev]')
	@touch $@

# what lakelab is measured beside has packages of its own
$(BENCH)/.ready: $(BIN)/python benchmarks/requirements-feast.txt
	@echo "Installing Feast into $(BENCH), to measure beside it (once)"
	@$(PYTHON) -m venv $(BENCH)
	$(call install,$(BENCH)/bin/python,--requirement benchmarks/requirements-feast.txt)
	@touch $@

$(BENCH_AUTOML)/.ready: $(BIN)/python benchmarks/requirements-flaml.txt
	@echo "Installing flaml into $(BENCH_AUTOML), to measure beside it (once)"
	@$(PYTHON) -m venv $(BENCH_AUTOML)
	$(call install,$(BENCH_AUTOML)/bin/python,--requirement benchmarks/requirements-flaml.txt)
	@touch $@

# without what they depend on: the packages of .venv are there already
define install_beside
@echo "Installing $* into $(@D) (once)"
@rm -rf $(@D)
$(call install,$(BIN)/python,--no-deps --target $(@D) --requirement $<)
@touch $@
endef

$(OFFICIAL)/%/.ready: tests/databricks/requirements/%.txt | $(VENV)/.ready-dev
	$(install_beside)

$(MATRIX)/%/.ready: tests/matrix/requirements/%.txt | $(VENV)/.ready-dev
	$(install_beside)

# pip and Maven take packages from where their own settings say
$(ENGINE)/.ready: tests/engine/pom.xml | $(VENV)/.ready-dev
	@command -v mvn >/dev/null || { echo "Maven is needed for the jars of Delta. On Debian: apt install maven"; exit 1; }
	@$(BIN)/python -m tests.engine.real_spark
	@echo "Installing Spark 4.2 and Delta 4.4 into $(ENGINE) (once; 450 MB)"
	@rm -rf $(ENGINE)
	$(call install,$(BIN)/python,--no-deps --target $(ENGINE)/pyspark pyspark==4.2.0)
	@mvn --quiet --batch-mode --file $< dependency:copy-dependencies -DincludeGroupIds=io.delta,io.unitycatalog \
		-DoutputDirectory=$(CURDIR)/$(ENGINE)/delta \
		|| { echo "Maven found no Delta: where it looks is set in the settings.xml of its folder .m2"; exit 1; }
	@touch $@
