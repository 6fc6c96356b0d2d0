#!/usr/bin/env bash
# build.sh OUT.wasm: needs zig on the PATH.
set -euo pipefail
out=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$(dirname "$0")"
zig build-exe word_count.zig -target wasm32-freestanding -O ReleaseSmall -fstrip -fno-entry -rdynamic \
    --cache-dir "$work/cache" -femit-bin="$out"
