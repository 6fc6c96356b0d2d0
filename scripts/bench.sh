#!/usr/bin/env bash
# One measurement; prints one JSON line: engine, job, p, records, count, checksum, seconds, records_per_s,
# cpu_us_per_record, peak_rss_mb. Everything else goes to standard error.
#
# From the environment: JOB=J0..J8|L2  P=parallelism  N=events  KEYS=  EPM=events per ms  RATE=records per s (L2)
#   BACKEND=heap|rocksdb  CKPT=checkpoint interval in ms, 0 for none  EMIT=final|all and FILE=folder of text (J7)
#   ENGINE=wasmill (Wasm operators) | native (the same logic as native operators) | flink (if its scripts are there)
# All engines compute the same answer: count and checksum must be equal.
#
# J8 is J4's bids by bidder in session windows: bids of a bidder at most 5 s of event time apart are one session, with
# watermarks at the latest timestamp - 100 - 1 ms; a result is (start of the session, bidder, count). Wasmill only.
#
# For wasmill and native the figures are those of the whole run. For Flink the rate and the CPU per record are those of
# its second half, when its compiler has warmed up: the figure that is best for it.
set -euo pipefail
cd "$(dirname "$0")/.."

JOB=${JOB:-J2} P=${P:-1} ENGINE=${ENGINE:-wasmill} EMIT=${EMIT:-final}
target=${CARGO_TARGET_DIR:-target}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wasmill/bench
flink=${WASMILL_FLINK_BENCH:-../shared/tools/bench/flink/run.sh}
scratch=""
trap '[ -z "$scratch" ] || rm -rf "$scratch"' EXIT

fail() {
    echo "bench: $*" >&2
    exit 1
}

# What a job runs with if nothing else is said.
defaults() {
    case $JOB in
    J0 | J1) N=${N:-60000000} KEYS=${KEYS:-10000} ;;
    J2) N=${N:-40000000} KEYS=${KEYS:-1000} ;;
    J3) N=${N:-2000000} KEYS=${KEYS:-1000000} BACKEND=${BACKEND:-rocksdb} CKPT=${CKPT:-1000} ;;
    J4) N=${N:-20000000} KEYS=${KEYS:-1000} EPM=${EPM:-1} ;;
    J5) N=${N:-10000000} KEYS=${KEYS:-1000} EPM=${EPM:-1} ;;
    J6) N=${N:-10000000} EPM=${EPM:-10} ;;
    J8) N=${N:-5000000} EPM=${EPM:-10} ;;
    J7) FILE=${FILE:-$(words)} N=0 ;;
    L2) RATE=${RATE:-50000} N=${N:-1000000} KEYS=${KEYS:-1000} ;;
    *) fail "job \`$JOB\` is none of J0 to J8 and L2" ;;
    esac
    KEYS=${KEYS:-1000} EPM=${EPM:-1} BACKEND=${BACKEND:-heap} CKPT=${CKPT:-0} RATE=${RATE:-0} FILE=${FILE:-}
}

# Prints the folder with the text of J7: 300 MB in 16 files, made once.
words() {
    local folder=$cache/words-300m
    if [ ! -d "$folder" ]; then
        echo "bench: makes the text of J7 in $folder" >&2
        mkdir -p "$cache"
        rm -rf "$folder.new"
        cargo run --release --quiet -p system-tests --bin gen-words -- "$folder.new" 300000000 200000 16 >&2
        mv "$folder.new" "$folder"
    fi
    echo "$folder"
}

# The value of a field of a flat JSON object, the first one of that name; empty if there is none.
field() {
    awk -v name="$2" '{
        if (match($0, "\"" name "\": *(\"[^\"]*\"|[^,}]*)")) {
            value = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
            gsub(/^ *"?|"? *$/, "", value)
            print value
        }
    }' <<<"$1"
}

# Prints the result: records, count, checksum, seconds, records per second (or empty), CPU seconds (or empty), CPU
# microseconds per record (or empty), peak resident bytes.
report() {
    if [ -z "$2" ] || [ -z "$3" ]; then fail "the summary of $ENGINE has no count and checksum"; fi
    awk -v engine="$ENGINE" -v job="$JOB" -v p="$P" -v records="$1" -v count="$2" -v checksum="$3" -v seconds="$4" \
        -v rate="$5" -v cpu="$6" -v cpu_each="$7" -v rss="$8" -v latency="${9:-}" 'BEGIN {
        if (rate == "") rate = seconds > 0 ? records / seconds : 0
        if (cpu_each == "") cpu_each = records > 0 ? cpu * 1e6 / records : 0
        printf "{\"engine\":\"%s\",\"job\":\"%s\",\"p\":%d,\"records\":%.0f,\"count\":%.0f,\"checksum\":\"%s\",", \
            engine, job, p, records, count, checksum
        printf "\"seconds\":%.3f,\"records_per_s\":%.0f,\"cpu_us_per_record\":%.4f,\"peak_rss_mb\":%.0f%s}\n", \
            seconds, rate, cpu_each, rss / 1048576, latency
    }'
}

