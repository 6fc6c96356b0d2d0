#!/usr/bin/env python3
"""Makes readings.jsonl: 20 minutes of 12 sensors, a reading about every ten seconds. Same seed, same file.

Temperatures swing around a value of the sensor's own. Some sensors have a fault for half a minute (values far off, read
more often), some are silent for a while. Lines are up to four seconds out of order.
"""
import json
import math
import random

rng = random.Random(42)
START_MS = 1_795_226_400_000  # 2026-11-21 02:00:00 UTC
MINUTES = 20
readings = []
for number in range(12):
    sensor = f"boiler-{number:02}"
    usual, spread = rng.uniform(40, 80), rng.uniform(0.5, 2)
    faults = [rng.uniform(6, 18) * 60 for _ in range(rng.choice([0, 1, 1, 2]))]
    silences = [(start, start + rng.uniform(50, 180)) for start in [rng.uniform(2, 16) * 60] if number % 3 == 0]
    second = rng.uniform(0, 10)
    while second < MINUTES * 60:
        at_fault = any(start <= second < start + 30 for start in faults)
        value = usual + math.sin(second / 200) * spread + rng.gauss(0, spread)
        if at_fault:
            value += rng.choice([-1, 1]) * spread * rng.uniform(4, 12)
        if not any(start <= second < end for start, end in silences):
            readings.append((START_MS + int(second * 1000), sensor, round(value, 2)))
        second += rng.uniform(2, 5) if at_fault else rng.uniform(8, 12)
arrived = sorted((at + rng.randrange(4_000), at, sensor, value) for at, sensor, value in readings)
with open("readings.jsonl", "w") as out:
    for _, at, sensor, value in arrived:
        line = {"sensor": sensor, "at_ms": at, "value": value}
        out.write(json.dumps(line, separators=(",", ":")) + "\n")
