#!/usr/bin/env bash
# What checkpoints cost, and how long a job takes to go on after kill -9: the running sum of J3 with a checkpoint every
# second, killed when it has a checkpoint with nearly all keys, and started again with --restore latest.
#
#   scripts/bench-recovery.sh [KEYS...]        1000000 and 10000000 unless given
#
# Prints a row of a table for each backend and number of keys:
#   state      bytes of all files that the newest checkpoint names (MB)
#   pause      the longest time for which a checkpoint stopped a task (ms), in ten seconds after the restart
#   checkpoint from its trigger to its completion, least and most (ms), of those that the kill left behind
#   recovery   from the start of the process to all tasks running with their state (s)
# From the environment: BACKENDS ("heap rocksdb"), BINARY and GUEST (the built ones). Needs python3. Files go to a
# temporary folder that is removed.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
BINARY=${BINARY:-$target/release/wasmill}
GUEST=${GUEST:-$target/wasm32-unknown-unknown/guest/bench.wasm}
BACKENDS=${BACKENDS:-heap rocksdb}
folder=$(mktemp -d)
child=""
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null; rm -rf "$folder"' EXIT

job() {
    local backend=$1 keys=$2
    shift 2
    exec "$BINARY" run "$GUEST" -p 2 --json --log info \
        --param job=J3 --param "keys=$keys" --param "n=$((keys * 1000))" --state-backend "$backend" \
        --checkpoint-interval 1s --data-dir "$folder/data" -D "data.tmp-dir=$folder" \
        -D execution.checkpointing.num-retained=10 "$@"
}

# Prints state bytes, number, and shortest and longest duration of the checkpoints that count.
checkpoints() {
    python3 - "$folder/data/bench-J3" <<'END'
import json, pathlib, sys

folder = pathlib.Path(sys.argv[1])
try:
    retained = json.loads((folder / "CURRENT").read_text())["retained"]
    documents = [json.loads((folder / it["metadata"]).read_text()) for it in retained]
except FileNotFoundError:
    # There is none yet, or it has just been superseded.
    print("0 0 0 0")
    sys.exit()
files = {
    file["name"]: file["bytes"]
    for vertex in documents[0]["vertices"]
    for task in vertex["tasks"]
    for file in (task["state"] or {"files": []})["files"]
}
took = [document["duration_ms"] for document in documents]
print(sum(files.values()), len(documents), min(took), max(took))
END
}

measure() {
    local backend=$1 keys=$2 count=0 lowest highest bytes started
    rm -rf "$folder/data"
    (job "$backend" "$keys") >"$folder/out" 2>"$folder/err" &
    child=$!
    # Killed some way into the run: by then most keys have been seen. RocksDB's files are compressed.
    while kill -0 "$child" 2>/dev/null; do
        read -r bytes count lowest highest < <(checkpoints)
        if [ "$bytes" -gt $((keys * 8)) ] && [ "$count" -ge 3 ]; then break; fi
        sleep 0.2
    done
    if ! kill -9 "$child" 2>/dev/null; then
        echo "bench-recovery: the job ended before it had three checkpoints" >&2
        return 1
    fi
    wait "$child" 2>/dev/null || true
    read -r bytes count lowest highest < <(checkpoints)
    started=$(date +%s.%N)
    (job "$backend" "$keys" --restore latest) >"$folder/out" 2>"$folder/err" &
    child=$!
    # It goes on for some checkpoints, whose pauses its summary has, and is stopped as by Ctrl-C.
    sleep 10
    kill -INT "$child"
    wait "$child" || true
    child=""
    python3 - "$folder" "$backend" "$keys" "$bytes" "$lowest" "$highest" "$started" <<'END'
import datetime, json, pathlib, re, sys

folder, backend, keys, size, lowest, highest, started = sys.argv[1:]
log = re.sub(r"\x1b\[[0-9;]*m", "", (pathlib.Path(folder) / "err").read_text())
times = [line.split()[0] for line in log.splitlines() if line.rstrip().endswith("running") or ": running" in line]
last = datetime.datetime.fromisoformat(times[-1].replace("Z", "+00:00")).timestamp()
summary = json.loads((pathlib.Path(folder) / "out").read_text().splitlines()[-1])
print(
    f"| {backend} | {int(keys):,} | {int(size) / 1e6:.0f} | {summary['longest_checkpoint_pause_ms']:.2f} "
    f"| {lowest} - {highest} | {last - float(started):.2f} |"
)
END
}

echo "| backend | keys | state MB | longest pause ms | checkpoint ms | recovery s |"
echo "|---|---|---|---|---|---|"
for keys in "${@:-1000000 10000000}"; do
    for count in $keys; do
        for backend in $BACKENDS; do measure "$backend" "$count"; done
    done
done
