#!/usr/bin/env python3
"""What the pipeline must write: python3 oracle.py ORDERS, writes orders.jsonl and rejected.jsonl here."""
import datetime
import glob
import json
import os
import re
import sys

orders, rejected = {}, []
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*"))):
    for line in open(path).read().splitlines():
        if line == "id,customer,at_ms,amount,currency":
            continue
        try:
            if path.endswith(".csv"):
                id, customer, at_ms, amount, currency = line.split(",")
                order = {"id": int(id), "customer": customer, "at_ms": int(at_ms), "amount": amount, "currency": currency}
            else:
                order = json.loads(line)
            assert order["customer"] and order["at_ms"] >= 0 and order["currency"] in ["EUR", "USD", "CHF"]
            assert re.fullmatch(r"[0-9]+[.][0-9][0-9]", order["amount"])
            day = datetime.datetime.fromtimestamp(order["at_ms"] / 1000, datetime.timezone.utc).strftime("%Y-%m-%d")
        except (ValueError, KeyError, TypeError, AssertionError):
            rejected.append({"line": line})
            continue
        orders[order["id"]] = {"day": day, "id": order["id"], "customer": order["customer"], "at_ms": order["at_ms"],
                               "cents": int(order["amount"].replace(".", "")), "currency": order["currency"]}
for name, lines in [("orders", orders.values()), ("rejected", rejected)]:
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".jsonl"), "w") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
