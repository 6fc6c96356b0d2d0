#!/usr/bin/env bash
# The demo: three jobs, their results shown. Needs `make build`.
#
# 1. word-count on real text: the licences that every Debian has, and this repository's own documents.
# 2. log-rate on real timestamped records: this machine's package log, or else this repository's own history.
#
# On a terminal a third job stays, to be looked at in the console until Ctrl-C.
# 3. a job without code, of the shipped standard operators: the best sellers of a few sales.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
wasmill=$target/release/wasmill
guests=$target/wasm32-unknown-unknown/guest
work=$target/demo
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
parallelism=$((cores < 4 ? cores : 4))

run() {
    echo "+ $*"
    "$@"
}

# The ten lines with the largest numbers at their ends, of all committed part files of an output folder.
top() {
    find "$1" -type f -name 'part-*' ! -name '*.inprogress' -exec cat {} + |
        awk '{ print $NF "\t" $0 }' | sort -t "$(printf '\t')" -k1,1nr -k2 |
        awk -F'\t' 'NR <= 10 { sub(/ *[^ ]*$/, "", $2); printf "  %10d  %s\n", $1, $2 }'
}

words() {
    local file count=0
    rm -rf "$work/text" "$work/words"
    mkdir -p "$work/text"
    for file in /usr/share/common-licenses/* ./*.md docs/*.md wit/*.md LICENSE; do
        # The links among the licences name the same text twice.
        if [ -L "$file" ] || [ ! -f "$file" ]; then continue; fi
        cp "$file" "$work/text/$(basename "$file").txt"
        count=$((count + 1))
    done
    echo
    echo "== Word count: $count texts, $(du -sh "$work/text" | cut -f1), $parallelism subtasks"
    run "$wasmill" run "$guests/word_count.wasm" -p "$parallelism" \
        --param path="$work/text" --param out="$work/words"
    echo
    echo "The ten most frequent words:"
    top "$work/words"
}

log_rate() {
    local log=/var/log/dpkg.log
    rm -rf "$work/rates"
    if [ ! -s "$log" ] || [ ! -r "$log" ]; then
        log=$work/history.log
        git log --reverse --date=format:'%Y-%m-%d %H:%M:%S' --format='%cd commit %h' >"$log"
    fi
    echo
    echo "== Log rate: $(wc -l <"$log") lines of $log, event-time windows of a minute"
    run "$wasmill" run "$guests/log_rate.wasm" -p "$parallelism" \
        --param path="$log" --param out="$work/rates"
    echo
    echo "The ten busiest minutes:"
    top "$work/rates"
}

best_sellers() {
    echo
    echo "== Best sellers: a job file of standard operators"
    run "$wasmill" run plugins/standard/examples/best-sellers.yaml
}

# A cluster on the usual port, or on a free one if somebody has that, with a job that goes on: until Ctrl-C.
console() {
    local port cluster said=$work/cluster.out
    for port in 8081 0; do
        : >"$said"
        "$wasmill" cluster --listen "127.0.0.1:$port" --data-dir "$work/cluster" >"$said" 2>&1 &
        cluster=$!
        while kill -0 "$cluster" 2>/dev/null && ! grep -q '^listening' "$said"; do sleep 0.1; done
        if grep -q '^listening' "$said"; then break; fi
    done
    trap 'wait "$cluster"; exit 0' INT TERM
    local address
    address=$(sed -n 's/^listening on //p' "$said")
    "$wasmill" list --address "$address" | grep -q ' RUNNING ' ||
        run "$wasmill" submit "$guests/bench.wasm" --address "$address" -p "$parallelism" \
            --checkpoint-interval 2s --param job=J4 --param rate=20000 --param n=1000000000
    local sample
    for sample in "$guests"/word_count.wasm "$guests"/log_rate.wasm "$guests"/sample_*.wasm; do
        if [ -e "$sample" ]; then "$wasmill" components upload "$sample" --address "$address" >/dev/null; fi
    done
    echo
    echo "A job that counts in event-time windows is running, and the sample jobs are uploaded. Look at it: $address    (Ctrl-C ends the demo)"
    wait "$cluster"
}

words
log_rate
best_sellers
echo
echo "Next: $wasmill plan $guests/word_count.wasm    (the graph)"
echo "      plugins/word-count/src/lib.rs              (the code)"
if [ -t 1 ]; then console; fi
