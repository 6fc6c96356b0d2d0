#!/usr/bin/env bash
# What it costs that guests can be stopped: jobs with epoch checks off and at several ticks, taking turns. Prints a
# Markdown table: the median CPU seconds without checks, and for each tick the median over the rounds of its CPU time
# relative to the run without checks of the same round. Every run of a job must give the same answer.
#
# From the environment: ROUNDS (7), TICKS ("0s 1ms 10ms 100ms"; the first one is compared to), PERCENT (100; of the
#   input), JOBS ("J2 J4 J7"), BINARY and GUEST (the built ones).
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
ROUNDS=${ROUNDS:-7} TICKS=${TICKS:-0s 1ms 10ms 100ms} PERCENT=${PERCENT:-100} JOBS=${JOBS:-J2 J4 J7}
BINARY=${BINARY:-$target/release/wasmill}
GUEST=${GUEST:-$target/wasm32-unknown-unknown/guest/bench.wasm}
words=${XDG_CACHE_HOME:-$HOME/.cache}/wasmill/bench/words-300m
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The parameters of a job, one on each line.
parameters() {
    case $1 in
    J2) printf '%s\n' job=J2 keys=1000 "n=$((30000000 * PERCENT / 100))" ;;
    J4) printf '%s\n' job=J4 keys=1000 epm=1 "n=$((15000000 * PERCENT / 100))" ;;
    J7) printf '%s\n' job=J7 emit=final "file=$words/words-0[0-4].txt" ;;
    *) echo "bench-epoch: job \`$1\` is none of J2, J4 and J7" >&2 && exit 1 ;;
    esac
}

# One run: round, job, tick, CPU seconds, answer.
run() {
    local arguments=() line result cpu answer
    while read -r line; do arguments+=(--param "$line"); done < <(parameters "$2")
    result=$("$BINARY" run "$GUEST" "${arguments[@]}" -D "guest.epoch-tick=$3" --data-dir "$scratch" --json | tail -1)
    cpu=$(sed -n 's/.*"cpu_seconds":\([0-9.]*\).*/\1/p' <<<"$result")
    answer=$(sed -n 's/.*"checksum":"\([0-9a-f]*\)".*/\1/p' <<<"$result")
    if [ -z "$cpu" ] || [ -z "$answer" ]; then
        echo "bench-epoch: $2 at $3 printed no summary" >&2
        exit 1
    fi
    echo "$1 $2 $3 $cpu $answer"
}

measure() {
    local round job tick line order
    read -ra order <<<"$TICKS"
    for ((round = 1; round <= ROUNDS; round++)); do
        for job in $JOBS; do
            for tick in "${order[@]}"; do
                line=$(run "$round" "$job" "$tick" </dev/null)
                echo "$line"
                echo "$line" >&2
            done
        done
        # The next round begins with another tick, so that none has a place of its own.
        order=("${order[@]:1}" "${order[0]}")
    done
}

render() {
    awk -v jobs="$JOBS" -v ticks="$TICKS" -v rounds="$ROUNDS" '
        function median(values, n, i, j, held) {
            for (i = 2; i <= n; i++)
                for (j = i; j > 1 && values[j] < values[j - 1]; j--) {
                    held = values[j]; values[j] = values[j - 1]; values[j - 1] = held
                }
            return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
        }
        {
            cpu[$2, $3, $1] = $4
            if (($2 in answers) && answers[$2] != $5) wrong = wrong " " $2
            answers[$2] = $5
        }
        END {
            tick_count = split(ticks, tick); job_count = split(jobs, job)
            head = "| job | CPU s at " tick[1] " |"; rule = "|---|---|"
            for (t = 2; t <= tick_count; t++) { head = head " " tick[t] " |"; rule = rule "---|" }
            print head; print rule
            for (j = 1; j <= job_count; j++) {
                for (r = 1; r <= rounds; r++) base[r] = cpu[job[j], tick[1], r]
                row = sprintf("| %s | %.2f |", job[j], median(base, rounds))
                for (t = 2; t <= tick_count; t++) {
                    for (r = 1; r <= rounds; r++) ratio[r] = cpu[job[j], tick[t], r] / cpu[job[j], tick[1], r]
                    row = row sprintf(" %+.1f %% |", 100 * (median(ratio, rounds) - 1))
                }
                print row
            }
            if (wrong != "") { print "bench-epoch: answers differ:" wrong > "/dev/stderr"; exit 1 }
        }'
}

[ -d "$words" ] || case " $JOBS " in *" J7 "*)
    echo "bench-epoch: no text in $words; run: make bench JOB=J7" >&2
    exit 1
    ;;
esac
measure | render
