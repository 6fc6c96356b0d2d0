#!/usr/bin/env bash
# build.sh OUT.wasm: needs Go 1.24 or newer on the PATH.
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")"
GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o "$out" .
