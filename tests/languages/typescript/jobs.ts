// Jobs in TypeScript that answer the oracle's questions, J2, J4, J5, J7 and J8; one with a source and a sink of its own,
// and one that fails.

import {
  checksum,
  count,
  END_OF_TIME,
  type Env,
  type Factory,
  generator,
  type Infer,
  type KeyedProcess,
  long,
  record,
  type Sink,
  type Source,
  type Stream,
  session,
  sliding,
  string,
  textFiles,
  tumbling,
  tuple,
  type TwoPhaseSink,
  Watermarks,
  type Window,
} from "wasmill";

const Pair = record("Pair", { key: long, one: long });
const Bid = record("Bid", { auction: long, bidder: long, price: long, ts: long });
const WordCount = record("WordCount", { word: string, count: long });
const WindowCount = record("WindowCount", { window_start: long, key: long, count: long });
type Pair = Infer<typeof Pair>;
type Bid = Infer<typeof Bid>;
type WordCount = Infer<typeof WordCount>;
type WindowCount = Infer<typeof WindowCount>;

/** So many numbers in each split; a position is the next number and the one to stop before. */
const numbers =
  (n: number): Factory<Source<number, readonly [number, number]>> =>
  () => ({
    splits: (parallelism) =>
      Array.from({ length: parallelism }, (_, i) => [Math.floor((n * i) / parallelism), Math.floor((n * (i + 1)) / parallelism)]),
    poll([next, end], _ctx, out) {
      while (next < end && out.room > 0) out.emit(next++);
      return [[next, end], next < end ? "more" : "ended"];
    },
  });

/** Files that appear by a rename. */
const parts: Factory<TwoPhaseSink<number, string, string>> = (ctx) => {
  const files = ctx.files();
  const bytesOf = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  return {
    begin: (name) => name,
    write(name, records) {
      files.append(`${name}.pending`, bytesOf(records.map((n) => `${n}\n`).join("")));
      return name;
    },
    preCommit(name) {
      files.sync(`${name}.pending`);
      return name;
    },
    commit(name) {
      if (files.size(`${name}.pending`) !== undefined) files.rename(`${name}.pending`, `part-${name}`);
    },
    abort: (name) => files.remove(`${name}.pending`),
    recover() {
      for (const name of files.list()) if (name.endsWith(".pending")) files.remove(name);
    },
  };
};

/** Refuses a pair. */
function refuse(pair: Pair): Pair {
  if (pair.key === 7) throw new RangeError("seven is refused");
  return pair;
}

/** Tells every sum. */
const countPairs: Factory<KeyedProcess<number, Pair, Pair>> = (ctx) => {
  const sum = ctx.valueState("sum", long);
  return {
    process(pair, _ctx, out) {
      const total = (sum.get() ?? 0) + pair.one;
      sum.set(total);
      out.emit({ key: pair.key, one: total });
    },
  };
};

/** Counts a word; tells every count, or only the last one. */
const countWords: Factory<KeyedProcess<string, string, WordCount>> = (ctx) => {
  const seen = ctx.valueState("count", long);
  const emitAll = ctx.place.parameters.get("emit") === "all";
  return {
    process(word, ctx, out) {
      const n = (seen.get() ?? 0) + 1;
      seen.set(n);
      if (emitAll) out.emit({ word, count: n });
      else if (n === 1) ctx.registerEventTimer(END_OF_TIME);
    },
    onTimer: (_domain, ctx, out) => out.emit({ word: ctx.key, count: seen.get() ?? 0 }),
  };
};

const words = (line: string): readonly string[] => line.toLowerCase().match(/[a-z0-9]+/g) ?? [];

function windowCount(key: number, window: Window, n: number): WindowCount {
  return { window_start: window.start, key, count: n };
}

function greater(a: WindowCount, b: WindowCount): WindowCount {
  return b.count > a.count || (b.count === a.count && b.key < a.key) ? b : a;
}

/** The jobs over bids with event time. */
function windows(job: string, bids: Stream<Bid>): Stream<WindowCount> {
  if (job === "J4") {
    return bids.keyBy("auction").window(tumbling.ofSecs(10)).aggregateWith(count(), WindowCount, windowCount);
  }
  if (job === "J8") {
    return bids.keyBy("bidder").window(session.withGapSecs(5)).aggregateWith(count(), WindowCount, windowCount);
  }
  const counts = bids.keyBy("auction").window(sliding.ofSecs(10, 2)).aggregateWith(count(), WindowCount, windowCount);
  return counts.keyBy(long, () => 0).window(tumbling.ofSecs(2)).reduce(greater).parallelism(1);
}

export default function jobs(env: Env): void {
  const job = env.param("job", string, { default: "J2", describe: "J2, J4, J5, J7, J8, connectors or fail" });
  const events = env.param("n", long, { default: 1_000_000, describe: "how many records to generate" });
  const keys = env.param("keys", long, { default: 1000, describe: "how many different keys" });
  const epm = env.param("epm", long, { default: 1, describe: "records in a millisecond of event time" });
  const rate = env.param("rate", long, { default: 0, describe: "records a second, 0 for as many as possible" });
  const file = env.param("file", string, { default: "words.txt", describe: "text files for J7" });
  env.param("emit", string, { default: "all", describe: "J7: `all` updates or `final` counts" });
  const out = env.param("out", string, { default: "", describe: "directory to write results to instead of a checksum" });
  env.name(`typescript-${job}`);
  const paced = { rate: rate > 0 ? rate : undefined };
  const sink = (results: Stream<unknown>): Sink => results.sink(out === "" ? checksum() : textFiles(out));
  if (job === "J7") {
    const lines = env.source(textFiles(file, paced));
    sink(lines.flatMap(string, words).keyBy(string, (word) => word).process(WordCount, countWords));
  } else if (job === "connectors") {
    const types = { records: long, position: tuple(long, long) };
    env.addSource(types, numbers(events)).addSink({ transaction: string, committable: string }, parts);
  } else if (job === "J2" || job === "fail") {
    const pairs = env.source(generator("pairs", Pair, { events, keys, ...paced }));
    sink(job === "J2" ? pairs.keyBy("key").process(Pair, countPairs) : pairs.map(Pair, refuse));
  } else {
    const bids = env.source(generator("bids", Bid, { events, keys, epm, ...paced }));
    const results = windows(job, bids.assignTimestamps((bid) => bid.ts, Watermarks.boundedMs(100)));
    // The largest of all windows are one subtask's.
    if (job === "J5") sink(results).parallelism(1);
    else sink(results);
  }
}
