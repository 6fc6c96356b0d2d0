#!/usr/bin/env bash
# The console of a cluster at work, looked at by a browser.
#
#   scripts/console.sh pictures   the pictures of the README, into docs/pictures
#   scripts/console.sh load       what the console costs with 20 jobs and 200 subtasks, printed
#
# Needs `make build`, node 20, npm and Chromium (CONSOLE_BROWSER, otherwise /usr/bin/chromium).
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
wasmill=$target/release/wasmill
guests=$target/wasm32-unknown-unknown/guest
work=$(mktemp -d)
said=$work/said

"$wasmill" cluster --listen 127.0.0.1:0 --data-dir "$work/data" -D taskmanager.number-of-task-slots=200 \
    >"$said" 2>"$work/log" &
cluster=$!
trap 'kill "$cluster"; wait "$cluster" || true; rm -rf "$work"' EXIT
until grep -q '^listening' "$said"; do
    kill -0 "$cluster"
    sleep 0.1
done
CONSOLE_ADDRESS=$(sed -n 's/^listening on //p' "$said")
export CONSOLE_ADDRESS
if [ ! -e web/node_modules/.package-lock.json ]; then (cd web && npm ci --no-audit --no-fund >/dev/null); fi

# Has the cluster run a job of the bench plugin; prints its id.
bench() {
    "$wasmill" submit "$guests/bench.wasm" --address "$CONSOLE_ADDRESS" --param n=1000000000 "$@" | tail -n 1
}

case ${1-} in
pictures)
    bench --param job=J6 --param rate=2000 -p 2 >/dev/null
    bench --param job=J8 --param rate=5000 -p 2 --checkpoint-interval 2s >/dev/null
    "$wasmill" submit "$guests/bench.wasm" --address "$CONSOLE_ADDRESS" --param job=J2 --param n=500000 >/dev/null
    "$wasmill" submit "$guests/faulty.wasm" --address "$CONSOLE_ADDRESS" --param fault=panic --param rate=1000 \
        --param at=500 -D restart-strategy.type=none >/dev/null
    CONSOLE_JOB=$(bench --param job=J5 --param rate=60000 --param epm=60 -p 4 --checkpoint-interval 1s)
    CONSOLE_COMPONENT=$guests/bench.wasm CONSOLE_PICTURES=$PWD/docs/pictures CONSOLE_JOB=$CONSOLE_JOB \
        node web/e2e/pictures.mjs
    ;;
load)
    for _ in $(seq 20); do bench --param job=J2 --param rate=100 -p 5 --checkpoint-interval 10s >/dev/null; done
    node web/e2e/load.mjs
    ;;
*)
    sed -n 's/^# \{0,1\}//p' "$0" | head -n 7 >&2
    exit 2
    ;;
esac
