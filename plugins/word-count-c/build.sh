#!/usr/bin/env bash
# build.sh OUT.wasm: needs clang-19 and wasi-libc (see guest-sdk/c/README.md).
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")"
../../guest-sdk/c/wasmill-cc -o "$out" word_count.c
