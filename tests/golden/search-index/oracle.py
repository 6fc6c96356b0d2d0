#!/usr/bin/env python3
"""What the index must contain: python3 oracle.py LINES, writes terms.jsonl and documents.jsonl here."""
import collections
import json
import os
import sys

terms = collections.defaultdict(collections.Counter)
documents = collections.Counter()
for line in open(sys.argv[1]):
    document, _, text = line.rstrip("\n").split(":", 2)
    for word in "".join(c if c.isalnum() else " " for c in text).lower().split():
        terms[word][document] += 1
        documents[document] += 1
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "terms.jsonl"), "w") as out:
    for term, counts in sorted(terms.items()):
        postings = [{"document": document, "count": count} for document, count in sorted(counts.items())]
        line = {"term": term, "documents": len(postings), "postings": postings}
        out.write(json.dumps(line, separators=(",", ":")) + "\n")
with open(os.path.join(here, "documents.jsonl"), "w") as out:
    out.writelines(json.dumps({"document": d, "words": n}) + "\n" for d, n in sorted(documents.items()))
