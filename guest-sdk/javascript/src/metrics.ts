// Counters, meters, gauges and histograms of an operator. What a call tells is gathered and sent once at its end.

import type { Host, Told } from "./host.js";

/** What a call has told so far. */
export class MetricSink {
  readonly #counts = new Gathered<number>();
  readonly #marks = new Gathered<number>();
  readonly #gauges = new Gathered<number>();
  readonly #samples = new Gathered<number[]>();

  /** A counter of an operator: a number that only grows. */
  counter(operator: number, name: string): Counter {
    return { add: (amount = 1) => this.#counts.change(operator, name, (sum) => (sum ?? 0) + amount) };
  }

  /** A meter of an operator: events, shown as a rate. */
  meter(operator: number, name: string): Meter {
    return { mark: (events = 1) => this.#marks.change(operator, name, (sum) => (sum ?? 0) + events) };
  }

  /** A gauge of an operator: a value as it is now. */
  gauge(operator: number, name: string): Gauge {
    return { set: (value) => this.#gauges.change(operator, name, () => value) };
  }

  /** A histogram of an operator: how values are distributed. */
  histogram(operator: number, name: string): Histogram {
    return { sample: (value) => this.#samples.change(operator, name, (all) => [...(all ?? []), value]) };
  }

  /** Sends what was gathered. */
  flush(host: Host): void {
    this.#counts.send((told) => host.count(told));
    this.#marks.send((told) => host.mark(told));
    this.#gauges.send((told) => host.setGauges(told));
    this.#samples.send((told) => host.sample(told));
  }
}

/** A number that only grows. */
export interface Counter {
  add(amount?: number): void;
}

/** Events, shown as a rate. */
export interface Meter {
  mark(events?: number): void;
}

/** A value as it is now. */
export interface Gauge {
  set(value: number): void;
}

/** How values are distributed; each is a whole number from 0 on. */
export interface Histogram {
  sample(value: number): void;
}

class Gathered<V> {
  readonly #told = new Map<string, Told<V>>();

  change(operator: number, name: string, change: (before: V | undefined) => V): void {
    const address = `${operator} ${name}`;
    const told = this.#told.get(address);
    this.#told.set(address, { operator, name, value: change(told?.value) });
  }

  send(send: (told: Told<V>[]) => void): void {
    if (this.#told.size === 0) return;
    send([...this.#told.values()]);
    this.#told.clear();
  }
}
