#!/usr/bin/env python3
"""Makes orders/: what two shops export over four days, one as CSV and one as JSON lines. Same seed, same files.

Some orders are exported twice, by one shop or by both; some lines are broken.
"""
import json
import random

rng = random.Random(31)
START_MS = 1_795_132_800_000  # 2026-11-20 00:00:00 UTC
DAY_MS = 86_400_000
NAMES = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Tony", "Frances", "Niklaus"]
orders = []
for number in range(1, 701):
    orders.append({
        "id": number, "customer": rng.choice(NAMES), "at_ms": START_MS + rng.randrange(4 * DAY_MS),
        "amount": f"{rng.randrange(1, 400)}.{rng.randrange(100):02}", "currency": rng.choice(["EUR", "USD", "CHF"]),
    })
BROKEN_CSV = ["17,Ada", "x,Ada,1795132800000,1.00,EUR", "801,Ada,1795132800000,-3.00,EUR", "802,,1795132800000,3.00,EUR",
              "803,Ada,1795132800000,3.00,XXX", "804,Ada,yesterday,3.00,EUR", "805,Ada,1795132800000,3.5,EUR"]
BROKEN_JSON = ["{", '{"id":1}', '{"id":901,"customer":"Ada","at_ms":-5,"amount":"1.00","currency":"EUR"}', "null",
               '{"id":902,"customer":"Ada","at_ms":1795132800000,"amount":"1.00","currency":"DOGE"}']


def as_csv(order):
    return ",".join(str(order[field]) for field in ["id", "customer", "at_ms", "amount", "currency"])


def as_json(order):
    return json.dumps({**order, "channel": rng.choice(["web", "app"])}, separators=(",", ":"))


for shop, write, broken, end in [("a", as_csv, BROKEN_CSV, "csv"), ("b", as_json, BROKEN_JSON, "jsonl")]:
    for part in range(3):
        # A quarter of the orders of each shop is in the other one's export as well, a tenth in two files of one shop.
        mine = [o for o in orders if (o["id"] % 2 == 0) == (shop == "a") or rng.random() < 0.25]
        mine = [o for o in mine if o["id"] % 3 == part or rng.random() < 0.1]
        lines = [write(order) for order in mine] + rng.sample(broken, 3)
        rng.shuffle(lines)
        with open(f"orders/shop-{shop}-{part}.{end}", "w") as out:
            if end == "csv":
                out.write("id,customer,at_ms,amount,currency\n")
            out.writelines(line + "\n" for line in lines)
