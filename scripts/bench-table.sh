#!/usr/bin/env bash
# The table of measurements: every job at parallelism 1 and 4, the engines taking turns, each with the same data and
# answer. Writes Markdown to bench-results/table.md and every measurement as a JSON line to bench-results/runs.jsonl.
#
# From the environment: ENGINES (default: those that are there), PARALLELISMS ("1 4"), JOBS (names, all by default),
#   ROUNDS (1; of several runs the one with the least CPU per record counts), PERCENT (100; how much of each job's
#   input, for a quick look).
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
results=bench-results
runs=$results/runs.jsonl
table=$results/table.md
ROUNDS=${ROUNDS:-1} PERCENT=${PERCENT:-100} PARALLELISMS=${PARALLELISMS:-1 4}

# Name, job, events, keys, events per ms, checkpoint interval in ms; then the expected count and checksum.
rows() {
    cat <<'ROWS'
J0 J0 60000000 10000 1 0 60000000 8059a6e97a924952
J1 J1 60000000 10000 1 0 491315 d17c9a7f19003c9c
J2-1k J2 40000000 1000 1 0 40000000 4db651b4bf528808
J2-1M J2 20000000 1000000 1 0 20000000 275309294fe343b8
J3-1M J3 2000000 1000000 1 1000 - -
J4-1k J4 20000000 1000 1 0 1999960 3c3fed8e53d45843
J4-10k J4 20000000 10000 100 0 203908 0c31622653cff1ee
J5 J5 10000000 1000 1 0 5005 b239a5050e34195d
J6 J6 10000000 1000 10 0 8000000 49bb285a38ff9baa
J7 J7 0 1000 1 0 - -
J8 J8 5000000 1000 10 0 3041309 0719053065be1e46
ROWS
}

engines() {
    local list=wasmill
    if [ -x "$target/release/wasmill-bench-native" ]; then list="$list native"; fi
    if [ -x "${WASMILL_FLINK_BENCH:-../shared/tools/bench/flink/run.sh}" ]; then list="$list flink"; fi
    echo "$list"
}

measure() {
    local name job events keys epm ckpt count checksum p engine line
    while read -r name job events keys epm ckpt count checksum; do
        case " ${JOBS:-$job $name} " in *" $job "* | *" $name "*) ;; *) continue ;; esac
        if [ "$PERCENT" != 100 ]; then count=- checksum=-; fi
        events=$((events * PERCENT / 100))
        for p in $PARALLELISMS; do
            for engine in $ENGINES; do
                line=$(JOB=$job P=$p N=$events KEYS=$keys EPM=$epm CKPT=$ckpt ENGINE=$engine \
                    scripts/bench.sh </dev/null) || line="{\"engine\":\"$engine\",\"job\":\"$job\",\"p\":$p}"
                echo "{\"row\":\"$name\",\"expected_count\":\"$count\",\"expected_checksum\":\"$checksum\",${line#\{}"
            done
        done
    done < <(rows)
}

# Markdown from the JSON lines: a row per job and parallelism, the engines side by side.
render() {
    awk -v engines="$ENGINES" '
        function value(name) {
            if (!match($0, "\"" name "\":(\"[^\"]*\"|[^,}]*)")) return ""
            text = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
            gsub(/"/, "", text)
            return text
        }
        function ratio(over, under) { return over > 0 && under > 0 ? sprintf("%.2f", over / under) : "-" }
        {
            id = value("row") "|" value("p"); engine = value("engine"); cpu = value("cpu_us_per_record")
            if (!(id in known)) { known[id] = 1; order[++rows] = id }
            if (cpu == "") next
            answer = value("count") " " value("checksum")
            expected = value("expected_count") " " value("expected_checksum")
            if (expected != "- -" && expected != answer) wrong[id] = wrong[id] " " engine
            if ((id in answers) && answers[id] != answer) wrong[id] = wrong[id] " " engine
            answers[id] = answer
            if (((id, engine) in least) && least[id, engine] + 0 <= cpu + 0) next
            least[id, engine] = cpu; rate[id, engine] = value("records_per_s"); rss[id, engine] = value("peak_rss_mb")
        }
        END {
            n = split(engines, name, " ")
            head = "| job | p |"; rule = "|---|---|"
            for (i = 1; i <= n; i++) {
                head = head " " name[i] " M records/s | " name[i] " CPU us/record | " name[i] " peak MB |"
                rule = rule "---|---|---|"
            }
            print head " CPU wasmill / native | CPU flink / wasmill | answer |"
            print rule "---|---|---|"
            for (r = 1; r <= rows; r++) {
                id = order[r]; split(id, part, "|"); line = "| " part[1] " | " part[2] " |"
                for (i = 1; i <= n; i++) {
                    if ((id, name[i]) in least)
                        line = line sprintf(" %.2f | %.4f | %d |", rate[id, name[i]] / 1e6, least[id, name[i]], rss[id, name[i]])
                    else line = line " - | - | - |"
                }
                print line " " ratio(least[id, "wasmill"], least[id, "native"]) " | " \
                    ratio(least[id, "flink"], least[id, "wasmill"]) " | " \
                    (id in wrong ? "WRONG:" wrong[id] : (id in answers ? "equal" : "none")) " |"
            }
        }' "$runs"
}

ENGINES=${ENGINES:-$(engines)}
mkdir -p "$results"
: >"$runs"
for ((round = 1; round <= ROUNDS; round++)); do measure | tee -a "$runs" >&2; done
{
    echo "Measured with \`make bench-table\` on $(getconf _NPROCESSORS_ONLN) cores, $(uname -sm), $(rustc --version | cut -d' ' -f1-2)," \
        "$PERCENT % of the input, best of $ROUNDS."
    echo
    render
} >"$table"
cat "$table"
if grep -q 'WRONG' "$table"; then
    echo "bench-table: some answers differ from the expected ones or between engines" >&2
    exit 1
fi
