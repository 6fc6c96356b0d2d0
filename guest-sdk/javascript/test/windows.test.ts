// Windows against a naive model: every record in the windows of its time, each window told once.

import assert from "node:assert/strict";
import test from "node:test";
import {
  collection,
  type Env,
  long,
  OutputTag,
  print,
  record,
  session,
  sliding,
  string,
  tumbling,
  Watermarks,
  type Windowed,
} from "../src/index.js";
import { Harness } from "../src/testing.js";
import type { Assigner } from "../src/window.js";
import { dice, pick } from "./random.js";

type Row = { key: string; time: number; n: number };
const Row = record("Row", { key: string, time: long, n: long });
const LATE = new OutputTag("late", Row);

function jobWith(assigner: Assigner, latenessMs = 0): (env: Env) => void {
  return (env) => {
    const sums = env
      .source(collection(Row, []))
      .assignTimestamps((row) => row.time, Watermarks.boundedMs(20))
      .keyBy("key")
      .window(assigner)
      .allowedLatenessMs(latenessMs)
      .lateOutput(LATE)
      .sum((row) => row.n);
    sums.sink(print());
    sums.sideOutput(LATE).sink(print());
  };
}

/** Runs rows that are in order up to 20 milliseconds, so that nothing is late. */
function run(assigner: Assigner, seed: number): { harness: Harness; rows: Row[] } {
  const roll = dice(seed);
  const rows = Array.from({ length: 200 }, (_, i) => ({
    key: pick(roll, ["a", "b"]),
    time: 3 * i - roll(21),
    n: 1 + roll(9),
  }));
  const harness = new Harness(jobWith(assigner), { forgetBetweenCalls: seed % 2 === 0 });
  for (let at = 0; at < rows.length; ) {
    const size = 1 + roll(40);
    harness.push(rows.slice(at, at + size));
    at += size;
  }
  harness.finish();
  return { harness, rows };
}

function check(harness: Harness, expected: Map<string, number>, told: string): void {
  const found = harness.outputAt<Windowed<string, number>>();
  const sums = found.map(({ record: w }) => [`${w.key} ${w.windowStart} ${w.windowEnd}`, w.value] as const);
  assert.deepEqual(new Map([...sums].sort()), new Map([...expected].sort()), told);
  assert.equal(sums.length, expected.size, told);
  assert.ok(found.every(({ record, timestamp }) => timestamp === record.windowEnd - 1), told);
  assert.equal(harness.stateSize(), 0, told);
}

test("regular windows are those of the model", () => {
  for (const [size, slide, offset] of [[10, 10, 0], [10, 10, 3], [30, 10, 0], [25, 10, -4], [5, 20, 0]] as const) {
    for (let seed = 0; seed < 8; seed++) {
      const { harness, rows } = run(sliding.ofMs(size, slide).offsetMs(offset), seed);
      const sums = new Map<string, number>();
      for (const { key, time, n } of rows) {
        for (let start = -100 * slide + offset; start <= time; start += slide) {
          const window = `${key} ${start} ${start + size}`;
          if (time < start + size) sums.set(window, (sums.get(window) ?? 0) + n);
        }
      }
      check(harness, sums, `${size} ${slide} ${offset}, seed ${seed}`);
    }
  }
});

test("sessions are those of the model", () => {
  for (const gap of [3, 7, 30]) {
    for (let seed = 0; seed < 8; seed++) {
      const { harness, rows } = run(session.withGapMs(gap), seed);
      const sums = new Map<string, number>();
      for (const key of ["a", "b"]) {
        const mine = rows.filter((row) => row.key === key).sort((a, b) => a.time - b.time);
        let group = [mine[0]!];
        for (const row of [...mine.slice(1), { key, time: 1e9, n: 0 }]) {
          const last = group.at(-1)!;
          if (row.time - last.time > gap) {
            sums.set(`${key} ${group[0]!.time} ${last.time + gap}`, group.reduce((sum, { n }) => sum + n, 0));
            group = [];
          }
          group.push(row);
        }
      }
      check(harness, sums, `gap ${gap}, seed ${seed}`);
    }
  }
});

test("late records fire again within the lateness and leave after it", () => {
  for (const assigner of [tumbling.ofMs(10), session.withGapMs(10)]) {
    const harness = new Harness(jobWith(assigner, 100));
    const row = (key: string, time: number, n: number) => ({ key, time, n });
    const values = () => harness.output<Windowed<string, number>>().map(({ value }) => value);
    harness.push([row("a", 0, 1), row("a", 60, 5)]);
    assert.deepEqual(values(), [1]);
    harness.push([row("a", 0, 2)]);
    assert.deepEqual(values(), [1, 3]);
    harness.push([row("a", 200, 7), row("b", 300, 1)]);
    harness.push([row("a", 1, 4)]);
    assert.deepEqual(harness.output(1), [row("a", 1, 4)]);
    assert.equal(harness.counter("numLateRecordsOut"), 1);
    harness.finish();
    assert.deepEqual(values().sort(), [1, 1, 3, 5, 7]);
    assert.equal(harness.stateSize(), 0);
  }
});

test("windows of the clock close by the clock", () => {
  const harness = new Harness((env) => {
    const rows = env.source(collection(string, []));
    rows.keyBy(string, (row) => row).window(tumbling.ofMs(10).processingTime()).count().sink(print());
  });
  harness.setClock(5);
  harness.push(["a", "a"]);
  harness.setClock(9);
  assert.deepEqual(harness.output(), []);
  harness.setClock(10);
  assert.deepEqual(harness.output(), [{ key: "a", windowStart: 0, windowEnd: 10, value: 2 }]);
});
