// Window operators: regular windows with an accumulator each, and sessions, which are one list per key.
//
// A record is folded into its windows when it comes; a window gives its result when a timer at its end fires, with its
// last millisecond as timestamp. With allowed lateness it is kept on: a late record makes it fire again (the timer that
// is registered is already due), and a second timer removes it. A session that has grown keeps the timer it had, which
// registers the next one when it comes early: one timer per gap, not per record.

import { Reader, Writer } from "./buffer.js";
import type { ByteString } from "./bytes.js";
import { type Batch, checkColumn, columnOf, endsOf, entries, NO_TIMESTAMP, type TimerBatch } from "./column.js";
import type { Send, Shared } from "./context.js";
import { WasmillError } from "./errors.js";
import type { TimeDomain } from "./host.js";
import { Head, type Operator } from "./operators.js";
import { decode, KeySpace, ValueState } from "./state.js";
import { TimerService } from "./timers.js";
import type { Type } from "./types.js";
import {
  type Aggregate,
  addressOf,
  type Assigner,
  type RegularAssigner,
  type SessionAssigner,
  type SessionOf,
  sessionsOf,
  TIMESTAMP_MAX,
  type Window,
  windowOf,
} from "./window.js";

/** Counters of what no window takes. */
const LATE_DROPPED = "numLateRecordsDropped";
const LATE_OUT = "numLateRecordsOut";
const NOWHERE = "numRecordsInNoWindow";

/** The state of regular windows by address, and of the sessions of a key. */
export const WINDOW_STATE = "window";
export const SESSIONS_STATE = "sessions";
/** The namespace of timers that remove sessions. */
const CLEAN_UP = "clean-up";

/** What a window operator is made of. */
export interface Shape<A extends Assigner = Assigner> {
  assigner: A;
  aggregate: Aggregate<unknown, unknown, unknown>;
  /** Makes the output record of key, window and result. */
  emit: (key: unknown, window: Window, value: unknown) => unknown;
  type: Type<unknown>;
  keyType: Type<unknown>;
  latenessMs: number;
}

/** What both operators share: time, output, late records. */
abstract class WindowNode<A extends Assigner> implements Operator {
  protected readonly domain: TimeDomain;
  protected readonly lateness: number;
  protected readonly aggregate: Aggregate<unknown, unknown, unknown>;
  protected readonly timers: TimerService;

  /** `late` takes late records, if anything does. */
  constructor(
    private readonly number: number,
    protected readonly shape: Shape<A>,
    private readonly send: Send,
    private readonly late: Send | undefined,
    protected readonly shared: Shared,
  ) {
    this.domain = shape.assigner.domain;
    this.lateness = shape.latenessMs;
    this.aggregate = shape.aggregate;
    this.timers = new TimerService(shared.host);
  }

  /** A call begins that has records with these keys and times. */
  protected abstract begin(keys: readonly ByteString[], times: readonly number[]): void;

  /** Takes a record; false if it comes too late. */
  protected abstract add(key: ByteString, time: number, record: unknown): boolean;

  abstract onTimers(domain: TimeDomain, timers: TimerBatch): number;

  /** The input of the operator. */
  head(): Head {
    let keys: ByteString[] = [];
    const begin = (batch: Batch): void => {
      keys = entries(batch.keys, batch.count);
      const clock = this.shared.processingTime;
      const times = this.domain === "event" ? batch.timestamps : [clock];
      this.begin(keys, times.length === batch.count ? times : keys.map(() => times[0] ?? NO_TIMESTAMP));
    };
    const step = (record: unknown, timestamp: number, index: number): void => {
      this.#receive(keys[index]!, timestamp, record);
    };
    return new Head(this.shared, this.shape.type, step, begin);
  }

  #receive(key: ByteString, timestamp: number, record: unknown): void {
    const time = this.domain === "event" ? timestamp : this.shared.processingTime;
    if (!(Math.abs(time) <= TIMESTAMP_MAX)) {
      throw new WasmillError("record has no usable timestamp for its window, call assignTimestamps");
    }
    if (this.add(key, time, record)) return;
    this.count(this.late === undefined ? LATE_DROPPED : LATE_OUT);
    this.late?.(record, timestamp);
  }

  /** Counts a record that no window takes. */
  protected count(name: string): void {
    this.shared.metrics.counter(this.number, name).add();
  }

  /** The time at which a window is complete. */
  protected fireTime(window: Window): number {
    return this.domain === "event" ? window.end - 1 : window.end;
  }

  /** Whether the watermark is there already; processing time is never late. */
  protected hasPassed(time: number): boolean {
    return this.domain === "event" && time <= this.shared.watermark;
  }

  /** Whether a window takes no more records. */
  protected isOver(window: Window): boolean {
    return this.hasPassed(this.fireTime(window) + this.lateness);
  }

  /** Gives the result of a window. */
  protected emit(key: ByteString, window: Window, acc: unknown): void {
    const value = this.aggregate.result(acc);
    this.send(this.shape.emit(decode(this.shape.keyType, key), window, value), window.end - 1);
  }

  endCall(): void {
    this.timers.flush();
  }
}

