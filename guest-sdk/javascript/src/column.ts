// Columns of byte strings, as they cross the boundary: all data in one piece, and where each entry ends.
//
// No `ends` means that all entries have one width. What comes from the host is checked before it is trusted.

import { type ByteString, fromArray, toArray } from "./bytes.js";
import { Malformed } from "./errors.js";

/** Stands for "no timestamp" in a batch; a power of two, so it is exact. */
export const NO_TIMESTAMP = -(2 ** 63);

/** Byte strings: `data`, and the end of each in it, or nothing if all have one width. */
export interface Column {
  ends: ArrayLike<number>;
  data: Uint8Array;
}

/** Records in columns; `timestamps` is empty if no record has one. */
export interface Batch {
  count: number;
  timestamps: number[];
  keys: Column;
  values: Column;
}

/** Timers in columns. */
export interface TimerBatch {
  count: number;
  times: number[];
  keys: Column;
  namespaces: Column;
}

/** A column of empty entries. */
export const EMPTY: Column = { ends: [], data: new Uint8Array(0) };

/** A column of these entries. */
export function columnOf(parts: readonly ByteString[]): Column {
  const ends: number[] = [];
  const width = parts.length > 0 ? parts[0]!.length : 0;
  let end = 0;
  let isFixed = true;
  for (const part of parts) {
    end += part.length;
    isFixed &&= part.length === width;
    ends.push(end);
  }
  return { ends: isFixed ? [] : ends, data: toArray(parts.join("")) };
}

/** Refuses ends that are not those of `count` entries. */
export function checkColumn(column: Column, count: number, what: string): void {
  const { ends, data } = column;
  if (ends.length === 0) {
    if (count === 0 ? data.length > 0 : data.length % count !== 0) {
      throw new Malformed(`column of ${what}: ${data.length} bytes do not divide into ${count} entries`);
    }
    return;
  }
  let before = 0;
  let isAscending = ends.length === count;
  for (let i = 0; i < ends.length && isAscending; i++) {
    isAscending = ends[i]! >= before;
    before = ends[i]!;
  }
  if (!isAscending || before !== data.length) {
    throw new Malformed(`column of ${what}: its ends are not those of ${count} entries`);
  }
}

/** The ends of a checked column of `count` entries, also if all have one width. */
export function endsOf(column: Column, count: number): ArrayLike<number> {
  if (column.ends.length > 0 || count === 0) return column.ends;
  const width = column.data.length / count;
  return Array.from({ length: count }, (_, index) => (index + 1) * width);
}

/** The entries of a checked column in order. */
export function entries(column: Column, count: number): ByteString[] {
  return slices(fromArray(column.data), endsOf(column, count), count);
}

/** The pieces of a string that end at these places. */
export function slices(whole: string, ends: ArrayLike<number>, count: number): string[] {
  const parts: string[] = new Array(count);
  for (let i = 0, start = 0; i < count; i++) {
    const end = ends[i]!;
    parts[i] = whole.slice(start, end);
    start = end;
  }
  return parts;
}

/** Refuses columns that do not fit the count. */
export function checkBatch(batch: Batch): void {
  const { count, timestamps } = batch;
  if (timestamps.length > 0 && timestamps.length !== count) {
    throw new Malformed(`batch of ${count} records has ${timestamps.length} timestamps`);
  }
  checkColumn(batch.keys, count, "keys");
  checkColumn(batch.values, count, "values");
}

/** Refuses columns that do not fit the count. */
export function checkTimers(timers: TimerBatch): void {
  const { count, times } = timers;
  if (times.length !== count) throw new Malformed(`batch of ${count} timers has ${times.length} times`);
  checkColumn(timers.keys, count, "keys of timers");
  checkColumn(timers.namespaces, count, "namespaces of timers");
}
