#!/usr/bin/env python3
"""Makes clicks.jsonl: twelve hours of clicks of 24 users, in visits of a few minutes. Same seed, same file.

Clicks arrive up to two minutes late. A few come from phones that were offline: they arrive four to six hours late.
"""
import json
import random

rng = random.Random(99)
START_MS = 1_795_219_200_000  # 2026-11-21 00:00:00 UTC
MINUTE = 60_000
PAGES = ["/", "/search", "/product/7", "/product/12", "/product/31", "/cart", "/checkout", "/help"]
arrived = []
for number in range(24):
    user = f"user-{number:02}"
    at = START_MS + rng.randrange(60 * MINUTE)
    while at < START_MS + 12 * 60 * MINUTE:
        for _ in range(rng.randrange(1, 16)):
            arrived.append((at + rng.randrange(2 * MINUTE - 1_000), at, user, rng.choice(PAGES)))
            at += rng.randrange(1_000, 4 * MINUTE)
        at += rng.randrange(40 * MINUTE, 200 * MINUTE)
for _ in range(24):
    at = START_MS + rng.randrange(60 * MINUTE, 5 * 60 * MINUTE)
    arrived.append((at + rng.randrange(240 * MINUTE, 360 * MINUTE), at, f"user-{rng.randrange(24):02}", rng.choice(PAGES)))
arrived.sort()
with open("clicks.jsonl", "w") as out:
    for _, at, user, page in arrived:
        out.write(json.dumps({"user": user, "at_ms": at, "page": page}, separators=(",", ":")) + "\n")
