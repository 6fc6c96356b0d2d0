#!/usr/bin/env python3
"""What trending-hashtags must find: python3 oracle.py DATA, writes trending.jsonl and feeds.jsonl here.

Shares nothing with the engine: it looks at every window and at every post with all records at hand.
"""
import json
import os
import re
import sys

MINUTE, WINDOW, SLIDE, OUT_OF_ORDER = 60_000, 30, 10, 60_000
read = lambda name: [json.loads(line) for line in open(os.path.join(sys.argv[1], name))]
posts, follows = read("posts.jsonl"), read("follows.jsonl")
for records in (posts, follows):
    latest = 0
    for record in records:
        assert record["at_ms"] > latest - OUT_OF_ORDER, "a late record"
        latest = max(latest, record["at_ms"])
times = [record["at_ms"] for record in posts + follows]
assert len(set(times)) == len(times), "two records at once have no order"
uses = [(tag, post["author"], post["at_ms"]) for post in posts
        for tag in {tag.lower() for tag in re.findall(r"#(\w+)", post["text"])}]
trending = []
first = min(times) // (SLIDE * MINUTE) - WINDOW // SLIDE
for start in range(first, max(times) // (SLIDE * MINUTE) + 1):
    start *= SLIDE * MINUTE
    end = start + WINDOW * MINUTE
    tags = {}
    for tag, author, at in uses:
        if start <= at < end:
            tags.setdefault(tag, []).append(author)
    ranked = sorted(tags, key=lambda tag: (-len(set(tags[tag])), -len(tags[tag]), tag))[:5]
    for rank, tag in enumerate(ranked, 1):
        trending.append({"until_ms": end, "rank": rank, "tag": tag, "authors": len(set(tags[tag])), "posts": len(tags[tag])})
feeds = []
for post in posts:
    followers = set()
    for follow in sorted(follows, key=lambda follow: follow["at_ms"]):
        if follow["author"] == post["author"] and follow["at_ms"] <= post["at_ms"]:
            (followers.discard if follow["ends"] else followers.add)(follow["follower"])
    feeds += [{"reader": reader, "author": post["author"], "at_ms": post["at_ms"], "text": post["text"]} for reader in followers]
for name, lines in [("trending", trending), ("feeds", feeds)]:
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".jsonl"), "w") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
