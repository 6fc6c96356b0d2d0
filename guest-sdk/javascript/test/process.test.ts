// Keyed logic: state, timers, side outputs, failures, whatever the batches and instances are.

import assert from "node:assert/strict";
import test from "node:test";
import {
  array,
  CallFailure,
  collect,
  collection,
  END_OF_TIME,
  type Env,
  type Factory,
  type KeyedProcess,
  long,
  OutputTag,
  print,
  record,
  string,
  type Stream,
  tuple,
  Watermarks,
} from "../src/index.js";
import { Harness } from "../src/testing.js";
import { dice, pick } from "./random.js";

const Total = record("Total", { word: string, count: long });
const Bag = record("Bag", { words: array(string) });
const REJECTED = new OutputTag("rejected", string);

type Totals = { word: string; count: number };

/** Counts words in a value, remembers them in a list and a map, tells at the end. */
const countWords: Factory<KeyedProcess<string, string, Totals>> = (ctx) => {
  const count = ctx.valueState("count", long);
  const bag = ctx.valueState("bag", Bag);
  const all = ctx.listState("all", string);
  const lengths = ctx.mapState("lengths", long, long);
  const rejected = ctx.sideOutput(REJECTED);
  const seen = ctx.counter("seen");
  return {
    process(word, ctx) {
      seen.add();
      if (word === "bad") throw new RangeError("a bad word");
      if (/^\d+$/.test(word)) return rejected.emit(word);
      const n = (count.get() ?? 0) + 1;
      count.set(n);
      if (n === 1) ctx.registerEventTimer(END_OF_TIME);
      all.add(word);
      lengths.put(word.length, (lengths.get(word.length) ?? 0) + 1);
      const words = [...(bag.get()?.words ?? []), word];
      bag.set({ words });
      words.push("never stored");
    },
    onTimer(_domain, ctx, out) {
      const entries = [...lengths.entries()];
      assert.deepEqual(all.get(), bag.get()!.words);
      assert.equal(
        entries.reduce((sum, [, n]) => sum + n, 0),
        count.get(),
      );
      assert.deepEqual(entries, [...entries].sort(([a], [b]) => a - b));
      out.emit({ word: ctx.key, count: count.get()! });
    },
  };
};

function countJob(env: Env): void {
  const words = env.source(collection(string, []));
  const counts = words.keyBy(string, (word) => word.slice(0, 1)).process(Total, countWords);
  counts.uid("count").sink(collect());
  counts.sideOutput(REJECTED).sink(collect());
}

test("counts do not depend on batches and instances", () => {
  for (let seed = 0; seed < 20; seed++) {
    const roll = dice(seed);
    const word = () => Array.from({ length: 1 + roll(3) }, () => pick(roll, [..."abcé7"])).join("");
    const words = Array.from({ length: 300 }, word);
    const options = { outputSoftBytes: pick(roll, [1, 256 * 1024]), forgetBetweenCalls: seed % 2 === 0 };
    const harness = new Harness(countJob, options);
    for (let at = 0; at < words.length; ) {
      const size = 1 + roll(100);
      harness.push(words.slice(at, at + size));
      at += size;
    }
    harness.finish();
    const expected = new Map<string, number>();
    const isDigits = (word: string) => /^\d+$/.test(word);
    for (const word of words.filter((word) => !isDigits(word))) {
      expected.set(word.slice(0, 1), (expected.get(word.slice(0, 1)) ?? 0) + 1);
    }
    const found = harness.output<Totals>().map(({ word, count }) => [word, count] as const);
    assert.deepEqual(new Map(found), expected, `seed ${seed}`);
    assert.equal(found.length, expected.size);
    assert.deepEqual(harness.output(1), words.filter(isDigits), `seed ${seed}`);
    assert.equal(harness.counter("seen"), words.length);
  }
});

test("state is read and written once a batch", () => {
  const harness = new Harness(countJob);
  harness.push(["ab", "b", "ab", "cc"]);
  const { calls } = harness.host("count");
  assert.equal(calls.getMany, 2, "one for the numbers and one for the bags");
  assert.equal(calls.putMany, 3, "and one for the map");
});

