/** The last values of many named figures, kept in the browser: what the cluster does not store, charts can still show. */
import { signal } from '@preact/signals';

interface Ring {
  times: number[];
  values: number[];
}

export class Series {
  #rings = new Map<string, Ring>();
  #capacity: number;
  /** Counts up when something was added. */
  readonly version = signal(0);

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(name: string, time: number, value: number): void {
    let ring = this.#rings.get(name);
    if (ring === undefined) {
      ring = { times: [], values: [] };
      this.#rings.set(name, ring);
    }
    // Two sources of the same second (an event right after an answer) are one point.
    const last = ring.times.at(-1);
    if (last !== undefined && time - last < 250) {
      ring.values[ring.values.length - 1] = value;
    } else {
      ring.times.push(time);
      ring.values.push(value);
      if (ring.times.length > this.#capacity) {
        ring.times.shift();
        ring.values.shift();
      }
    }
    this.version.value = this.version.peek() + 1;
  }

  values(name: string): readonly number[] {
    return this.#rings.get(name)?.values ?? [];
  }

  /** Columns for a chart: times in seconds and one column for each name, null where it has no value. */
  columns(names: readonly string[]): [number[], ...(number | null)[][]] {
    const times = [...new Set(names.flatMap((name) => this.#rings.get(name)?.times ?? []))].sort((a, b) => a - b);
    const columns = names.map((name) => {
      const ring = this.#rings.get(name);
      if (ring === undefined) return times.map(() => null);
      const byTime = new Map(ring.times.map((time, index) => [time, ring.values[index] ?? null]));
      return times.map((time) => byTime.get(time) ?? null);
    });
    return [times.map((time) => time / 1000), ...columns];
  }

  clear(): void {
    this.#rings.clear();
    this.version.value = this.version.peek() + 1;
  }
}
