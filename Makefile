# The commands of the README and a few others. Everything here also works by hand: each line that runs is shown.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

TARGET := $(or $(CARGO_TARGET_DIR),target)
# Set when the last build of all this was complete: cargo is not even asked when nothing has changed.
BUILT := $(TARGET)/release/.wasmill-built
SOURCES := $(shell find host guest-sdk plugins wit web/dist Cargo.toml Cargo.lock .cargo scripts/build.sh \
	\( -name target -o -name node_modules \) -prune -o -print 2>/dev/null)

# What `make bench` runs; empty means the job's own default.
export JOB P N KEYS EPM BACKEND CKPT ENGINE RATE ROUNDS SECONDS_EACH AT_ONCE

.PHONY: help setup build console pictures console-load demo test lint bench bench-crossing bench-epoch bench-neighbour bench-table sim chaos fuzz clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

setup: ## Check this machine and install what is missing
	@scripts/setup.sh

build: setup ## Build the binary and the plugins
	@$(MAKE) $(BUILT)

$(BUILT): $(SOURCES)
	@scripts/build.sh
	@touch $@

console: ## Build the web console into web/dist, which is committed (needs node 20)
	cd web && npm ci && npm test && npm run build

pictures: build ## Take the pictures of the README from a cluster at work (needs node 20 and Chromium)
	@scripts/console.sh pictures

console-load: build ## Measure what the console costs with 20 jobs and 200 subtasks (needs node 20 and Chromium)
	@scripts/console.sh load

demo: build ## Count words of real text and actions in a real log; on a terminal, then show a running job
	@scripts/demo.sh

test: build ## Run all tests
	cargo test --release --workspace

sim: ## Simulated jobs while things go wrong, a seed each: SEEDS=200 FIRST=1, or SEED= to repeat one and be told all
	$(if $(SEED),SIM_SEED=$(SEED)) SIM_SEEDS=$(or $(SEEDS),200) SIM_FIRST=$(or $(FIRST),1) \
		cargo test --release -p wasmill --lib -- --nocapture --test-threads 1 simulation::tests::every

chaos: build ## The real binary killed, frozen, its checkpoints damaged, its disk full: ROUNDS=60
	CHAOS_ROUNDS=$(or $(ROUNDS),60) cargo it -- --nocapture --test-threads 1 chaos

fuzz: ## Every reader of foreign bytes under libFuzzer, guided by coverage: SECONDS=60 READERS="plan metadata"
	SECONDS_EACH=$(or $(SECONDS),60) scripts/fuzz.sh $(READERS)

lint: setup ## Check format, lints and house rules
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings
	cargo tidy

bench: build ## One measurement: JOB=J2 P=1 N= KEYS= EPM= BACKEND= CKPT= RATE= ENGINE=wasmill|native|flink
	@scripts/bench.sh

bench-crossing: ## What the boundary, encodings and state access cost; fails if a decision no longer holds
	cargo bench --profile release -p wasm --bench crossing --bench encoding
	cargo bench --profile release --workspace --bench keyed_state

bench-epoch: build ## What it costs real jobs that guests can be stopped: ROUNDS= JOBS= TICKS=
	@scripts/bench-epoch.sh

bench-neighbour: build ## What hostile jobs of one process do to the latency of another: ROUNDS= SECONDS_EACH= AT_ONCE= (needs `cargo guests`)
	@scripts/bench-neighbour.sh

bench-table: build ## All measurements, engines alternating, as Markdown
	@scripts/bench-table.sh

clean: ## Remove what was built here (what was compiled once for this machine stays)
	cargo clean
	rm -rf bench-results .cargo/rocksdb.toml
