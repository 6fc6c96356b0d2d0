// What user logic asks and does besides its records: `OpenContext` when it is made, the others while it runs.
//
// A factory runs twice: when the graph is built, to learn what the operator declares, and when it is opened, to make
// handles that work. The handles of the first run lead nowhere.

import { NO_TIMESTAMP } from "./column.js";
import { WasmillError } from "./errors.js";
import { CachedFile, Files } from "./files.js";
import type { Node, State } from "./graph.js";
import type { Host, HostFiles, Level, Observation } from "./host.js";
import { type Counter, type Gauge, type Histogram, type Meter, MetricSink } from "./metrics.js";
import { checkStateType, decode, type KeySpace, ListState, MapState, ValueState } from "./state.js";
import type { Wiring } from "./task.js";
import type { TimerService } from "./timers.js";
import type { Type } from "./types.js";

/** Takes a record with its timestamp, or `NO_TIMESTAMP`. */
export type Send<T = unknown> = (record: T, timestamp: number) => void;

/** The place of an instance in the job; empty while the job is planned. */
export interface Place {
  job: string;
  subtask: number;
  parallelism: number;
  maxParallelism: number;
  /** How many times the job was deployed before. */
  attempt: number;
  /** The parameters that the job has asked for with the values that hold, as text. */
  parameters: ReadonlyMap<string, string>;
}

/** The place while the job is planned. */
export const NOWHERE: Place = {
  job: "",
  subtask: 0,
  parallelism: 0,
  maxParallelism: 0,
  attempt: 0,
  parameters: new Map(),
};

/** What all operators of one task share: host, place, and the call under way. */
export class Shared {
  readonly metrics = new MetricSink();
  processingTime = 0;
  watermark = NO_TIMESTAMP;
  /** Whether the record under way should be the last one of the call. */
  stop = false;
  observations: Observation[] = [];
  #sentBytes = 0;

  constructor(
    readonly host: Host,
    readonly place: Place,
    readonly outputSoftBytes: number,
  ) {}

  /** Begins a call. */
  begin(processingTime: number, watermark: number): void {
    this.processingTime = processingTime;
    this.watermark = watermark;
    this.stop = false;
    this.#sentBytes = 0;
  }

  /** Tells that so many bytes were emitted. */
  sent(bytes: number): void {
    this.#sentBytes += bytes;
    this.stop = this.#sentBytes >= this.outputSoftBytes;
  }

  /** Sends what was gathered during the call. */
  end(): void {
    if (this.observations.length > 0) {
      this.host.observe(this.observations);
      this.observations = [];
    }
    this.metrics.flush(this.host);
  }
}

/** Names a side output and the type of its records. */
export class OutputTag<T> {
  constructor(
    readonly name: string,
    readonly type: Type<T>,
  ) {}
}

/** Where user functions put the records they produce. */
export class Collector<T> {
  /** The timestamp that `emit` gives. */
  timestamp = NO_TIMESTAMP;

  constructor(readonly send: Send<T>) {}

  /** Emits a record with the timestamp of the record or timer it comes from. */
  emit(record: T): void {
    this.send(record, this.timestamp);
  }

  /** Emits a record with an event timestamp of its own (milliseconds). */
  emitAt(record: T, timestamp: number): void {
    this.send(record, timestamp);
  }
}

/** What any user logic may ask while it runs. */
export class Context {
  /** @internal */
  at = NO_TIMESTAMP;

  constructor(protected readonly shared: Shared) {}

  /** Job, subtask, parallelism and parameters. */
  get place(): Place {
    return this.shared.place;
  }

  /** Event timestamp of the record or event-time timer (milliseconds), if there is one. */
  get timestamp(): number | undefined {
    return this.at === NO_TIMESTAMP ? undefined : this.at;
  }

  /** The operator's clock (milliseconds), the same during one call. */
  get processingTime(): number {
    return this.shared.processingTime;
  }

  /** The watermark (milliseconds); the least number before there is one. */
  get watermark(): number {
    return this.shared.watermark;
  }

  /** Writes a line to the operator's log. */
  log(level: Level, message: string): void {
    this.shared.host.log(level, message);
  }
}

/** What unkeyed logic may ask. */
export class ProcessContext extends Context {
  /** @internal The watermark at this operator, which may be behind an assigner of the chain. */
  own = NO_TIMESTAMP;

  override get watermark(): number {
    return this.own;
  }
}

/** What keyed logic may ask and do besides its state. */
export class KeyedContext<K> extends Context {
  /** @internal */
  timer: number | undefined;

  constructor(
    shared: Shared,
    private readonly space: KeySpace,
    private readonly timers: TimerService,
    private readonly keyType: Type<K>,
  ) {
    super(shared);
  }

