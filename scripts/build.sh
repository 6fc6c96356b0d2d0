#!/usr/bin/env bash
# Builds the host binary and the plugins. Says first how long a first build takes; shows cargo's own progress.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}

# A first build costs about 32 core minutes with RocksDB and 12 without it.
announce() {
    local cores minutes what
    cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
    if [ -n "${ROCKSDB_LIB_DIR:-}" ] || [ -e .cargo/rocksdb.toml ]; then
        minutes=$(((12 + cores - 1) / cores))
        what="RocksDB is already compiled"
    else
        minutes=$(((32 + cores - 1) / cores))
        what="most of it is RocksDB, compiled once on this machine"
    fi
    echo "build: the first build takes about $minutes min on $cores cores ($what); later ones take seconds"
}

run() {
    echo "+ $*"
    "$@"
}

# RocksDB goes first and into the cache, from where it is linked from then on.
compile_rocksdb() {
    if [ -n "${ROCKSDB_LIB_DIR:-}" ] || [ -e .cargo/rocksdb.toml ]; then return 0; fi
    run cargo build --release -p librocksdb-sys
    scripts/rocksdb.sh keep
    scripts/rocksdb.sh use
}

[ -e "$target/release/wasmill" ] || announce
compile_rocksdb
# The whole workspace, so that every library is built with the features that the tests need too, once for both.
run cargo build --release --workspace
run cargo guests
# The shipped components, where the binary looks for them: the two may be moved together.
mkdir -p "$target/release/plugins"
run cp "$target/wasm32-unknown-unknown/guest/plugin_standard.wasm" "$target/release/plugins/standard.wasm"
