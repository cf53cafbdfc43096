# Every command sets itself up: a .venv from python3 and the locked packages, nothing else.
PY := .venv/bin/python
export GATEWAY_ENV ?= sandbox
ONLY ?=
ONCE ?=

.PHONY: demo test check prove bench setup lock openapi schema

setup: .venv/.ready

.venv/.ready: requirements.txt pyproject.toml
	test -x $(PY) || python3 -m venv .venv
	test -f .venv/.packages && cmp -s requirements.txt .venv/.packages || \
	  { $(PY) -m pip install --quiet --require-hashes -r requirements.txt && cp requirements.txt .venv/.packages; }
	$(PY) -m pip install --quiet --no-index --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	ONCE=$(ONCE) $(PY) -m gateway demo

# Tests wait more than they compute: three at a time keep two cores busy.
test: setup
	$(PY) -m pytest -n 3 --dist worksteal

check: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m pytest -q --noconftest tests/tidy

prove: setup
	$(PY) -m tests.prove $(ONLY)

bench: setup
	$(PY) -m tests.benchmarks $(ONLY)

# Written from the operations' types; a test fails when it is stale.
openapi: setup
	$(PY) -m gateway openapi > openapi.yaml

# What the migrations add up to; a test fails when it is stale.
schema: setup
	$(PY) -m gateway schema

# Needs a package registry; run after a change of dependencies in pyproject.toml.
lock:
	python3 -m venv .data/lock && .data/lock/bin/pip install --quiet pip-tools
	CUSTOM_COMPILE_COMMAND="make lock" .data/lock/bin/pip-compile --quiet --all-extras --allow-unsafe --generate-hashes --strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.txt pyproject.toml
