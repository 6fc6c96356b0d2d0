#!/usr/bin/env bash
# Makes the bindings anew from wit/. Needs: cargo install wit-bindgen-cli --version 0.61.1 --locked --features c
set -euo pipefail
cd "$(dirname "$0")"
wit-bindgen c ../../../wit --world complete --no-object-file --out-dir .