/** A window of a key in a call. */
interface Cell {
  key: ByteString;
  window: Window;
  address: ByteString;
  acc: unknown;
  isThere: boolean;
  isChanged: boolean;
}

/** Tumbling and sliding windows. */
export class RegularWindows extends WindowNode<RegularAssigner> {
  readonly #state: number;
  #windows = new Map<number, { window: Window; address: ByteString }[]>();
  #cells = new Map<string, Cell>();

  constructor(
    number: number,
    shape: Shape<RegularAssigner>,
    state: number,
    send: Send,
    late: Send | undefined,
    shared: Shared,
  ) {
    super(number, shape, send, late, shared);
    this.#state = state;
  }

  protected begin(keys: readonly ByteString[], times: readonly number[]): void {
    this.#windows = new Map();
    this.#cells = new Map();
    keys.forEach((key, index) => {
      for (const { window, address } of this.#windowsOf(times[index]!)) this.#want(key, window, address);
    });
    this.#read();
  }

  #windowsOf(time: number): { window: Window; address: ByteString }[] {
    let windows = this.#windows.get(time);
    if (windows === undefined) {
      const all = Math.abs(time) <= TIMESTAMP_MAX ? this.shape.assigner.windows(time) : [];
      windows = all.map((window) => ({ window, address: addressOf(window) }));
      this.#windows.set(time, windows);
    }
    return windows;
  }

