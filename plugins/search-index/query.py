#!/usr/bin/env python3
"""Searches the index: query.py DIRECTORY WORD... prints the documents with the best BM25 scores."""
import glob
import json
import math
import sys

directory, words = sys.argv[1], [word.lower() for word in sys.argv[2:]]
lengths = {}
for part in glob.glob(f"{directory}/documents/part-*"):
    for line in open(part):
        document = json.loads(line)
        lengths[document["document"]] = document["words"]
mean = sum(lengths.values()) / len(lengths)
scores = {}
for part in glob.glob(f"{directory}/terms/part-*"):
    for line in open(part):
        term = json.loads(line)
        if term["term"] not in words:
            continue
        rarity = math.log(1 + (len(lengths) - term["documents"] + 0.5) / (term["documents"] + 0.5))
        for posting in term["postings"]:
            document, count = posting["document"], posting["count"]
            weight = count * 2.2 / (count + 1.2 * (0.25 + 0.75 * lengths[document] / mean))
            scores[document] = scores.get(document, 0) + rarity * weight
for document, score in sorted(scores.items(), key=lambda item: -item[1])[:10]:
    print(f"{score:6.3f} {document}")
