// The job in memory, in the harness of the SDK: npm test.

import assert from "node:assert/strict";
import test from "node:test";
import { Harness } from "wasmill/testing";
import job, { type Payment, type Total } from "./job.js";

test("payments of an account add up", () => {
  const harness = new Harness(job);
  const payments: Payment[] = [
    { account: "anna", cents: 5 },
    { account: "bert", cents: 7 },
    { account: "anna", cents: 3 },
  ];
  harness.push(payments);
  const totals = harness.output<Total>().map(({ cents }) => cents);
  assert.deepEqual(totals, [5, 7, 8]);
});
