#!/usr/bin/env python3
"""What anomaly detection must find: python3 oracle.py READINGS, writes anomalies.jsonl and silent.jsonl here.

Shares nothing with the engine: every score is computed anew from the list of all readings kept so far, every window by
looking at all scores.
"""
import json
import os
import statistics
import sys

readings = [json.loads(line) for line in open(sys.argv[1])]
here = os.path.dirname(os.path.abspath(__file__))
anomalies, silent = [], []
for sensor in sorted({r["sensor"] for r in readings}):
    mine = [r for r in readings if r["sensor"] == sensor]
    kept, scores = [], []
    for reading in mine:
        score = 0.0
        if len(kept) >= 20:
            score = (reading["value"] - statistics.mean(kept)) / statistics.stdev(kept)
        assert abs(abs(score) - 3.5) > 1e-6, "too close to the limit to compare two ways of computing it"
        if abs(score) < 3.5:
            kept.append(reading["value"])
        scores.append((reading["at_ms"], abs(score) >= 3.5))
    for start in sorted({(at // 20_000 - back) * 20_000 for at, _ in scores for back in range(3)}):
        inside = [outlier for at, outlier in scores if start <= at < start + 60_000]
        if sum(inside) >= 3:
            anomalies.append({"sensor": sensor, "window_start": start, "window_end": start + 60_000,
                              "readings": len(inside), "outliers": sum(inside)})
    times = sorted(at for at, _ in scores)
    for at, following in zip(times, times[1:] + [float("inf")]):
        if following - at >= 60_000:
            silent.append({"sensor": sensor, "since_ms": at})
for name, lines in [("anomalies", anomalies), ("silent", silent)]:
    with open(os.path.join(here, name + ".jsonl"), "w") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
