# Entry points for people and for CI. Each target says what it does; scripts/ has the how.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# FUZZ_SECONDS is how long `make fuzz` runs each fuzz target.
FUZZ_SECONDS ?= 60
export FUZZ_SECONDS

.PHONY: help setup demo test bench fuzz lint clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install the compilers, libraries and Python tools that are missing (Debian, Ubuntu)
	@scripts/setup.sh

demo: setup ## pack a real application, sign it, import it, and see tampering refused
	@demo/run.sh

test: setup ## lint, every C++ and Python test, sanitizers, fuzz replay, install test
	@scripts/test.sh

bench: setup ## time the core beside its floors, and imports beside zipimport
	@scripts/bench.sh

fuzz: ## fuzz every target for FUZZ_SECONDS (60) each with libFuzzer
	@scripts/setup.sh --fuzz
	@scripts/fuzz.sh

lint: setup ## check formatting, clang-tidy, ruff, mypy and shellcheck
	@scripts/lint.sh

clean: ## remove everything that was built or installed into this directory
	rm -rf build dist .venv .mypy_cache .ruff_cache .pytest_cache
