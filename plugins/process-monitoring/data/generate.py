#!/usr/bin/env python3
"""Makes orders.jsonl: 350 orders of a week, most in time, some late, some never finished. Same seed, same file.

Lines are up to a minute out of order; those of one order are in order.
"""
import json
import random

rng = random.Random(7)
START_MS = 1_795_219_200_000  # 2026-11-21 00:00:00 UTC
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
events = []
for order in range(1, 351):
    at = START_MS + rng.randrange(2 * DAY)
    steps = [("placed", 0, 1), ("paid", 30 * MINUTE, 0.93), ("shipped", 24 * HOUR, 0.95), ("delivered", 72 * HOUR, 0.96)]
    if rng.random() < 0.02:
        steps[1], steps[2] = steps[2], steps[1]
    last = 0
    for step, limit, in_time in steps:
        if rng.random() < 0.02:
            break
        at += int(limit * (rng.uniform(0.02, 0.8) if rng.random() < in_time else rng.uniform(1.01, 1.6)))
        last = max(at + rng.randrange(MINUTE), last + 1)
        events.append((last, order, step, at))
events.sort()
with open("orders.jsonl", "w") as out:
    for _, order, step, at in events:
        out.write(json.dumps({"order": order, "step": step, "at_ms": at}, separators=(",", ":")) + "\n")