  #want(key: ByteString, window: Window, address: ByteString): Cell {
    const place = address + key;
    let cell = this.#cells.get(place);
    if (cell === undefined) {
      cell = { key, window, address, acc: undefined, isThere: false, isChanged: false };
      this.#cells.set(place, cell);
    }
    return cell;
  }

  /** Reads the accumulators of all cells at once. */
  #read(): void {
    const cells = [...this.#cells.values()];
    if (cells.length === 0) return;
    const keys = columnOf(cells.map((cell) => cell.key));
    const addresses = columnOf(cells.map((cell) => cell.address));
    const { present, values } = this.shared.host.getMany(this.#state, cells.length, keys, addresses);
    checkColumn(values, cells.length, `state ${WINDOW_STATE}`);
    const input = new Reader(values.data);
    const ends = endsOf(values, cells.length);
    cells.forEach((cell, i) => {
      if (present[i] === 0) return;
      cell.acc = this.aggregate.accumulator.read(input, i === 0 ? 0 : ends[i - 1]!, ends[i]!);
      cell.isThere = true;
    });
  }

  protected add(key: ByteString, time: number, record: unknown): boolean {
    const windows = this.#windowsOf(time);
    if (windows.length === 0) {
      this.count(NOWHERE);
      return true;
    }
    let isTaken = false;
    for (const { window, address } of windows) {
      if (this.isOver(window)) continue;
      isTaken = true;
      const cell = this.#want(key, window, address);
      if (!cell.isThere) {
        cell.acc = this.aggregate.create();
        cell.isThere = true;
        this.#register(cell);
      } else if (!cell.isChanged && this.hasPassed(this.fireTime(window))) {
        this.timers.register(this.domain, this.fireTime(window), key, address);
      }
      cell.acc = this.aggregate.add(cell.acc, record);
      cell.isChanged = true;
    }
    return isTaken;
  }

  /** Registers what a new window needs. */
  #register({ key, window, address }: Cell): void {
    const fireTime = this.fireTime(window);
    this.timers.register(this.domain, fireTime, key, address);
    if (this.lateness > 0) this.timers.register(this.domain, fireTime + this.lateness, key, address);
  }

  onTimers(_domain: TimeDomain, timers: TimerBatch): number {
    const keys = entries(timers.keys, timers.count);
    const addresses = entries(timers.namespaces, timers.count);
    this.#cells = new Map();
    const cells = keys.map((key, i) => this.#want(key, windowOf(addresses[i]!), addresses[i]!));
    this.#read();
    for (let index = 0; index < timers.count; index++) {
      const cell = cells[index]!;
      const time = timers.times[index]!;
      const fireTime = this.fireTime(cell.window);
      if (cell.isThere && time === fireTime) this.emit(cell.key, cell.window, cell.acc);
      if (cell.isThere && time === fireTime + this.lateness) {
        cell.isThere = false;
        cell.isChanged = true;
      }
      if (this.shared.stop) return index + 1;
    }
    return timers.count;
  }

  override endCall(): void {
    const changed = [...this.#cells.values()].filter((cell) => cell.isChanged);
    const puts = changed.filter((cell) => cell.isThere);
    const deletes = changed.filter((cell) => !cell.isThere);
    const keys = (cells: Cell[]) => columnOf(cells.map((cell) => cell.key));
    const addresses = (cells: Cell[]) => columnOf(cells.map((cell) => cell.address));
    const { host } = this.shared;
    if (puts.length > 0) {
      const out = new Writer();
      for (const cell of puts) {
        this.aggregate.accumulator.write(out, cell.acc);
        out.close();
      }
      host.putMany(this.#state, puts.length, keys(puts), addresses(puts), out.take());
    }
    if (deletes.length > 0) host.deleteMany(this.#state, deletes.length, keys(deletes), addresses(deletes));
    this.#cells = new Map();
    super.endCall();
  }
}

/** Windows that merge; all sessions of a key with their accumulators are one value of it. */
export class SessionWindows extends WindowNode<SessionAssigner> {
  readonly #space: KeySpace;
  readonly #sessions: ValueState<readonly SessionOf[]>;

  constructor(
    number: number,
    shape: Shape<SessionAssigner>,
    state: number,
    send: Send,
    late: Send | undefined,
    shared: Shared,
  ) {
    super(number, shape, send, late, shared);
    this.#space = new KeySpace(shared.host);
    this.#sessions = new ValueState(this.#space, state, SESSIONS_STATE, sessionsOf(shape.aggregate.accumulator));
  }

  protected begin(keys: readonly ByteString[]): void {
    this.#space.begin(keys);
  }

  protected add(key: ByteString, time: number, record: unknown): boolean {
    const end = time + this.shape.assigner.gap;
    this.#space.key = key;
    const all = this.#sessions.get() ?? [];
    const touching = all.filter((s) => s[0] <= end && time <= s[1]);
    const window = {
      start: Math.min(time, ...touching.map((s) => s[0])),
      end: Math.max(end, ...touching.map((s) => s[1])),
    };
    if (this.isOver(window)) return false;
    const [first, ...others] = touching;
    let acc = first === undefined ? this.aggregate.create() : first[2];
    for (const other of others) acc = this.aggregate.merge(acc, other[2]);
    acc = this.aggregate.add(acc, record);
    // A session whose end has not passed has a timer that will look again.
    if (touching.every((s) => this.hasPassed(this.fireTime({ start: s[0], end: s[1] })))) {
      this.timers.register(this.domain, this.fireTime(window), key);
    }
    const apart = all.filter((s) => !touching.includes(s));
    const after: SessionOf[] = [...apart, [window.start, window.end, acc]];
    this.#sessions.set(after.sort((a, b) => a[0] - b[0]));
    return true;
  }

  onTimers(_domain: TimeDomain, timers: TimerBatch): number {
    const keys = entries(timers.keys, timers.count);
    const kinds = entries(timers.namespaces, timers.count);
    this.begin(keys);
    for (let index = 0; index < timers.count; index++) {
      const key = (this.#space.key = keys[index]!);
      const time = timers.times[index]!;
      const all = this.#sessions.get() ?? [];
      const isOver = (s: SessionOf) => (kinds[index] === CLEAN_UP ? this.#expires(time, s) : this.#fires(key, time, s));
      const kept = all.filter((s) => !isOver(s));
      if (kept.length === 0) this.#sessions.clear();
      else if (kept.length < all.length) this.#sessions.set(kept);
      if (this.shared.stop) return index + 1;
    }
    return timers.count;
  }

  /** Does what a session needs at a time; whether it is over. Each has a timer of its own that comes at its end exactly,
   * so one that should have fired before is left to that timer. */
  #fires(key: ByteString, time: number, [start, end, acc]: SessionOf): boolean {
    const fireTime = this.fireTime({ start, end });
    if (time < fireTime) this.timers.register(this.domain, fireTime, key);
    if (time !== fireTime) return false;
    this.emit(key, { start, end }, acc);
    if (this.lateness > 0) this.timers.register(this.domain, fireTime + this.lateness, key, CLEAN_UP);
    return this.lateness === 0;
  }

  /** Whether a session that has fired is over at a time. */
  #expires(time: number, [start, end]: SessionOf): boolean {
    return time === this.fireTime({ start, end }) + this.lateness;
  }

  override endCall(): void {
    this.#space.flush();
    super.endCall();
  }
}
