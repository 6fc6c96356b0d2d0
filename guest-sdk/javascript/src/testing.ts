// Runs a job in memory, without a host: `Harness` pushes records into its sources and shows what arrives at its sinks.
//
// Operators are chained into tasks as the host chains them, with one subtask each; records between tasks go through their
// bytes. What a call did is undone if it fails.

import { Writer } from "./buffer.js";
import { type ByteString, fromArray, toArray } from "./bytes.js";
import { type Batch, type Column, columnOf, EMPTY, entries, NO_TIMESTAMP, type TimerBatch } from "./column.js";
import { plan } from "./component.js";
import { type Argument, Env, type Job } from "./env.js";
import { CallFailure } from "./errors.js";
import { attempt } from "./failure.js";
import type { Edge, Graph } from "./graph.js";
import { type Host, type Observation, type TimeDomain } from "./host.js";
import { type Moment, Task, type TaskSpec } from "./task.js";

/** Timers handed over in one call. */
const TIMERS_PER_CALL = 64;
/** Where records enter and leave a job; open ports count as sources and sinks. */
const ENTRIES: readonly string[] = ["source", "input"];
const EXITS: readonly string[] = ["sink", "output"];
/** The watermark when all input has ended. */
const END = 2 ** 63;

interface Timer {
  time: number;
  key: ByteString;
  namespace: ByteString;
}

/** The host of one task. */
export class MemoryHost implements Host {
  /** Keyed state by state number and key, then by sub-key; lists are as they are stored. */
  values = new Map<string, Map<ByteString, ByteString>>();
  timers: Record<TimeDomain, Map<string, Timer>> = { event: new Map(), processing: new Map() };
  counters = new Map<string, number>();
  readonly lines: [level: string, message: string][] = [];
  emitted: [port: number, batch: Batch][] = [];
  observations: Observation[] = [];
  /** How many calls were made into the host, by name. */
  readonly calls = { getMany: 0, putMany: 0, get: 0 };
  readonly files = {} as Host["files"];
  readonly cachedFiles = {} as Host["cachedFiles"];

  /** What undoes a call. */
  save(): () => void {
    const values = new Map([...this.values].map(([address, map]) => [address, new Map(map)]));
    const timers = { event: new Map(this.timers.event), processing: new Map(this.timers.processing) };
    const counters = new Map(this.counters);
    return () => {
      Object.assign(this, { values, timers, counters, emitted: [], observations: [] });
    };
  }

  #map(state: number, key: ByteString): Map<ByteString, ByteString> {
    const address = `${state} ${key}`;
    const map = this.values.get(address) ?? new Map<ByteString, ByteString>();
    this.values.set(address, map);
    return map;
  }

  #each(count: number, columns: Column[], each: (...entry: ByteString[]) => void): void {
    const all = columns.map((column) => entries(column, count));
    for (let i = 0; i < count; i++) each(...all.map((column) => column[i]!));
  }

  getMany(state: number, count: number, keys: Column, subKeys: Column) {
    this.calls.getMany++;
    const found: (ByteString | undefined)[] = [];
    this.#each(count, [keys, subKeys], (key, subKey) => found.push(this.#map(state, key!).get(subKey!)));
    const present = Uint8Array.from(found, (value) => (value === undefined ? 0 : 1));
    return { present, values: columnOf(found.map((value) => value ?? "")) };
  }

  putMany(state: number, count: number, keys: Column, subKeys: Column, values: Column): void {
    this.calls.putMany++;
    this.#each(count, [keys, subKeys, values], (key, subKey, value) => this.#map(state, key!).set(subKey!, value!));
  }

  deleteMany(state: number, count: number, keys: Column, subKeys: Column): void {
    this.#each(count, [keys, subKeys], (key, subKey) => this.#map(state, key!).delete(subKey!));
  }

  appendMany(state: number, count: number, keys: Column, subKeys: Column, values: Column): void {
    this.#each(count, [keys, subKeys, values], (key, subKey, value) => {
      const map = this.#map(state, key!);
      const size = value!.length;
      const length = String.fromCharCode(size & 255, (size >> 8) & 255, (size >> 16) & 255, size >>> 24);
      map.set(subKey!, `${map.get(subKey!) ?? ""}${length}${value}`);
    });
  }

  scan(state: number, key: Uint8Array, start: Uint8Array, limit: number) {
    const from = fromArray(start);
    const mine = [...this.#map(state, fromArray(key))].filter(([subKey]) => subKey >= from);
    mine.sort(([a], [b]) => (a < b ? -1 : 1));
    const page = mine.slice(0, limit);
    const [subKeys, values] = [columnOf(page.map(([a]) => a)), columnOf(page.map(([, b]) => b))];
    return { count: page.length, subKeys, values, more: mine.length > limit };
  }

  clearKey(state: number, key: Uint8Array): void {
    this.#map(state, fromArray(key)).clear();
  }

  get(state: number, key: Uint8Array, subKey: Uint8Array): Uint8Array | null {
    this.calls.get++;
    const value = this.#map(state, fromArray(key)).get(fromArray(subKey));
    return value === undefined ? null : toArray(value);
  }

  #eachTimer(timers: TimerBatch, each: (address: string, timer: Timer) => void): void {
    let index = 0;
    this.#each(timers.count, [timers.keys, timers.namespaces], (key, namespace) => {
      const time = timers.times[index++]!;
      each(`${time} ${key!.length} ${key}${namespace}`, { time, key: key!, namespace: namespace! });
    });
  }

  registerTimers(domain: TimeDomain, timers: TimerBatch): void {
    this.#eachTimer(timers, (address, timer) => this.timers[domain].set(address, timer));
  }

  deleteTimers(domain: TimeDomain, timers: TimerBatch): void {
    this.#eachTimer(timers, (address) => this.timers[domain].delete(address));
  }

  /** The timers that are due, earliest first. */
  due(domain: TimeDomain, time: number): TimerBatch {
    const due = [...this.timers[domain].values()].filter((timer) => timer.time <= time);
    return batchOf(due.sort((a, b) => a.time - b.time || (a.key < b.key ? -1 : 1)).slice(0, TIMERS_PER_CALL));
  }

  emit(port: number, batch: Batch): void {
    this.emitted.push([port, batch]);
  }

  observe(observations: Observation[]): void {
    this.observations.push(...observations);
  }

  count(told: { name: string; value: number }[]): void {
    for (const { name, value } of told) this.counters.set(name, (this.counters.get(name) ?? 0) + value);
  }

  mark(): void {}
  setGauges(): void {}
  sample(): void {}

  log(level: string, message: string): void {
    this.lines.push([level, message]);
  }
}

