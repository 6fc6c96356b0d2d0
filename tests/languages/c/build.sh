#!/usr/bin/env bash
# build.sh OUT.wasm: needs clang-19 and wasi-libc.
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")"
../../../guest-sdk/c/wasmill-cc -o "$out" jobs.c states.c connectors.c
