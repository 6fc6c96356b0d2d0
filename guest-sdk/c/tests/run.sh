#!/usr/bin/env bash
# The tests of the C SDK: built by the native compiler against a host in memory, with the sanitizers watching.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all -I.. \
    sdk_test.c -o "$work/sdk_test"
ASAN_OPTIONS=detect_leaks=0 "$work/sdk_test"