function batchOf(timers: Timer[]): TimerBatch {
  return {
    count: timers.length,
    times: timers.map(({ time }) => time),
    keys: columnOf(timers.map(({ key }) => key)),
    namespaces: columnOf(timers.map(({ namespace }) => namespace)),
  };
}

/** One task: its place in the graph, its host, its event time. */
interface Fragment {
  spec: TaskSpec;
  /** Outputs of other operators that feed it, one per input. */
  feeds: { from: number; output: number }[];
  host: MemoryHost;
  task?: Task;
  /** Watermark of each input, of the task, and what it has passed on. */
  watermarks: number[];
  watermark: number;
  told: number;
  /** By assigner: the largest timestamp and the largest watermark it has named. */
  assigned: Map<number, { maxTimestamp: number; watermark: number }>;
}

/** How a harness runs a job. Results do not depend on it. */
export interface Options {
  arguments?: Readonly<Record<string, string>>;
  /** Output bytes after which a call should return. */
  outputSoftBytes?: number;
  /** Gives every call a fresh instance. */
  forgetBetweenCalls?: boolean;
}

/** A job that runs in memory, on the calling thread. */
export class Harness {
  /** The plan, as the host would get it. */
  readonly plan: unknown;
  readonly #arguments: Argument[];
  readonly #graph: Graph;
  readonly #edges: Edge[];
  readonly #fragments: Fragment[];
  readonly #arrived = new Map<number, { record: unknown; timestamp: number }[]>();
  #clock = 0;

