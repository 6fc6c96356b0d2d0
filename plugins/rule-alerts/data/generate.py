#!/usr/bin/env python3
"""Makes samples.jsonl, an hour of measurements of six hosts, and rules.jsonl, rules that come, change and go meanwhile.

Same seed, same files. Samples are up to five seconds out of order, rules are in order.
"""
import json
import random

rng = random.Random(5)
START_MS = 1_795_226_400_000  # 2026-11-21 02:00:00 UTC
MINUTE = 60_000
samples = []
for number in range(6):
    for metric, usual in [("cpu", 55), ("memory", 70)]:
        at, value = START_MS + rng.randrange(30_000), usual
        while at < START_MS + 60 * MINUTE:
            value = min(100.0, max(5.0, value + rng.gauss(0, 6) + (usual - value) * 0.08))
            samples.append((at + rng.randrange(5_000), at, f"web-{number}", metric, round(value, 1)))
            at += rng.randrange(25_000, 35_000)
samples.sort()
with open("samples.jsonl", "w") as out:
    for _, at, host, metric, value in samples:
        line = {"host": host, "metric": metric, "at_ms": at, "value": value}
        out.write(json.dumps(line, separators=(",", ":")) + "\n")
rules = [
    (0, {"rule": "cpu-hot", "metric": "cpu", "above": 75.0, "times": 3}),
    (0, {"rule": "memory-full", "metric": "memory", "above": 85.0, "times": 1}),
    (12, {"rule": "cpu-busy", "metric": "cpu", "above": 62.0, "times": 6}),
    (20, {"rule": "cpu-hot", "metric": "cpu", "above": 70.0, "times": 2}),
    (25, {"rule": "memory-full", "metric": "memory", "removed": True}),
    (33, {"rule": "memory-high", "metric": "memory", "above": 80.0, "times": 4}),
    (40, {"rule": "cpu-busy", "metric": "cpu", "removed": True}),
    (45, {"rule": "memory-full", "metric": "memory", "above": 90.0, "times": 1}),
    (50, {"rule": "cpu-hot", "metric": "cpu", "above": 80.0, "times": 1}),
]
with open("rules.jsonl", "w") as out:
    for minute, rule in rules:
        line = {"at_ms": START_MS + minute * MINUTE, "above": 0.0, "times": 0, "removed": False, **rule}
        out.write(json.dumps(line, separators=(",", ":")) + "\n")
