// Windows: what assigns records to them, and what folds the records of one.

import type { ByteString } from "./bytes.js";
import type { TimeDomain } from "./host.js";
import { ordered, unordered } from "./state.js";
import { array, record, tuple } from "./composite.js";
import { double, long, type Type } from "./types.js";

/** Timestamps of windowed records are within this distance of the epoch: 140,000 years. */
export const TIMESTAMP_MAX = 2 ** 52;

/** A stretch of time (milliseconds), `start` inclusive, `end` exclusive. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** The sub-key of a window's state and the namespace of its timers; sorts as windows do. */
export function addressOf(window: Window): ByteString {
  return ordered(window.start) + ordered(window.end);
}

/** The window of an address. */
export function windowOf(address: ByteString): Window {
  return { start: unordered(address.slice(0, 8)), end: unordered(address.slice(8)) };
}

/** Regular windows: size, slide and offset (milliseconds). Made by `tumbling` and `sliding`. */
export class RegularAssigner {
  constructor(
    readonly size: number,
    readonly slide: number,
    readonly offset: number = 0,
    readonly domain: TimeDomain = "event",
  ) {}

  /** Windows start this much after the multiples of their slide. */
  offsetMs(offset: number): RegularAssigner {
    return new RegularAssigner(this.size, this.slide, offset, this.domain);
  }

  /** Windows of the operator's clock instead of event time. */
  processingTime(): RegularAssigner {
    return new RegularAssigner(this.size, this.slide, this.offset, "processing");
  }

  /** The windows of a time, earliest first; none in the gap of a slide that is longer than the size. */
  windows(time: number): Window[] {
    const { size, slide } = this;
    const phase = (time - this.offset) % slide;
    const last = time - (phase < 0 ? phase + slide : phase);
    const windows: Window[] = [];
    for (let start = last - Math.floor((size - 1) / slide) * slide; start <= last; start += slide) {
      if (start + size > time) windows.push({ start, end: start + size });
    }
    return windows;
  }

  /** What is wrong with the windows, if anything. */
  defect(): string | undefined {
    const { size, slide, offset } = this;
    const isGood = (ms: number): boolean => Number.isInteger(ms) && ms >= 1 && ms <= TIMESTAMP_MAX;
    if (!isGood(size) || !isGood(slide)) {
      return `windows of ${size} ms every ${slide} ms are impossible, give positive whole numbers`;
    }
    if (!Number.isInteger(offset) || Math.abs(offset) >= slide) {
      return `windows every ${slide} ms cannot have an offset of ${offset} ms, give less`;
    }
    return undefined;
  }
}

/** Windows that grow while records of the key are at most `gap` milliseconds apart. Made by `session`. */
export class SessionAssigner {
  constructor(
    readonly gap: number,
    readonly domain: TimeDomain = "event",
  ) {}

  /** Sessions of the operator's clock instead of event time. */
  processingTime(): SessionAssigner {
    return new SessionAssigner(this.gap, "processing");
  }

  /** What is wrong with the windows, if anything. */
  defect(): string | undefined {
    if (Number.isInteger(this.gap) && this.gap >= 1 && this.gap <= TIMESTAMP_MAX) return undefined;
    return `sessions with a gap of ${this.gap} ms are impossible, give a positive whole number`;
  }
}

/** Any assigner. */
export type Assigner = RegularAssigner | SessionAssigner;

/** Windows that follow each other without gaps. */
export const tumbling = {
  /** Windows of this many milliseconds. */
  ofMs: (size: number) => new RegularAssigner(size, size),
  /** Windows of this many seconds. */
  ofSecs: (size: number) => new RegularAssigner(size * 1000, size * 1000),
};

/** Windows that overlap, or leave gaps if the slide is longer than the size. */
export const sliding = {
  /** Windows of `size` milliseconds, one every `slide` milliseconds. */
  ofMs: (size: number, slide: number) => new RegularAssigner(size, slide),
  /** Windows of `size` seconds, one every `slide` seconds. */
  ofSecs: (size: number, slide: number) => new RegularAssigner(size * 1000, slide * 1000),
};

/** Windows that end after a time without a record. */
export const session = {
  /** Sessions that end after so many milliseconds without a record. */
  withGapMs: (gap: number) => new SessionAssigner(gap),
  /** Sessions that end after so many seconds without a record. */
  withGapSecs: (gap: number) => new SessionAssigner(gap * 1000),
};

/** An incremental aggregation of records of type `T`. Its functions depend on their arguments alone. */
export interface Aggregate<T, A, R> {
  /** The type of the accumulator. */
  readonly accumulator: Type<A>;
  /** The type of the result. */
  readonly output: Type<R>;
  /** The accumulator of no records. */
  create(): A;
  /** The accumulator with a record added. */
  add(acc: A, record: T): A;
  /** The accumulator of the records of both; session windows need it. */
  merge(acc: A, other: A): A;
  /** The result. */
  result(acc: A): R;
}

/** Counts records. */
export function count(): Aggregate<unknown, number, number> {
  return sum(() => 1);
}

/** Adds up a whole number of each record. */
export function sum<T>(number: (record: T) => number): Aggregate<T, number, number> {
  return {
    accumulator: long,
    output: long,
    create: () => 0,
    add: (acc, record) => acc + number(record),
    merge: (acc, other) => acc + other,
    result: (acc) => acc,
  };
}

/** The mean of a number of each record. */
export function avg<T>(number: (record: T) => number): Aggregate<T, readonly [number, number], number> {
  return {
    accumulator: tuple(double, long),
    output: double,
    create: () => [0, 0],
    add: ([total, n], record) => [total + number(record), n + 1],
    merge: ([total, n], other) => [total + other[0], n + other[1]],
    result: ([total, n]) => total / n,
  };
}

/** Reduces records two by two; the accumulator of no records is null, and is never stored. */
export function reducing<T>(type: Type<T>, reduce: (a: T, b: T) => T): Aggregate<T, T | null, T | null> {
  const both = (a: T | null, b: T | null): T | null => (a === null ? b : b === null ? a : reduce(a, b));
  return {
    accumulator: type as Type<T | null>,
    output: type as Type<T | null>,
    create: () => null,
    add: both,
    merge: both,
    result: (acc) => acc,
  };
}

/** The record of a result: `key`, `windowStart`, `windowEnd` and `value`. */
export interface Windowed<K, V> {
  readonly key: K;
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly value: V;
}

/** The type of `Windowed`. */
export function windowed<K, V>(key: Type<K>, value: Type<V>): Type<Windowed<K, V>> {
  const fields = { key, windowStart: long, windowEnd: long, value };
  return record(`Windowed_${key.name}_${value.name}`, fields) as unknown as Type<Windowed<K, V>>;
}

/** One session with its accumulator. */
export type SessionOf = readonly [start: number, end: number, acc: unknown];

/** The type of the sessions of a key. */
export function sessionsOf(accumulator: Type<unknown>): Type<readonly SessionOf[]> {
  return array(tuple(long, long, accumulator));
}

