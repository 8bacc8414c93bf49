# Everything one does with Winsight, in one place. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo build test check bench alert-proof

# Arguments of `winsight demo`, for example ARGS=--no-serve or ARGS="--deals 50000".
ARGS ?=
# Numbers of deals that `make bench` measures; 10000000 is worth an hour and 20 GB of disk.
SIZES ?= 5000 100000 1000000

TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
PHASE := scripts/phase.sh

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed 's/:.*## /\t/' | expand -t 13

demo: ## a simulated company through the whole product, then its dashboard (ARGS=...)
	@scripts/prerequisites.sh web
	@$(PHASE) "dashboard" npm --prefix web run --silent build
	@test -x "$(TARGET)/debug/winsight" || echo "first build: about 12 minutes on 2 cores; later ones take seconds"
	@$(PHASE) "winsight" cargo build --locked --package winsight
	"$(TARGET)/debug/winsight" demo $(ARGS)

build: ## the release binary with the dashboard inside
	@scripts/prerequisites.sh web
	@$(PHASE) "dashboard" npm --prefix web run --silent build
	@test -x "$(TARGET)/release/winsight" || echo "first release build: about half an hour on 2 cores"
	@$(PHASE) "winsight, release" cargo build --locked --release --package winsight
	@echo "built $(TARGET)/release/winsight"

# The bundle is built before the Rust tests, so that the binary is linked once, with the dashboard.
test: ## every test: Rust, dashboard, and the whole product in a browser
	@scripts/prerequisites.sh browser
	@scripts/prerequisites.sh clients
	@$(PHASE) "dashboard: types" npm --prefix web run --silent typecheck
	@$(PHASE) "dashboard: lint" npm --prefix web run --silent lint
	@$(PHASE) "dashboard: unit tests" npm --prefix web run --silent test
	@$(PHASE) "dashboard: build" npm --prefix web run --silent build
	@$(PHASE) "rust: tests" scripts/rust-tests.sh
	@$(PHASE) "browser tests" scripts/e2e.sh "$(TARGET)/debug/winsight"
	@scripts/untested.sh

# Advisories are left out: they need the network, and change without a change of ours.
check: ## formatting, lints, licences and unused dependencies
	@scripts/prerequisites.sh rust
	@$(PHASE) "format" cargo fmt --all --check
	@$(PHASE) "lints" cargo clippy --locked --workspace --all-targets -- -D warnings
	@scripts/if-installed.sh cargo-machete cargo machete
	@scripts/if-installed.sh cargo-deny cargo deny --offline check bans licenses sources

bench: ## import, metrics and runs beside DuckDB and Polars (SIZES="5000 100000")
	@scripts/prerequisites.sh bench
	@$(PHASE) "winsight, release" cargo build --locked --release --package winsight
	@bench/run "$(TARGET)/release/winsight" $(SIZES)

# Company-quarters of each row, and a file whose outcomes are shuffled where it exists. The tables in
# docs/alert-proof.md are of COMPANIES=4000.
COMPANIES ?= 1000
SHUFFLED ?= ../shared/data/skygeni_sales_data.csv

alert-proof: ## what the alerts find and how often they are wrong (1,000 companies a row; docs: COMPANIES=4000)
	@$(PHASE) "winsight-proof, release" cargo build --locked --release --package winsight-proof
	@"$(TARGET)/release/winsight-proof" tables $(COMPANIES)
	@test ! -e "$(SHUFFLED)" || "$(TARGET)/release/winsight-proof" shuffle "$(SHUFFLED)" 200
