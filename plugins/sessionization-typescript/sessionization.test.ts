// Clicks half an hour apart are two visits; a click between two visits makes them one; a click that is too late is told.

import assert from "node:assert/strict";
import test from "node:test";
import { Harness } from "wasmill/testing";
import sessionization, { type Click, type Visit } from "./sessionization.js";

const MINUTE = 60_000;
const click = (minute: number, page: string, user = "anna"): Click => ({ user, at_ms: minute * MINUTE, page });

function visits(...clicks: Click[]): Visit[] {
  const harness = new Harness(sessionization);
  harness.push(clicks);
  harness.finish();
  return harness.output<Visit>(1);
}

test("clicks of one visit are told in the order of their times", () => {
  const [visit, ...others] = visits(click(10, "b"), click(9, "a"), click(20, "c"));
  const expected = { user: "anna", start_ms: 9 * MINUTE, end_ms: 20 * MINUTE, clicks: 3, pages: ["a", "b", "c"] };
  assert.deepEqual(visit, expected);
  assert.deepEqual(others, []);
});

test("half an hour without a click ends a visit", () => {
  assert.equal(visits(click(0, "a"), click(30, "b")).length, 1);
  assert.equal(visits(click(0, "a"), click(31, "b")).length, 2);
  assert.equal(visits(click(0, "a"), click(1, "b", "bert")).length, 2);
});

test("a click between two visits makes them one", () => {
  const between = visits(click(0, "a"), click(40, "c"), click(20, "b"));
  assert.deepEqual(
    between.map(({ pages }) => pages),
    [["a", "b", "c"]],
  );
});

test("a click after its visit was closed is told as late", () => {
  const harness = new Harness(sessionization);
  harness.push([click(0, "a")]);
  harness.push([click(300, "b")]);
  harness.push([click(1, "late")]);
  harness.finish();
  assert.deepEqual(harness.output(0), [click(1, "late")]);
});
