#!/usr/bin/env python3
"""Which alerts there must be: python3 oracle.py DATA, writes alerts.jsonl here.

Shares nothing with the engine: every sample is looked at in the order of time, with the rules that held then.
"""
import json
import os
import sys

samples = [json.loads(line) for line in open(os.path.join(sys.argv[1], "samples.jsonl"))]
rules = [json.loads(line) for line in open(os.path.join(sys.argv[1], "rules.jsonl"))]
alerts = []
for host, metric in sorted({(s["host"], s["metric"]) for s in samples}):
    mine = sorted((s["at_ms"], s["value"]) for s in samples if (s["host"], s["metric"]) == (host, metric))
    for name in sorted({r["rule"] for r in rules if r["metric"] == metric}):
        streak, before = 0, None
        for at, value in mine:
            held = [r for r in rules if r["rule"] == name and r["at_ms"] <= at]
            if not held or held[-1].get("removed"):
                continue
            rule = held[-1]
            if rule is not before:
                streak, before = 0, rule
            streak = streak + 1 if value > rule["above"] else 0
            if streak == rule["times"]:
                alerts.append({"rule": name, "host": host, "metric": metric, "at_ms": at, "value": value,
                               "above": rule["above"], "times": streak})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "alerts.jsonl"), "w") as out:
    out.writelines(json.dumps(alert) + "\n" for alert in alerts)