  constructor(
    private readonly job: Job,
    private readonly options: Options = {},
  ) {
    this.#arguments = Object.entries(options.arguments ?? {});
    this.plan = JSON.parse(plan("test", job, this.#arguments));
    this.#graph = Env.run(job, this.#arguments).graph;
    this.#edges = this.#graph.edges();
    this.#fragments = cut(this.#graph).map((operators) => this.#fragment(operators));
  }

  #numbers(kinds: readonly string[]): number[] {
    return this.#graph.nodes.flatMap((node, number) => (kinds.includes(node.kind) ? [number] : []));
  }

  #fragment(operators: number[]): Fragment {
    const spec: TaskSpec = {
      job: "test",
      subtask: 0,
      parallelism: 1,
      maxParallelism: 128,
      attempt: 0,
      arguments: this.#arguments,
      operators,
      inputs: [],
      outputs: [],
      states: [],
      outputSoftBytes: this.options.outputSoftBytes ?? 256 * 1024,
    };
    const feeds: Fragment["feeds"] = [];
    for (const { from, output, to, input } of this.#edges) {
      const [isFrom, isTo] = [operators.includes(from), operators.includes(to)];
      if (!isFrom && isTo) {
        feeds.push({ from, output });
        spec.inputs.push([{ operator: to, index: input }]);
      }
      const isKnown = spec.outputs.some((port) => port.operator === from && port.index === output);
      if (isFrom && !isTo && !isKnown) spec.outputs.push({ operator: from, index: output });
    }
    const assigned: Fragment["assigned"] = new Map();
    for (const number of operators) {
      const node = this.#graph.nodes[number]!;
      for (const { name } of node.states) spec.states.push({ operator: number, name, number: spec.states.length });
      if (node.watermarks !== null) assigned.set(number, { maxTimestamp: NO_TIMESTAMP, watermark: NO_TIMESTAMP });
    }
    const watermarks = feeds.map(() => NO_TIMESTAMP);
    const host = new MemoryHost();
    return { spec, feeds, host, watermarks, watermark: NO_TIMESTAMP, told: NO_TIMESTAMP, assigned };
  }

  /** Gives records to a source, by its number in the order of the job, as one batch. */
  push(records: readonly unknown[], source = 0, timestamps: number[] = []): void {
    const number = this.#numbers(ENTRIES)[source]!;
    const { type } = this.#graph.nodes[number]!.outputs[0]!;
    const values = new Writer();
    for (const record of records) {
      type.write(values, record);
      values.close();
    }
    this.#deliver(number, 0, { count: records.length, timestamps, keys: EMPTY, values: values.take() });
  }

