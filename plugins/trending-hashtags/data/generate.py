#!/usr/bin/env python3
"""Makes posts.jsonl and follows.jsonl: three hours of 40 people. Same seed, same files.

Posts arrive up to 50 seconds late. Some tags are used all the time, two come up for half an hour and go again.
"""
import json
import os
import random

random.seed(20261121)
START, HOURS = 1795230000000, 3
people = ["user-%02d" % n for n in range(40)]
steady = ["music", "food", "travel", "cats", "work", "rain", "books"]
words = "what a day for some more of this and that".split()
END = START + HOURS * 3_600_000


def at():
    return random.randrange(START, END)


def text(at_ms):
    minute = (at_ms - START) // 60_000
    tags = random.choices(steady, weights=range(7, 0, -1), k=random.choice([0, 1, 1, 2]))
    if 40 <= minute < 75 and random.random() < 0.5:
        tags.append("Marathon")
    if 120 <= minute < 150 and random.random() < 0.4:
        tags.append("eclipse")
    parts = random.sample(words, 3) + ["#" + tag for tag in tags]
    random.shuffle(parts)
    return " ".join(parts)


def lines(name, records):
    arrivals = sorted(records, key=lambda record: record["at_ms"] + random.randrange(50_000))
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w") as out:
        out.writelines(json.dumps(record) + "\n" for record in arrivals)


times = random.sample(range(START, END), 1600)
posts = [{"author": random.choice(people), "at_ms": t, "text": text(t)} for t in times[:1300]]
follows, following = [], set()
for t in sorted(times[1300:]):
    pair = (random.choice(people), random.choice(people))
    ends = bool(following) and random.random() < 0.25
    if ends:
        pair = random.choice(sorted(following))
        following.remove(pair)
    else:
        following.add(pair)
    follows.append({"author": pair[0], "follower": pair[1], "at_ms": t, "ends": ends})
lines("posts.jsonl", posts)
lines("follows.jsonl", follows)
