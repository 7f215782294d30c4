# `make up` and `make test` do all the set-up on a fresh Debian machine with a Rust toolchain.
#
# DEVINFRA_TEST_IMAGES=registry|offline chooses the images; without it, the real ones are used where
# they are here or can be pulled.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# `make up ARGS=--dry-run`
ARGS ?=
CARGO ?= cargo
DEVINFRA := $(CARGO) run --quiet --release --locked -- -f template:kohakuhub

.PHONY: help up down status build test test-quick test-release test-images engine lint ci

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: engine ## Bring the default stack up, prove that it is usable, print the checks (ARGS: more arguments)
	@images=$$(tests/setup/images.sh); \
	override=(); \
	if [[ $$images == offline ]]; then override=(-f tests/images/offline.yaml); fi; \
	$(DEVINFRA) "$${override[@]}" up $(ARGS)

down: ## Take the default stack down; its data stays
	@$(DEVINFRA) down $(ARGS)

status: ## What exists of the default stack, and whether it is usable
	@$(DEVINFRA) status $(ARGS)

build: ## The release binary, target/release/devinfra
	$(CARGO) build --release --locked

test: engine ## All tests, on a real engine
	images=$$(tests/setup/images.sh --tests); \
	DEVINFRA_TEST_IMAGES=$$images $(CARGO) test --locked --features engine-tests $(ARGS)
	CARGO_TARGET_DIR=target/lakefs-double $(CARGO) test --locked --manifest-path tests/images/lakefs-double/Cargo.toml

test-quick: ## The tests that need no engine
	$(CARGO) test --locked $(ARGS)

test-images: engine ## Build the offline images that are missing or stale
	@tests/images/build.sh $(ARGS)

engine: ## Make sure that a container engine answers (installs and starts one as root on Debian or Ubuntu)
	@tests/setup/engine.sh

lint: ## Formatting, clippy, docs and shell scripts, with warnings denied
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps
	@if command -v shellcheck >/dev/null; then \
	  echo shellcheck; \
	  shellcheck .ci/run tests/setup/*.sh tests/images/*.sh tests/images/*/entrypoint.sh; \
	else \
	  echo "shellcheck is not installed: scripts are not checked"; \
	fi

test-release: ## The release binary is as small, and its help as fast, as promised
	@tests/setup/release.sh

ci: lint test test-release ## What CI runs
