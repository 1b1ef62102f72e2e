# Everything a person does here, by one word each. Needs Python >= 3.11, git and make; the rest comes from the lock.
.DEFAULT_GOAL := help
# `docs` is a folder, and this target writes what is generated in it
.PHONY: help demo test quick check docs bench answers repositories verdicts run clean lock sandbox-image format services

UV_VERSION := 0.13.9
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
READY := .venv/ready

help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

$(READY): requirements-dev.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "Pennyfix needs Python 3.11 or newer with venv (Debian: apt install python3-venv)."; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@[ -x $(BIN)/uv ] && $(BIN)/uv --version | grep -q " $(UV_VERSION)" || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $(READY)

demo: $(READY)  ## from label to pull request on this machine, without account or key
	$(BIN)/pennyfix demo

run: $(READY)  ## the real thing: broker, receiver, worker and sweeper in one process tree
	$(BIN)/pennyfix up

test: check  ## all checks and all tests, then the coverage
	$(BIN)/coverage erase
	PENNYFIX_TEST_COVERAGE=1 $(BIN)/python -m pytest -n 3 --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --format=total --fail-under=90

quick: check  ## the checks, and the tests that need no service and start no process: for every small step
	$(BIN)/python -m pytest -n 2 --dist worksteal --quick -q

check: $(READY)  ## lint, format, types, layers; the last line says how large the house is
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/python -m tests.house

docs: $(READY)  ## write anew what is generated in README.md and docs/
	$(BIN)/python -m tests.docs.generate

bench: $(READY)  ## figures beside a named peer, measured in one run
	$(BIN)/python -m tests.bench

repositories: $(READY)  ## real repositories, set up by convention alone: ONLY=name, FROM=DIR of checkouts; takes hours
	$(BIN)/python -m tests.repositories $(if $(FROM),--from "$(FROM)") $(if $(ONLY),--only "$(ONLY)") $(REPOSITORIES)

verdicts: $(READY)  ## judge the wrong and right patches of tests/verdicts: none of them may get another verdict
	@$(BIN)/python -m tests.verdicts

answers: $(READY)  ## what real models and providers answer: billed rightly, and no edit ever silently wrong
	@$(BIN)/python -m tests.answers

format: $(READY)  ## let ruff put things in order
	$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

sandbox-image:  ## build the image pennyfix/sandbox; LAYERS="python node go rust java ruby php services" adds toolchains
	PENNYFIX_IMAGE_LAYERS="$(LAYERS)" PENNYFIX_IMAGE_PACKAGES="$(PACKAGES)" sh deploy/sandbox/build.sh

lock: $(READY)  ## resolve the dependencies anew
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --quiet \
		--custom-compile-command "make lock" --upgrade --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-annotate --quiet \
		--custom-compile-command "make lock" --upgrade --output-file requirements-dev.lock

clean:  ## remove what was made here
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* htmlcov build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
