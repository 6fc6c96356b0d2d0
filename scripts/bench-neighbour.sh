#!/usr/bin/env bash
# What hostile jobs of the same process do to the latency of a neighbor: runs of L2 (records stamped at the source and
# timed at the sink) in a cluster, alternately alone and beside jobs that loop, recurse, hog memory, flood and are
# compiled anew. Prints the latencies of every run and the ratio of the medians.
#
# From the environment: ROUNDS=5  SECONDS_EACH=15  RATE=10000 (records per s)  P=1  AT_ONCE=1 (hostile jobs)  NICE= (a
# nicer of hostile threads has no switch: what is measured is what is shipped)
set -euo pipefail
cd "$(dirname "$0")/.."

ROUNDS=${ROUNDS:-5} SECONDS_EACH=${SECONDS_EACH:-15} RATE=${RATE:-10000} P=${P:-1} AT_ONCE=${AT_ONCE:-1}
target=${CARGO_TARGET_DIR:-target}
wasmill=${WASMILL:-$target/release/wasmill}
guests=$target/wasm32-unknown-unknown/guest
cases=${CASES:-endless-loop endless-recursion endless-memory endless-output endless-small-output endless-writes endless-states
endless-timers endless-log endless-panic-text endless-gets plan-loop plan-hog panic columns-record finish-loop}

scratch=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$scratch"' EXIT

fail() {
    echo "bench-neighbour: $*" >&2
    exit 1
}

[ -e "$guests/guest_hostile.wasm" ] || fail "the guests are not built: cargo guests"

"$wasmill" cluster --listen 127.0.0.1:0 --data-dir "$scratch/data" -D guest.call-timeout=1s ${SETTINGS:-} \
    -D guest.memory=64MiB -D rest.max-requests-per-second=100000 -D jobstore.max-capacity=10 \
    >"$scratch/out" 2>"$scratch/log" &
pids+=($!)
for _ in $(seq 100); do
    url=$(grep -ho 'http://[0-9.:]*' "$scratch/out" "$scratch/log" | head -1) && break
    sleep 0.1
done
[ -n "${url:-}" ] || fail "the cluster did not start: $(tail -1 "$scratch/log")"

# Prints the id that an upload has got.
upload() {
    curl -sf -F "file=@$1;filename=$2" "$url/v1/components/upload" | grep -o '"id":"[^"]*"' | head -1 | cut -d'"' -f4
}

submit() {
    curl -s -H 'Content-Type: application/json' -d "$2" "$url/v1/components/$1/run" |
        { grep -o '"jobid":"[^"]*"' || true; } | cut -d'"' -f4
}

state() {
    curl -s "$url/v1/jobs/$1" | grep -o '"state":"[^"]*"' | head -1 | cut -d'"' -f4
}

# Waits until a job has ended.
ends() {
    local it
    while it=$(state "$1") && [[ $it =~ ^(CREATED|RUNNING|INITIALIZING|FAILING|RESTARTING)$ ]]; do sleep 0.05; done
}

bench=$(upload "$guests/bench.wasm" bench.wasm)
hostile=$(upload "$guests/guest_hostile.wasm" hostile.wasm)

# Runs hostile jobs one after another until it is killed; every time around one more component is compiled: the same code
# with another custom section.
rage() {
    local case job around=0 fresh="$scratch/fresh-$1.wasm"
    local settings='"guest.output":"16MiB","guest.state-writes":"16MiB","guest.timers":"100000"'
    while true; do
        around=$((around + 1))
        for case in $cases; do
            job=$(submit "$hostile" "{\"parameters\":{\"case\":\"$case\"},\"settings\":{$settings}}")
            echo "$case" >>"$scratch/raged"
            [ -z "$job" ] || ends "$job"
        done
        if [ "${COMPILE:-yes}" = no ]; then continue; fi
        cp "$guests/guest_hostile.wasm" "$fresh"
        printf '\x00\x09\x01x%07d' "$((around * 100 + $1))" >>"$fresh"
        job=$(submit "$(upload "$fresh" fresh.wasm)" '{"parameters":{"case":"panic"}}')
        echo compiled >>"$scratch/raged"
        [ -z "$job" ] || ends "$job"
    done
}

# One run of the neighbor: prints p50, p99 and p99.9 in microseconds.
measure() {
    local n=$((RATE * SECONDS_EACH)) job results name
    job=$(submit "$bench" "{\"parallelism\":$P,\"parameters\":{\"job\":\"L2\",\"n\":$n,\"rate\":$RATE},\"settings\":{\"execution.checkpointing.interval\":\"1s\"}}")
    [ -n "$job" ] || fail "the neighbor was refused"
    ends "$job"
    [ "$(state "$job")" = FINISHED ] || fail "the neighbor is $(state "$job")"
    results=$(curl -s "$url/v1/jobs/$job/accumulators")
    for name in p50 p99 p99.9; do
        grep -o "latency.$name-us\",[^}]*" <<<"$results" | sed 's/.*"value":"\([^"]*\)".*/\1/'
    done | paste -sd' '
}

median() {
    sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

measure >/dev/null
printf '%-8s %10s %10s %10s\n' "" p50 p99 "p99.9 (us)"
for round in $(seq "$ROUNDS"); do
    alone=$(measure)
    # shellcheck disable=SC2086 # three numbers
    printf '%-8s %10s %10s %10s\n' alone $alone
    : >"$scratch/raged"
    ragers=()
    for each in $(seq "$AT_ONCE"); do
        rage "$each" &
        ragers+=($!)
    done
    pids+=("${ragers[@]}")
    beside=$(measure)
    kill "${ragers[@]}"
    # shellcheck disable=SC2086
    printf '%-8s %10s %10s %10s   beside %s hostile jobs\n' beside $beside "$(wc -l <"$scratch/raged")"
    echo "$alone" >>"$scratch/alone"
    echo "$beside" >>"$scratch/beside"
    for job in $(curl -s "$url/v1/jobs" | grep -o '"id":"[^"]*","status":"RUNNING"' | cut -d'"' -f4); do ends "$job"; done
done
for at in 1 2 3; do
    alone=$(cut -d' ' -f$at "$scratch/alone" | median)
    beside=$(cut -d' ' -f$at "$scratch/beside" | median)
    awk -v name="$(cut -d' ' -f$at <<<"p50 p99 p99.9")" -v a="$alone" -v b="$beside" \
        'BEGIN { printf "median %-6s alone %.1f us, beside %.1f us: %.2f times\n", name, a, b, b / a }'
done