# The records of J7 are words, which no engine counts as input: counted once with the tools of every system.
words_in() {
    local known
    known=$cache/$(basename "$1").words
    if [ ! -s "$known" ]; then
        mkdir -p "$cache"
        find "$1" -type f -exec cat {} + | tr -cs 'A-Za-z0-9' '\n' | grep -c . >"$known"
    fi
    cat "$known"
}

# The summary of `wasmill run --json` and of `wasmill-bench-native`, field by field.
report_ours() {
    local result=$1 latency="" name value records
    for name in p50_us p99_us p999_us; do
        value=$(field "$result" "$name")
        [ -z "$value" ] || latency="$latency,\"$name\":$value"
    done
    records=$(field "$result" records_in)
    if [ "$JOB" = J7 ]; then records=$(words_in "$FILE"); fi
    report "$records" "$(field "$result" count)" "$(field "$result" checksum)" \
        "$(field "$result" seconds)" "" "$(field "$result" cpu_seconds)" "" \
        "$(field "$result" peak_rss_bytes)" "$latency"
}

run_wasmill() {
    local guest=$target/wasm32-unknown-unknown/guest/bench.wasm result
    local arguments=(run "$guest" -p "$P" --param "job=$JOB" --param "n=$N" --param "keys=$KEYS" --param "epm=$EPM")
    if [ "$JOB" = L2 ]; then arguments+=(--param "rate=$RATE"); fi
    if [ "$JOB" = J7 ]; then arguments+=(--param "file=$FILE" --param "emit=$EMIT"); fi
    arguments+=(--state-backend "$BACKEND" --data-dir "$scratch")
    if [ "$CKPT" != 0 ]; then arguments+=(--checkpoint-interval "${CKPT}ms"); fi
    echo "+ $target/release/wasmill ${arguments[*]} --json" >&2
    result=$("$target/release/wasmill" "${arguments[@]}" --json | tail -1)
    [ -n "$result" ] || fail "wasmill run printed no summary"
    report_ours "$result"
}

run_native() {
    [ "$JOB" != J8 ] || fail "J8 has no native twin"
    local binary=$target/release/wasmill-bench-native result
    [ -x "$binary" ] || fail "$binary does not exist; run: make build"
    local arguments=("job=$JOB" "p=$P" "n=$N" "keys=$KEYS" "epm=$EPM" "rate=$RATE" "file=$FILE" "emit=$EMIT"
        "backend=$BACKEND" "ckpt=$CKPT" "data=$scratch")
    echo "+ $binary ${arguments[*]}" >&2
    result=$("$binary" "${arguments[@]}" | tail -1)
    [ -n "$result" ] || fail "$binary printed no summary"
    report_ours "$result"
}

run_flink() {
    [ "$JOB" != J8 ] || fail "J8 has no Flink twin"
    [ -x "$flink" ] || fail "the Flink scripts are not there ($flink); WASMILL_FLINK_BENCH names their run.sh"
    local job=$JOB backend=hashmap result latency=""
    if [ "$BACKEND" = rocksdb ]; then backend=rocksdb; fi
    if [ "$JOB" = L2 ]; then job=J2L; fi
    local arguments=("$job" "$P" "n=$N" "keys=$KEYS" "epm=$EPM" "backend=$backend" "ckpt=$CKPT")
    if [ "$JOB" = L2 ]; then arguments+=("rate=$RATE"); fi
    if [ "$JOB" = J7 ]; then arguments+=("file=$FILE" "emit=$EMIT"); fi
    echo "+ $flink ${arguments[*]}" >&2
    result=$(LIMIT=${LIMIT:-900} "$flink" "${arguments[@]}" | sed -n 's/^RESULT //p')
    [ -n "$result" ] || fail "Flink printed no result"
    if [ "$JOB" = L2 ]; then
        latency=",\"p50_us\":$(field "$result" p50.0_us),\"p99_us\":$(field "$result" p99.0_us)"
        latency="$latency,\"p999_us\":$(field "$result" p99.9_us)"
    fi
    report "$(field "$result" records)" "$(field "$result" count)" "$(field "$result" sum)" \
        "$(field "$result" t_first_to_end_s)" "$(field "$result" rate_half2)" "" \
        "$(field "$result" cpu_us_per_rec_half2)" "$(($(field "$result" rss_peak_mb) * 1048576))" "$latency"
}

defaults
scratch=$(mktemp -d)
case $ENGINE in
wasmill) run_wasmill ;;
native) run_native ;;
flink) run_flink ;;
*) fail "engine \`$ENGINE\` is none of wasmill, native, flink" ;;
esac
