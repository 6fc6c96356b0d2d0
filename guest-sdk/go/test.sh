#!/usr/bin/env bash
# The tests of the Go SDK and of what is written with it, by Go's own runner.
set -euo pipefail
cd "$(dirname "$0")"
unformatted=$(gofmt -l . ../../plugins/word-count-go ../../tests/languages/go)
[ -z "$unformatted" ] || { echo "not formatted: $unformatted"; exit 1; }
go vet ./...
go test ./...
(cd ../../plugins/word-count-go && go test ./...)