  /** Raises the watermark of all sources. */
  advanceWatermark(watermark: number): void {
    for (const number of this.#numbers(ENTRIES)) this.#deliverWatermark([number], watermark);
  }

  /** Sets the clock of all operators (milliseconds). */
  setClock(processingTime: number): void {
    this.#clock = processingTime;
    for (const fragment of this.#fragments) this.#fire(fragment);
  }

  /** Ends all sources: all event-time timers fire, and operators say their last word. */
  finish(): void {
    this.advanceWatermark(END);
    for (const fragment of this.#fragments) this.#call(fragment, (task, now) => task.finish(now));
  }

  /** The records that have arrived at a sink, by its number in the order of the job. */
  output<T>(sink = 0): T[] {
    return this.outputAt<T>(sink).map(({ record }) => record);
  }

  /** The records that have arrived at a sink with their timestamps. */
  outputAt<T>(sink = 0): { record: T; timestamp: number }[] {
    return (this.#arrived.get(this.#numbers(EXITS)[sink]!) ?? []) as { record: T; timestamp: number }[];
  }

  /** The sum of a counter over all operators. */
  counter(name: string): number {
    return this.#fragments.reduce((sum, { host }) => sum + (host.counters.get(name) ?? 0), 0);
  }

  /** The host of the task that runs the operator with this `uid`. */
  host(uid: string): MemoryHost {
    return this.#fragments.find(({ spec }) => spec.operators.some((n) => this.#graph.uid(n) === uid))!.host;
  }

  /** How many entries of state there are in all tasks. */
  stateSize(): number {
    const maps = this.#fragments.flatMap(({ host }) => [...host.values.values()]);
    return maps.reduce((sum, map) => sum + map.size, 0);
  }

  #call<R>(fragment: Fragment, call: (task: Task, now: Moment) => R): R {
    const { host, spec } = fragment;
    const undo = host.save();
    if (fragment.task === undefined || this.options.forgetBetweenCalls) {
      fragment.task = new Task(Env.run(this.job, this.#arguments), spec, host);
    }
    const { task } = fragment;
    let result: R;
    try {
      result = attempt(() => call(task, { processingTime: this.#clock, watermark: fragment.watermark }));
    } catch (error) {
      undo();
      delete fragment.task;
      throw error;
    }
    const { emitted, observations } = host;
    Object.assign(host, { emitted: [], observations: [] });
    for (const { operator, maxTimestamp, watermark } of observations) {
      const before = fragment.assigned.get(operator)!;
      before.maxTimestamp = Math.max(before.maxTimestamp, maxTimestamp);
      before.watermark = Math.max(before.watermark, watermark);
    }
    for (const [port, batch] of emitted) {
      const { operator, index } = spec.outputs[port]!;
      this.#deliver(operator, index, batch);
    }
    return result;
  }

  #deliver(from: number, output: number, batch: Batch): void {
    for (const edge of this.#edges.filter((edge) => edge.from === from && edge.output === output)) {
      const node = this.#graph.nodes[edge.to]!;
      if (EXITS.includes(node.kind)) {
        const records = node.inputs[0]!.readColumn(batch.values, batch.count);
        const arrived = records.map((record, i) => ({ record, timestamp: batch.timestamps[i] ?? NO_TIMESTAMP }));
        this.#arrived.set(edge.to, [...(this.#arrived.get(edge.to) ?? []), ...arrived]);
      }
      for (const fragment of this.#fragments) {
        fragment.spec.inputs.forEach(([port], index) => {
          const feed = fragment.feeds[index]!;
          const isFed = feed.from === from && feed.output === output;
          if (isFed && port!.operator === edge.to && port!.index === edge.input) this.#process(fragment, index, batch);
        });
      }
    }
  }

  #process(fragment: Fragment, index: number, batch: Batch): void {
    for (let done = 0; done < batch.count; ) {
      const rest = restOf(batch, done);
      try {
        done += this.#call(fragment, (task, now) => task.process(now, index, rest));
      } catch (error) {
        const failure = error as CallFailure;
        throw failure.record === undefined ? failure : new CallFailure(failure.message, failure.record + done);
      }
      this.#fire(fragment);
    }
    this.#assign(fragment, false);
  }

  #fire(fragment: Fragment): void {
    for (const domain of ["event", "processing"] as const) {
      const time = domain === "event" ? fragment.watermark : this.#clock;
      for (let due = fragment.host.due(domain, time); due.count > 0; due = fragment.host.due(domain, time)) {
        const all = due;
        const fired = this.#call(fragment, (task, now) => task.onTimers(now, domain, all));
        const keys = entries(all.keys, all.count).slice(0, fired);
        const namespaces = entries(all.namespaces, all.count).slice(0, fired);
        const times = all.times.slice(0, fired);
        const gone = { count: fired, times, keys: columnOf(keys), namespaces: columnOf(namespaces) };
        fragment.host.deleteTimers(domain, gone);
      }
    }
  }

  /** Tells what the assigners have come to, and passes the watermark of the task on. */
  #assign(fragment: Fragment, isEnd: boolean): void {
    const reached: number[] = [];
    for (const [operator, { maxTimestamp, watermark }] of fragment.assigned) {
      const rule = this.#graph.nodes[operator]!.watermarks!;
      const isBounded = rule.strategy === "bounded" || rule.strategy === "monotonic";
      const behind = Number(rule.max_out_of_orderness_ms ?? 0) + 1;
      const named = isBounded && maxTimestamp !== NO_TIMESTAMP ? maxTimestamp - behind : watermark;
      const at = isEnd ? END : named;
      reached.push(at);
      this.#call(fragment, (task, now) => task.onWatermark(now, operator, at));
    }
    const watermark = reached.length > 0 ? Math.min(...reached) : fragment.watermark;
    if (watermark > fragment.told) {
      fragment.told = watermark;
      this.#deliverWatermark(fragment.spec.operators, watermark);
    }
  }

  #deliverWatermark(operators: number[], watermark: number): void {
    for (const fragment of this.#fragments) {
      fragment.feeds.forEach(({ from }, index) => {
        if (!operators.includes(from)) return;
        fragment.watermarks[index] = Math.max(fragment.watermarks[index]!, watermark);
      });
      const least = Math.min(...fragment.watermarks);
      if (least <= fragment.watermark) continue;
      fragment.watermark = least;
      this.#fire(fragment);
      for (const operator of new Set(fragment.spec.inputs.flat().map((port) => port.operator))) {
        if (fragment.assigned.has(operator)) continue;
        this.#call(fragment, (task, now) => task.onWatermark(now, operator, least));
      }
      this.#assign(fragment, least === END);
    }
  }
}

/** The records of a batch from one on. */
function restOf(batch: Batch, first: number): Batch {
  const rest = (column: Column) => columnOf(entries(column, batch.count).slice(first));
  return {
    count: batch.count - first,
    timestamps: batch.timestamps.slice(first),
    keys: rest(batch.keys),
    values: rest(batch.values),
  };
}

/** Cuts the operators of a graph into tasks. */
function cut(graph: Graph): number[][] {
  const tasks: number[][] = [];
  graph.nodes.forEach((node, number) => {
    if (node.kind !== "operator") return;
    const into = graph.edges().filter((edge) => edge.to === number);
    const [edge] = into;
    const isChained = into.length === 1 && edge!.partitioning === "forward" && edge!.chain;
    const before = isChained ? tasks.find((task) => task.includes(edge!.from)) : undefined;
    if (before !== undefined) before.push(number);
    else tasks.push([number]);
  });
  return tasks;
}
