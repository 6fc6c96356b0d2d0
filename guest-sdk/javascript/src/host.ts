// What an instance runs on: the imports of `wit/`, as one object. `guest.ts` has the real ones, `testing.ts` some in
// memory. Calls are the host's own, in columns; what they mean is written in `wit/`.

import type { Batch, Column, TimerBatch } from "./column.js";

/** Which time a timer waits for. */
export type TimeDomain = "event" | "processing";
/** How important a log line is. */
export type Level = "debug" | "info" | "warn" | "error";

/** Answers of `getMany`. */
export interface Found {
  present: Uint8Array;
  values: Column;
}

/** A page of a Map state. */
export interface Entries {
  count: number;
  subKeys: Column;
  values: Column;
  more: boolean;
}

/** What an assigner gave out in a call. */
export interface Observation {
  operator: number;
  maxTimestamp: number;
  watermark: number;
}

/** What a metric was told in a call. */
export interface Told<V> {
  operator: number;
  name: string;
  value: V;
}

/** The one directory granted to a source or sink; see `wit/files.wit`. */
export interface HostFiles {
  append(operator: number, name: string, data: Uint8Array): number;
  sync(operator: number, name: string): void;
  rename(operator: number, from: string, to: string): void;
  size(operator: number, name: string): number | null;
  read(operator: number, name: string, offset: number, length: number): Uint8Array;
  remove(operator: number, name: string): void;
  list(operator: number, after: string, limit: number): string[];
}

/** Files that were registered under a name; see `wit/files.wit`. */
export interface HostCachedFiles {
  size(name: string): number;
  read(name: string, offset: number, length: number): Uint8Array;
}

/** The host as a task sees it. */
export interface Host {
  getMany(state: number, count: number, keys: Column, subKeys: Column): Found;
  putMany(state: number, count: number, keys: Column, subKeys: Column, values: Column): void;
  deleteMany(state: number, count: number, keys: Column, subKeys: Column): void;
  appendMany(state: number, count: number, keys: Column, subKeys: Column, values: Column): void;
  scan(state: number, key: Uint8Array, start: Uint8Array, limit: number): Entries;
  clearKey(state: number, key: Uint8Array): void;
  get(state: number, key: Uint8Array, subKey: Uint8Array): Uint8Array | null;
  registerTimers(domain: TimeDomain, timers: TimerBatch): void;
  deleteTimers(domain: TimeDomain, timers: TimerBatch): void;
  emit(port: number, records: Batch): void;
  observe(observations: Observation[]): void;
  count(told: Told<number>[]): void;
  mark(told: Told<number>[]): void;
  setGauges(told: Told<number>[]): void;
  sample(told: Told<number[]>[]): void;
  log(level: Level, message: string): void;
  readonly files: HostFiles;
  readonly cachedFiles: HostCachedFiles;
}
