#!/usr/bin/env python3
"""What sessionization must find: python3 oracle.py CLICKS, writes sessions.jsonl and late.jsonl here.

Shares nothing with the engine: it takes the late clicks out first, then cuts the sorted clicks of each user at the gaps.
It refuses data in which a click is late only just, since the watermark moves in steps.
"""
import json
import os
import sys

GAP, OUT_OF_ORDER, HOUR = 30 * 60_000, 120_000, 3_600_000
clicks = [json.loads(line) for line in open(sys.argv[1])]
late, users, latest = [], {}, 0
for click in clicks:
    behind = latest - OUT_OF_ORDER - 1 - (click["at_ms"] + GAP - 1)
    assert behind < -GAP / 2 or behind > HOUR, "late only just"
    latest = max(latest, click["at_ms"])
    if behind >= 0:
        late.append(click)
    else:
        users.setdefault(click["user"], []).append(click)
sessions = []
for user, mine in users.items():
    mine.sort(key=lambda click: click["at_ms"])
    assert len({click["at_ms"] for click in mine}) == len(mine), "two clicks at once have no order"
    visits = [[mine[0]]]
    for before, click in zip(mine, mine[1:]):
        gap = click["at_ms"] - before["at_ms"]
        assert gap != GAP, "a gap of exactly half an hour"
        if gap > GAP:
            visits.append([])
        visits[-1].append(click)
    for visit in visits:
        sessions.append({"user": user, "start_ms": visit[0]["at_ms"], "end_ms": visit[-1]["at_ms"],
                         "clicks": len(visit), "pages": [click["page"] for click in visit]})
        for click in late:
            away = click["user"] != user or click["at_ms"] + GAP < visit[0]["at_ms"] - OUT_OF_ORDER \
                or click["at_ms"] > visit[-1]["at_ms"] + GAP
            seen = [c["at_ms"] for c in clicks[:clicks.index(click)]]
            closed = max(seen) > visit[-1]["at_ms"] + GAP + OUT_OF_ORDER + HOUR
            assert away or closed, "a late click that an open session would take in"
for name, lines in [("sessions", sessions), ("late", late)]:
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".jsonl"), "w") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
