// What users write for operators, sources and sinks of their own. All calls come from one thread, one at a time.
//
// Instances may be thrown away between two calls: fields of an object are a cache at best, and what must last belongs
// into state, or into the positions and transactions that the host keeps.

import type { Collector, Context, KeyedContext, OpenContext, ProcessContext } from "./context.js";
import type { TimeDomain } from "./host.js";
import type { Type } from "./types.js";

/** User logic over the records of a stream. */
export interface Process<T, U> {
  /** Processes a record. What it throws undoes the call and is reported with the record. */
  process(record: T, ctx: ProcessContext, out: Collector<U>): void;
  /** All input has ended; the last chance to emit. */
  finish?(ctx: ProcessContext, out: Collector<U>): void;
  /** The subtask has come to its end, after everything else. Nothing may be emitted. */
  close?(): void;
}

/** What all keyed logic may do. */
export interface Keyed<K, U> {
  /** A timer of the key has fired; its time is `ctx.timerTime`. */
  onTimer?(domain: TimeDomain, ctx: KeyedContext<K>, out: Collector<U>): void;
  /** The subtask has come to its end, after everything else. Nothing may be emitted. */
  close?(): void;
}

/** User logic over keyed state and timers. */
export interface KeyedProcess<K, T, U> extends Keyed<K, U> {
  /** Processes a record of the key. What it throws undoes the call and is reported with the record. */
  process(record: T, ctx: KeyedContext<K>, out: Collector<U>): void;
}

/** User logic over two keyed streams that share state and timers. */
export interface KeyedCoProcess<K, T1, T2, U> extends Keyed<K, U> {
  /** Processes a record of the first stream. */
  process1(record: T1, ctx: KeyedContext<K>, out: Collector<U>): void;
  /** Processes a record of the second stream. */
  process2(record: T2, ctx: KeyedContext<K>, out: Collector<U>): void;
}

/** Makes logic; runs in planning mode too, see `OpenContext`. */
export type Factory<L> = (ctx: OpenContext) => L;

/** What follows the records of a poll: more at once, more after some milliseconds, or nothing ever. */
export type PollStatus = "more" | "ended" | { wait: number };

/** Takes the records of a poll. */
export class SourceOutput<T> {
  readonly records: T[] = [];
  readonly timestamps: (number | undefined)[] = [];

  constructor(private readonly max: number) {}

  /** How many records may still be given in this poll. */
  get room(): number {
    return this.max - this.records.length;
  }

  /** Gives a record, with its event timestamp if it has one (milliseconds). */
  emit(record: T, timestamp?: number): void {
    this.records.push(record);
    this.timestamps.push(timestamp);
  }
}

/** A source. Where it is, is its position, which the host keeps. */
export interface Source<T, P> {
  /** Where the splits begin, at the first start of the job. One split makes a source that is not parallel. */
  splits(parallelism: number): P[];
  /** Reads from a position on: at most `out.room` records. Returns the new position and what follows. The same position
   * must give the same records again, as far as they exist. */
  poll(position: P, ctx: Context & { split: number }, out: SourceOutput<T>): [P, PollStatus];
  /** The last call: every split of this reader has ended, or the job stops. Not made after a failure. */
  close?(ctx: Context): void;
}

/** Types of a source's records and positions. */
export interface SourceTypes<T, P> {
  records: Type<T>;
  position: Type<P>;
}

/** A sink with a two-phase commit. Records of a subtask between two barriers make one transaction: `begin`, any number of
 * `write`, `preCommit`; when the checkpoint is complete, `commit`. */
export interface TwoPhaseSink<T, X, C> {
  /** Begins a transaction. `name` is one that no transaction of any run has had, made of `0-9`, `a-f` and `-`. */
  begin(name: string, ctx: Context): X;
  /** Writes records into a transaction and returns it as it is then; nothing may be visible yet. */
  write(transaction: X, records: readonly T[], ctx: Context): X;
  /** Makes durable what a transaction wrote and returns all that is needed to commit it in any later process. */
  preCommit(transaction: X, checkpoint: number, ctx: Context): C;
  /** Makes a transaction visible. Must be idempotent: after a crash it is called again. */
  commit(committable: C, ctx: Context): void;
  /** Undoes a transaction that will not be committed. Not called after a crash: see `recover`. */
  abort?(transaction: X, ctx: Context): void;
  /** Called once before a run begins, with what was prepared and has been committed: removes what other transactions of
   * earlier runs left behind. */
  recover?(committed: readonly C[], ctx: Context): void;
  /** The last call to the instance of a writer. Not made after a failure. */
  close?(ctx: Context): void;
}

/** Types of a sink's transactions and committables. */
export interface SinkTypes<X, C> {
  transaction: Type<X>;
  committable: Type<C>;
}
