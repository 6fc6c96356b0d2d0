// Operators without windows: what runs between the inputs and the outputs of a task.
//
// A receiver is a function of a record and its timestamp. Between operators of a chain records move by call, as they are.

import type { ByteString } from "./bytes.js";
import { type Batch, entries, NO_TIMESTAMP, type TimerBatch } from "./column.js";
import { Collector, KeyedContext, ProcessContext, type Send, type Shared } from "./context.js";
import { WasmillError } from "./errors.js";
import { failure } from "./failure.js";
import type { TimeDomain } from "./host.js";
import type { Keyed, Process } from "./logic.js";
import type { KeySpace } from "./state.js";
import { TimerService } from "./timers.js";
import type { Type } from "./types.js";

/** What the task tells an operator besides records. */
export interface Operator {
  /** Event time has advanced at its input. */
  onWatermark?(watermark: number): void;
  /** All input has ended: the last chance to emit. */
  finish?(): void;
  /** The subtask has come to its end. */
  close?(): void;
  /** The call ends: hands over what it gathered. */
  endCall?(): void;
  /** Fires timers from the front; returns how many. The keyed operator of a chain has it. */
  onTimers?(domain: TimeDomain, timers: TimerBatch): number;
}

/** An operator at an input of the task: `step` takes its records one by one. */
export class Head {
  #values: unknown[] = [];
  #timestamps: readonly number[] = [];

  constructor(
    private readonly shared: Shared,
    private readonly type: Type<unknown>,
    private readonly step: (record: unknown, timestamp: number, index: number) => void,
    private readonly begin?: (batch: Batch) => void,
  ) {}

  /** Takes the next batch, before any of its records is processed. */
  load(batch: Batch): void {
    this.#timestamps = batch.timestamps;
    let at = 0;
    try {
      this.#values = this.type.readColumn(batch.values, batch.count, (index) => (at = index));
    } catch (error) {
      throw failure(error, at);
    }
    this.begin?.(batch);
  }

  /** Processes records, all of them or until the call should stop; returns the index after the last one. */
  run(first: number, end: number, toTheEnd: boolean): number {
    const { shared, step } = this;
    const values = this.#values;
    const timestamps = this.#timestamps;
    const isTimed = timestamps.length > 0;
    let index = first;
    try {
      for (; index < end; index++) {
        step(values[index], isTimed ? timestamps[index]! : NO_TIMESTAMP, index);
        if (shared.stop && !toTheEnd) return index + 1;
      }
    } catch (error) {
      throw failure(error, index);
    }
    return end;
  }
}

/** What an output sends to: nobody, one receiver (the usual case), or several, who share the record. */
export function fanOut(receivers: readonly Send[]): Send {
  if (receivers.length === 1) return receivers[0]!;
  return (record, timestamp) => {
    for (const receive of receivers) receive(record, timestamp);
  };
}

/** Gives each record its event time and tells the host the largest one of a call, and the largest watermark if the rule
 * names any. Watermarks themselves are made by the host, per source split. */
export class Assign implements Operator {
  #max = NO_TIMESTAMP;
  #watermark = NO_TIMESTAMP;

  constructor(
    private readonly number: number,
    private readonly stamp: (record: unknown, timestamp: number) => number,
    private readonly punctuate: ((record: unknown) => number | undefined) | undefined,
    private readonly send: Send,
    private readonly shared: Shared,
  ) {}

  /** Takes one record. */
  receive(record: unknown, before: number): void {
    const timestamp = this.stamp(record, before);
    if (timestamp > this.#max) {
      if (!Number.isSafeInteger(timestamp)) throw new WasmillError(`${timestamp} is no timestamp, give milliseconds`);
      this.#max = timestamp;
    } else if (!(timestamp > NO_TIMESTAMP)) {
      throw new WasmillError(
        "the record has no timestamp: assignWatermarks relies on the one that its source gives, use assignTimestamps where there is none",
      );
    }
    const watermark = this.punctuate?.(record);
    if (watermark !== undefined && watermark > this.#watermark) this.#watermark = watermark;
    this.send(record, timestamp);
  }

  endCall(): void {
    if (this.#max === NO_TIMESTAMP) return;
    this.shared.observations.push({ operator: this.number, maxTimestamp: this.#max, watermark: this.#watermark });
    this.#max = this.#watermark = NO_TIMESTAMP;
  }
}

/** User logic without keys. */
export class ProcessNode implements Operator {
  readonly #context: ProcessContext;
  readonly #out: Collector<unknown>;

  constructor(
    private readonly logic: Process<unknown, unknown>,
    shared: Shared,
    send: Send,
    private readonly sides: readonly Collector<unknown>[],
  ) {
    this.#context = new ProcessContext(shared);
    this.#out = new Collector(send);
  }

  #enter(timestamp: number): void {
    this.#context.at = this.#out.timestamp = timestamp;
    for (const side of this.sides) side.timestamp = timestamp;
  }

  /** Takes one record. */
  receive(record: unknown, timestamp: number): void {
    this.#enter(timestamp);
    this.logic.process(record, this.#context, this.#out);
  }

  onWatermark(watermark: number): void {
    this.#context.own = watermark;
  }

  finish(): void {
    this.#enter(NO_TIMESTAMP);
    this.logic.finish?.(this.#context, this.#out);
  }

  close(): void {
    this.logic.close?.();
  }
}

/** User logic over keyed state and timers, with one input or several that share them. */
export class KeyedNode implements Operator {
  readonly #timers: TimerService;
  readonly context: KeyedContext<unknown>;
  readonly out: Collector<unknown>;

  constructor(
    private readonly logic: Keyed<unknown, unknown>,
    private readonly space: KeySpace,
    keyType: Type<unknown>,
    private readonly shared: Shared,
    send: Send,
    private readonly sides: readonly Collector<unknown>[],
  ) {
    this.#timers = new TimerService(shared.host);
    this.context = new KeyedContext(shared, space, this.#timers, keyType);
    this.out = new Collector(send);
  }

  #enter(key: ByteString, timestamp: number): void {
    this.space.key = key;
    this.context.at = this.out.timestamp = timestamp;
    for (const side of this.sides) side.timestamp = timestamp;
  }

  /** The head of an input whose records go to `step`. */
  head(type: Type<unknown>, step: (record: unknown) => void): Head {
    let keys: ByteString[] = [];
    const begin = (batch: Batch): void => {
      keys = entries(batch.keys, batch.count);
      this.space.begin(keys);
    };
    const receive = (record: unknown, timestamp: number, index: number): void => {
      this.#enter(keys[index]!, timestamp);
      step(record);
    };
    return new Head(this.shared, type, receive, begin);
  }

  onTimers(domain: TimeDomain, timers: TimerBatch): number {
    const keys = entries(timers.keys, timers.count);
    this.space.begin(keys);
    for (let index = 0; index < timers.count; index++) {
      const time = timers.times[index]!;
      this.#enter(keys[index]!, domain === "event" ? time : NO_TIMESTAMP);
      this.context.timer = time;
      this.logic.onTimer?.(domain, this.context, this.out);
      this.context.timer = undefined;
      if (this.shared.stop) return index + 1;
    }
    return timers.count;
  }

  close(): void {
    this.logic.close?.();
  }

  endCall(): void {
    this.space.flush();
    this.#timers.flush();
  }
}