  /** The key under way. */
  get key(): K {
    return decode(this.keyType, this.space.key);
  }

  /** The time for which the timer under way was registered, in its own domain (milliseconds). */
  get timerTime(): number | undefined {
    return this.timer;
  }

  /** Registers a timer of the key that fires when the watermark reaches `time`. Twice changes nothing. */
  registerEventTimer(time: number): void {
    this.timers.register("event", time, this.space.key);
  }

  /** Registers a timer of the key that fires when the operator's clock reaches `time`. */
  registerProcessingTimer(time: number): void {
    this.timers.register("processing", time, this.space.key);
  }

  /** Deletes an event-time timer of the key; it need not exist. */
  deleteEventTimer(time: number): void {
    this.timers.delete("event", time, this.space.key);
  }

  /** Deletes a processing-time timer of the key; it need not exist. */
  deleteProcessingTimer(time: number): void {
    this.timers.delete("processing", time, this.space.key);
  }
}

/** Where the factory of an operator declares states and side outputs and gets its handles. */
export class OpenContext {
  /** @internal */
  readonly collectors: Collector<unknown>[] = [];

  /** `wiring` is absent while the job is planned; `space` is there if the operator is keyed. */
  constructor(
    private readonly node: Node,
    private readonly wiring?: Wiring,
    private readonly space?: KeySpace,
  ) {}

  /** The place of this instance in the job; empty while the job is planned. */
  get place(): Place {
    return this.wiring?.shared.place ?? NOWHERE;
  }

  /** Declares one value per key. */
  valueState<V>(name: string, type: Type<V>): ValueState<V> {
    checkStateType(name, type);
    return new ValueState(...this.#state({ name, kind: "value", type }), name, type);
  }

  /** Declares a list per key. */
  listState<V>(name: string, type: Type<V>): ListState<V> {
    return new ListState(...this.#state({ name, kind: "list", type }), name, type);
  }

  /** Declares an ordered map per key; its keys are `long`, `string`, `bytes` or `tuple(long, long)`. */
  mapState<K, V>(name: string, keys: Type<K>, type: Type<V>): MapState<K, V> {
    checkStateType(name, type);
    return new MapState(...this.#state({ name, kind: "map", type, subKeyType: keys }), name, keys, type);
  }

  /** Declares a side output; read it with `stream.sideOutput(tag)`. */
  sideOutput<T>(tag: OutputTag<T>): Collector<T> {
    if (this.wiring === undefined) {
      this.node.outputs.push({ name: tag.name, type: tag.type });
      return new Collector<T>(() => {});
    }
    const index = this.node.outputs.findIndex((output) => output.name === tag.name);
    const collector = new Collector<T>(this.wiring.out(index) as Send<T>);
    this.collectors.push(collector as Collector<unknown>);
    return collector;
  }

  /** Files of a directory that the user has to grant (`--grant files=DIR`). For sources and sinks only. */
  files(): Files {
    if (this.wiring !== undefined) return new Files(this.wiring.shared.host.files, this.wiring.node);
    this.node.grants = ["files"];
    return new Files({} as HostFiles, 0);
  }

  /** The file registered under this name (`--cached-file NAME=PATH`). It is empty while the job is planned. */
  cachedFile(name: string): CachedFile {
    if (this.wiring === undefined && !this.node.cachedFiles.includes(name)) this.node.cachedFiles.push(name);
    return new CachedFile(this.wiring?.shared.host.cachedFiles, name);
  }

  /** The counter of this name, shown in the console. */
  counter(name: string): Counter {
    return this.#metrics().counter(this.wiring?.node ?? 0, name);
  }

  /** The meter of this name: events per second. */
  meter(name: string): Meter {
    return this.#metrics().meter(this.wiring?.node ?? 0, name);
  }

  /** The gauge of this name: a value as it is now, by subtask. */
  gauge(name: string): Gauge {
    return this.#metrics().gauge(this.wiring?.node ?? 0, name);
  }

  /** The histogram of this name: how values are distributed. */
  histogram(name: string): Histogram {
    return this.#metrics().histogram(this.wiring?.node ?? 0, name);
  }

  #metrics(): MetricSink {
    return this.wiring?.shared.metrics ?? new MetricSink();
  }

  #state(state: State): [KeySpace, number] {
    if (this.space === undefined) throw new WasmillError(`state ${state.name} needs a keyed stream, call keyBy before`);
    if (this.wiring !== undefined) return [this.space, this.wiring.stateNumber(state.name)];
    this.node.states.push(state);
    return [this.space, 0];
  }
}