test("a failure names the record and undoes the call", () => {
  const harness = new Harness(countJob);
  harness.push(["a", "b"]);
  const isNamed = (error: unknown) => {
    assert.ok(error instanceof CallFailure);
    assert.equal(error.record, 2);
    assert.match(error.message, /^RangeError: a bad word \(at .*process/);
    return true;
  };
  assert.throws(() => harness.push(["a", "a", "bad", "b"]), isNamed);
  harness.finish();
  assert.deepEqual(harness.output(), [
    { word: "a", count: 1 },
    { word: "b", count: 1 },
  ]);
});

test("timers fire once and deleted ones never", () => {
  const harness = new Harness((env) => {
    env
      .source(collection(tuple(string, long), []))
      .assignTimestamps(([, time]) => time, Watermarks.boundedMs(0))
      .keyBy(string, ([key]) => key)
      .process(string, (ctx) => {
        const last = ctx.valueState("last", long);
        return {
          process(_record, ctx) {
            const before = last.get();
            if (before !== undefined) ctx.deleteEventTimer(before + 10);
            last.set(ctx.timestamp!);
            ctx.registerEventTimer(ctx.timestamp! + 10);
            ctx.registerProcessingTimer(ctx.processingTime + 1000);
          },
          onTimer: (domain, ctx, out) => out.emit(`${domain} ${ctx.key} ${ctx.timerTime}`),
        };
      })
      .sink(print());
  });
  harness.push([
    ["a", 1],
    ["b", 2],
  ]);
  harness.push([["a", 5]]);
  assert.deepEqual(harness.output(), []);
  harness.push([["c", 14]]);
  assert.deepEqual(harness.output(), ["event b 12"]);
  harness.setClock(1000);
  const byClock = ["processing a 1000", "processing b 1000", "processing c 1000"];
  assert.deepEqual(harness.output().slice(1), byClock);
  harness.finish();
  const rest = harness.outputAt().slice(4);
  assert.deepEqual(rest, [
    { record: "event a 15", timestamp: 15 },
    { record: "event c 24", timestamp: 24 },
  ]);
});

test("two streams share state", () => {
  const harness = new Harness((env) => {
    const letter = (word: string) => word.slice(0, 1);
    const [first, second] = [env.source(collection(string, [])), env.source(collection(string, []))];
    first
      .keyBy(string, letter)
      .connect(second.keyBy(string, letter))
      .process(string, (ctx) => {
        const left = ctx.valueState("left", string);
        return {
          process1: (record) => left.set(record),
          process2: (record, _ctx, out) => out.emit(`${left.get() ?? "nothing"} meets ${record}`),
        };
      })
      .sink(print());
  });
  harness.push(["ape", "bee"]);
  harness.push(["ant", "cat"], 1);
  assert.deepEqual(harness.output(), ["ape meets ant", "nothing meets cat"]);
});

test("simple operators chain in order", () => {
  const harness = new Harness((env) => {
    const lines = env.source(collection(string, []));
    const words = lines
      .flatMap(string, (line) => line.split(" "))
      .filter((word) => word !== "" && word !== "no")
      .map(string, (word) => word.toUpperCase());
    words
      .union(words)
      .process(string, () => ({
        process: (record, ctx, out) => ctx.watermark > 0 && out.emit(`${record} after ${ctx.watermark}`),
        finish: (_ctx, out) => out.emit("end"),
      }))
      .sink(print());
    words.keyBy(string, (word) => word.slice(0, 1)).reduce((a, b) => a + b).sink(print());
  });
  harness.push(["a b no", "", "ab no"]);
  assert.deepEqual(harness.output(1), ["A", "B", "AAB"]);
  harness.advanceWatermark(7);
  harness.push(["x"]);
  assert.deepEqual(harness.output(0), ["X after 7", "X after 7"]);
  harness.finish();
  assert.deepEqual(harness.output(0).slice(2), ["end"]);
});

test("an impossible graph is refused with the operator named", () => {
  const refused = (build: (words: Stream<string>) => void, message: RegExp) =>
    assert.throws(() => new Harness((env) => build(env.source(collection(string, [])))), { message });
  refused((w) => w.process(string, countWords as never).sink(print()), /process-1: state count needs a keyed stream/);
  refused((w) => w.keyBy("size" as never).reduce((a) => a).sink(print()), /key-by-1: string has no field size/);
  refused((w) => w.filter(Boolean).uid("x").filter(Boolean).uid("x").sink(print()), /x: another operator/);
  refused((w) => w.filter(Boolean).parallelism(0).sink(print()), /parallelism is 0/);
  refused((w) => w.sideOutput(REJECTED).sink(print()), /it has no side output rejected/);
});
