// `Watermarks`: by which rule event time advances behind an assigner. The host carries it out, per source split.

import type { Json } from "./types.js";

/** How the host makes watermarks of the timestamps it is told. */
export class Watermarks<T> {
  #idleAfterMs: number | null = null;
  #alignment: { group: string; max_drift_ms: number } | undefined;

  private constructor(
    readonly strategy: "bounded" | "monotonic" | "punctuated" | "none" | "ingestion",
    readonly boundMs: number = 0,
    readonly punctuate?: (record: T) => number | undefined,
  ) {}

  /** Records are at most this late behind the latest one (milliseconds). */
  static boundedMs<T>(maxOutOfOrdernessMs: number): Watermarks<T> {
    return new Watermarks("bounded", maxOutOfOrdernessMs);
  }

  /** Timestamps never go back within a source split. */
  static monotonic<T>(): Watermarks<T> {
    return new Watermarks("monotonic");
  }

  /** Some records carry a watermark: no record at or below it follows in the same source split (milliseconds). */
  static punctuated<T>(watermark: (record: T) => number | undefined): Watermarks<T> {
    return new Watermarks("punctuated", 0, watermark);
  }

  /** Timestamps without watermarks: event time stands still until the input ends. */
  static none<T>(): Watermarks<T> {
    return new Watermarks("none");
  }

  /** A record's timestamp is the moment at which it came, and event time follows the clock. */
  static ingestion<T>(): Watermarks<T> {
    return new Watermarks("ingestion");
  }

  /** A split without records for this long does not hold event time up (milliseconds). */
  idleAfterMs(idleAfterMs: number): this {
    this.#idleAfterMs = idleAfterMs;
    return this;
  }

  /** Sources of one group do not run away from each other by more than this (milliseconds). */
  aligned(group: string, maxDriftMs: number): this {
    this.#alignment = { group, max_drift_ms: maxDriftMs };
    return this;
  }

  /** What is wrong with the rule, if anything; what else cannot be, the host refuses. */
  defect(): string | undefined {
    if (this.boundMs < 0) return `records cannot be ${this.boundMs} ms out of order, give 0 or more`;
    if (this.#idleAfterMs !== null && this.#idleAfterMs < 1) {
      return `idle after ${this.#idleAfterMs} ms is impossible, give at least 1`;
    }
    return undefined;
  }

  /** The rule as the plan shows it. */
  document(): { [key: string]: Json } {
    const shown: { [key: string]: Json } = { strategy: this.strategy, idle_after_ms: this.#idleAfterMs };
    if (this.strategy === "bounded") shown.max_out_of_orderness_ms = this.boundMs;
    if (this.#alignment !== undefined) shown.alignment = this.#alignment;
    return shown;
  }
}
