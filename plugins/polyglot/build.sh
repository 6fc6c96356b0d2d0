#!/usr/bin/env bash
# build.sh [FOLDER]: builds the five parts of the sample into a folder, otherwise into build/ beside the job file.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$(realpath -m "${1:-$here/build}")
mkdir -p "$out"
cd "$root"
scripts/languages.sh c guest-sdk/c/wasmill-cc -o "$out/clean.wasm" "$here/c/clean.c"
scripts/languages.sh javascript build "$here/typescript/once.ts" -o "$out/once.wasm"
scripts/languages.sh go env GOOS=wasip1 GOARCH=wasm \
    go -C "$here/go" build -buildmode=c-shared -trimpath -ldflags='-s -w' -o "$out/hours.wasm" .
scripts/languages.sh python build "$here/python/best.py" -o "$out/best.wasm"
cargo build --quiet --profile guest --target wasm32-unknown-unknown -p sample-polyglot
cp "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/guest/sample_polyglot.wasm" "$out/report.wasm"
