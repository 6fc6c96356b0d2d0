#!/usr/bin/env python3
"""Makes payments.jsonl: an hour of card payments of 40 accounts, a few of them stolen. Same seed, same file.

Every account pays around a mean of its own. Small payments happen, large ones too; now and then a thief tries a card
with a small payment and follows with a large one, sometimes after more than a minute. Lines are at most two seconds out
of order; those of one account are in order.
"""
import json
import random

rng = random.Random(20261121)
START_MS = 1_795_226_400_000  # 2026-11-21 02:00:00 UTC
payments = []
for number in range(40):
    account = f"DE{number:04}"
    mean = rng.randrange(800, 20_000)
    at = START_MS + rng.randrange(60_000)
    while at < START_MS + 3_600_000:
        kind = rng.random()
        if kind < 0.04:  # A thief: small, then large.
            payments.append((at, account, rng.randrange(1, max(2, mean // 30))))
            at += rng.randrange(5_000, 100_000)
            payments.append((at, account, mean * rng.randrange(6, 15)))
        elif kind < 0.08:  # A small payment and nothing behind it.
            payments.append((at, account, rng.randrange(1, max(2, mean // 30))))
        elif kind < 0.10:  # A large payment out of the blue.
            payments.append((at, account, mean * rng.randrange(6, 15)))
        else:
            payments.append((at, account, int(mean * rng.uniform(0.4, 1.7))))
        at += rng.randrange(60_000, 240_000) if rng.random() < 0.8 else rng.randrange(2_000, 40_000)
payments.sort()
# Arrival: up to two seconds late, but never before an earlier payment of the same account.
arrived, last = [], {}
for at, account, cents in payments:
    arrival = max(at + rng.randrange(2_000), last.get(account, 0) + 1)
    last[account] = arrival
    arrived.append((arrival, at, account, cents))
arrived.sort()
with open("payments.jsonl", "w") as out:
    for number, (_, at, account, cents) in enumerate(arrived):
        line = {"id": number, "account": account, "at_ms": at, "cents": cents}
        out.write(json.dumps(line, separators=(",", ":")) + "\n")
