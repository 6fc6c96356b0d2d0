#!/usr/bin/env bash
# Fuzzes the readers of foreign bytes, each for SECONDS_EACH, guided by coverage: on the toolchain of the workspace, with
# libFuzzer and without a sanitizer. Ends with the first reader that panics, hangs or takes too much memory; the bytes that
# do it are then in target/fuzz/artifacts.
#
#   scripts/fuzz.sh [READER...]         all of host/src/decoders if none is named
#
# From the environment: SECONDS_EACH=60  RSS_MB=2048
# What is compiled is in target, next to what everything else compiles; the corpus that grows is in target/fuzz/corpus.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

SECONDS_EACH=${SECONDS_EACH:-60} RSS_MB=${RSS_MB:-2048}
target=$PWD/${CARGO_TARGET_DIR:-target}
state=$target/fuzz
mkdir -p "$state"

cp Cargo.lock fuzz/Cargo.lock
RUSTC_WRAPPER="$PWD/scripts/fuzz-rustc.sh" cargo build --release --manifest-path fuzz/Cargo.toml --target-dir "$target" \
    ${CARGO_JOBS:+-j "$CARGO_JOBS"}
fuzzer=$target/release/decoders

if [ $# -gt 0 ]; then readers=("$@"); else mapfile -t readers < <(DECODERS=list "$fuzzer"); fi

for reader in "${readers[@]}"; do
    corpus=$state/corpus/$reader artifacts=$state/artifacts/$reader log=$state/$reader.log
    mkdir -p "$corpus" "$artifacts"
    if ! DECODER=$reader SEEDS=$corpus nice -n 19 "$fuzzer" "$corpus" -artifact_prefix="$artifacts/" \
        -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb="$RSS_MB" -max_len=65536 -print_final_stats=1 \
        >"$log" 2>&1; then
        grep -E "panicked at|ERROR|SUMMARY" -A2 "$log" | head -8 >&2
        echo "fuzz: $reader failed: $log, bytes in $artifacts" >&2
        exit 1
    fi
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    covered=$(grep -o 'cov: [0-9]*' "$log" | tail -1)
    printf '%-20s %12s executions, %s, corpus %s\n' "$reader" "$executed" "${covered:-cov: 0}" "$(find "$corpus" -type f | wc -l)"
done
