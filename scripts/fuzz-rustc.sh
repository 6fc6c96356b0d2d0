#!/usr/bin/env bash
# The compiler as scripts/fuzz.sh starts it: crates of ours, whose readers are fuzzed, count which branches are taken, and
# compile what is there for fuzzing only. Libraries are compiled as ever, so they are not compiled twice.
set -euo pipefail

rustc=$1
shift
crate=""
previous=""
for argument in "$@"; do
    if [ "$previous" = --crate-name ]; then crate=$argument; fi
    previous=$argument
done
case $crate in
dataflow | runtime | state | wasm | connectors | wasmill)
    set -- "$@" --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
esac
exec "$rustc" "$@"
