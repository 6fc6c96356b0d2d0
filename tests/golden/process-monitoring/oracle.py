#!/usr/bin/env python3
"""What process monitoring must find: python3 oracle.py ORDERS, writes violations.jsonl and durations.jsonl here.

Shares nothing with the engine: it looks at each order as a whole, after the fact.
"""
import json
import os
import sys

MINUTES = {"paid": 30, "shipped": 24 * 60, "delivered": 72 * 60}
FLOW = ["placed", "paid", "shipped", "delivered"]
orders, violations, hours = {}, [], {}
for line in open(sys.argv[1]):
    event = json.loads(line)
    orders.setdefault(event["order"], []).append((event["step"], event["at_ms"]))
for order, events in orders.items():
    flow, reached = FLOW[:], None
    for step, at in events:
        if not flow or step != flow[0]:
            violations.append({"order": order, "what": "out of order", "step": step, "at_ms": at})
            continue
        flow.pop(0)
        if step != "placed":
            deadline = reached + MINUTES[step] * 60_000
            if at > deadline:
                violations.append({"order": order, "what": "missed", "step": step, "at_ms": deadline})
            hours.setdefault((step, at // 3_600_000 * 3_600_000), []).append(at - reached)
        reached = at
    if flow and reached is not None:
        deadline = reached + MINUTES[flow[0]] * 60_000
        violations.append({"order": order, "what": "missed", "step": flow[0], "at_ms": deadline})
durations = [{"step": step, "hour_ms": hour, "orders": len(took), "mean_ms": sum(took) // len(took),
              "longest_ms": max(took)} for (step, hour), took in sorted(hours.items())]
for name, lines in [("violations", violations), ("durations", durations)]:
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".jsonl"), "w") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
