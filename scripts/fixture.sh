#!/usr/bin/env bash
# Writes a checkpoint into tests/fixtures: NAME JOB BACKEND. For a new format only; those that are there stay as they are.
# JOB is one of the bench plugin, or `slow`: then the checkpoint is unaligned and has records in flight.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# = 3 ] || { echo "usage: $0 NAME JOB BACKEND" >&2; exit 2; }
fixture=tests/fixtures/$1
[ ! -e "$fixture" ] || { echo "$fixture is there and stays as it is" >&2; exit 1; }
target=${CARGO_TARGET_DIR:-target}
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT

guests=$target/wasm32-unknown-unknown/guest
if [ "$2" = slow ]; then
    # Six thousand bids in two seconds, and a chain behind that needs longer.
    job=("$guests/guest_state.wasm" --param case=slow --param n=6000 --param keys=50 --param rate=3000 --param work=600000
        --param out=checksum -D execution.checkpointing.unaligned.enabled=true)
    has='"in_flight"'
else
    # Six thousand events in six seconds.
    job=("$guests/bench.wasm" --param job="$2" --param n=6000 --param keys=50 --param epm=2 --param rate=1000)
    has='"vertices"'
fi
# Killed once two checkpoints with state are retained.
"$target/release/wasmill" run "${job[@]}" --json -p 2 --state-backend "$3" \
    --checkpoint-interval 300ms --data-dir "$data" -D data.tmp-dir="$data/tmp" >"$data/out" 2>"$data/err" &
pid=$!
for _ in $(seq 300); do
    if cat "$data"/*/chk-[4-9]-*/_metadata.json 2>/dev/null | grep -q "$has"; then break; fi
    kill -0 $pid 2>/dev/null || { cat "$data/err" >&2; exit 1; }
    sleep 0.02
done
kill -9 $pid
wait $pid 2>/dev/null || true
mkdir -p "$(dirname "$fixture")"
job=$(dirname "$(compgen -G "$data/*/CURRENT")")
cp -r "$job" "$fixture"
rm -f "$fixture/LOCK"
du -sh "$fixture"
