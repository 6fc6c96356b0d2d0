#!/usr/bin/env python3
"""What fraud detection must find: python3 oracle.py PAYMENTS > alerts.jsonl. Shares nothing with the engine."""
import json
import sys

paid, small = {}, {}
for line in open(sys.argv[1]):
    payment = json.loads(line)
    account, cents = payment["account"], payment["cents"]
    mine = paid.setdefault(account, [])
    if len(mine) >= 5:
        mean = sum(mine) // len(mine)
        if cents >= mean * 5:
            before = small.get(account)
            if before and payment["at_ms"] - before["at_ms"] <= 60_000:
                print(json.dumps({
                    "account": account, "small_id": before["id"], "large_id": payment["id"],
                    "at_ms": payment["at_ms"], "cents": cents, "large_cents": mean * 5,
                }))
            continue
        if cents <= mean // 10:
            small[account] = payment
    mine.append(cents)
