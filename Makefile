# Every target works on a fresh machine: the first one makes .venv (CAMPAIGNS_VENV names another place), the private
# servers come when something needs them.

SIZE ?= 2000
SIDE_BY_SIDE ?= auto
VENV := $(or $(CAMPAIGNS_VENV),.venv)
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint types bench chaos up down test-containers test-matrix clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Who types these wants them done: nothing is asked about what has to be installed.
demo test bench chaos test-matrix: export CAMPAIGNS_ASSUME_YES := 1

venv:
	@command -v python3 >/dev/null || { echo "Python 3.11 or later is needed: install python3, then repeat what you did." >&2; exit 1; }
	@python3 deploy/bootstrap.py

demo: venv  ## the whole way once, in under a minute: servers, workers, a campaign, its summary (SIZE=2000 records)
	@$(BIN)/campaigns demo --size $(SIZE)

test: venv  ## all tests but chaos and benchmarks, in several processes (SIDE_BY_SIDE=0: in one; ARGS="-k word")
	SIDE_BY_SIDE="$(SIDE_BY_SIDE)" $(BIN)/python -m tests.run $(ARGS)

lint: venv types  ## style, formatting, import rules, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: venv  ## mypy --strict
	$(BIN)/mypy --strict

bench: venv  ## measured programs (ARGS=--short: a minute; ARGS=profile: where the time goes)
	$(BIN)/python -m tests.benchmarks $(ARGS)

chaos: venv  ## 20,000 emails while workers, servers and connections are killed: nothing lost, nothing twice (ARGS=--short)
	$(BIN)/python -m tests.chaos $(ARGS)

up: venv  ## private RabbitMQ and MongoDB servers, until `make down`
	@$(BIN)/campaigns up

down: venv  ## stops them; their data stays
	@$(BIN)/campaigns down

test-containers: venv  ## the same tests on containers, and the demo's path through docker-compose
	deploy/test-containers

test-matrix: venv  ## the tests that speak to RabbitMQ, on 3.10 and on 4.x (the first time: root, 5 minutes)
	$(BIN)/python -m tests.matrix $(ARGS)

clean:  ## removes caches and what was built, not .venv and no data
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
