# Entry points for people and for CI. Each target says what it does; scripts/ has the how.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# FUZZ_SECONDS is how long `make fuzz` runs each fuzz target.
FUZZ_SECONDS ?= 60
# PYTHONS and TARGETS are which wheels `make wheels` builds; by default all.
export FUZZ_SECONDS PYTHONS TARGETS

.PHONY: help setup demo check test test-all bench fuzz lint docs wheels clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install the compilers, libraries and Python tools that are missing (Debian, Ubuntu)
	@scripts/setup.sh --tools

demo: setup ## pack a real application, sign it, import it, and see tampering refused
	@demo/run.sh

check: setup ## while working: lint and test what differs from main (or from HEAD, on main)
	@scripts/check.sh

test: ## C++ tests with sanitizers, Python's and CPython's own on the newest Python that is here
	@scripts/setup.sh
	@scripts/test.sh quick

test-all: setup ## that, and linters, every Python from 3.9 on, other builds, packages, benchmarks
	@scripts/test.sh all

bench: setup ## time the core beside its floors, and imports beside zipimport
	@scripts/bench.sh

fuzz: ## fuzz every target for FUZZ_SECONDS (60) each with libFuzzer
	@scripts/setup.sh --fuzz
	@scripts/fuzz.sh

lint: setup ## check formatting, clang-tidy, ruff, mypy and shellcheck
	@scripts/lint.sh

wheels: ## build wheels into dist/wheels: all, or those of PYTHONS="3.11 3.15t" and TARGETS=aarch64
	@scripts/setup.sh --tools --wheels
	@scripts/wheels.sh

clean: ## remove everything that was built or installed into this directory
	rm -rf build dist .venv .mypy_cache .ruff_cache .pytest_cache

docs: ## build the site into build/docs; what is wrong with a page is an error
	@scripts/docs.sh
