// `WindowedStream`: the records of a key grouped into windows, and what can be made of them.

import type { OutputTag } from "./context.js";
import { Node, type State } from "./graph.js";
import { type KeyedStream, Stream } from "./stream.js";
import { long, sameSchema, type Type } from "./types.js";
import { tuple } from "./composite.js";
import {
  type Aggregate,
  type Assigner,
  avg,
  count,
  type RegularAssigner,
  reducing,
  SessionAssigner,
  sessionsOf,
  sum,
  type Window,
  type Windowed,
  windowed,
} from "./window.js";
import { RegularWindows, SESSIONS_STATE, SessionWindows, type Shape, WINDOW_STATE } from "./window-operator.js";

/** Records of type `T` grouped by a key of type `K` and by window. */
export class WindowedStream<K, T> {
  #latenessMs = 0;
  #late: OutputTag<T> | undefined;

  constructor(
    private readonly stream: KeyedStream<K, T>,
    private readonly assigner: Assigner,
  ) {}

  /** Keeps event-time windows for this long after the watermark has passed them: a late record makes them fire again.
   * Records that come later still are dropped and counted. */
  allowedLatenessMs(latenessMs: number): this {
    this.#latenessMs = latenessMs;
    return this;
  }

  /** Sends records that come after all their windows are over to a side output instead of dropping them. */
  lateOutput(tag: OutputTag<T>): this {
    this.#late = tag;
    return this;
  }

  /** Aggregates each window; the record of a result has the fields `key`, `windowStart`, `windowEnd` and `value`. */
  aggregate<A, R>(aggregate: Aggregate<T, A, R>): Stream<Windowed<K, R>> {
    const type = windowed(this.stream.keyType, aggregate.output);
    return this.aggregateWith(aggregate, type, (key, { start, end }, value) => {
      return { key, windowStart: start, windowEnd: end, value };
    });
  }

  /** Aggregates each window and makes a record of type `type` of key, window and result. */
  aggregateWith<A, R, U>(
    aggregate: Aggregate<T, A, R>,
    type: Type<U>,
    emit: (key: K, window: Window, value: R) => U,
  ): Stream<U> {
    return this.#add("aggregate", aggregate, type, emit);
  }

  /** Reduces the records of each window to one. */
  reduce(reduce: (a: T, b: T) => T): Stream<T> {
    const { type } = this.stream;
    return this.#add("reduce", reducing(type, reduce), type, (_key, _window, value) => value as T);
  }

  /** How many records there are. */
  count(): Stream<Windowed<K, number>> {
    return this.aggregate(count());
  }

  /** Adds up a whole number of each record. */
  sum(number: (record: T) => number): Stream<Windowed<K, number>> {
    return this.aggregate(sum(number));
  }

  /** The mean of a number of each record. */
  avg(number: (record: T) => number): Stream<Windowed<K, number>> {
    return this.aggregate(avg(number));
  }

  #add<A, R, U>(
    typeName: string,
    aggregate: Aggregate<T, A, R>,
    type: Type<U>,
    emit: (key: K, window: Window, value: R) => U,
  ): Stream<U> {
    const { stream, assigner } = this;
    const late = this.#late;
    const isSession = assigner instanceof SessionAssigner;
    const node = new Node("operator", typeName);
    node.inputs = [stream.type];
    node.outputs = [{ name: "out", type }];
    if (late !== undefined) node.outputs.push({ name: late.name, type: late.type });
    node.keyed = true;
    const state: State = isSession
      ? { name: SESSIONS_STATE, kind: "value", type: sessionsOf(aggregate.accumulator) }
      : { name: WINDOW_STATE, kind: "value", type: aggregate.accumulator, subKeyType: tuple(long, long) };
    node.states = [state];
    node.refuse(assigner.defect());
    node.refuse(this.#defect());
    const shape = {
      assigner,
      aggregate,
      emit,
      type: stream.type,
      keyType: stream.keyType,
      latenessMs: this.#latenessMs,
    } as unknown as Shape;
    node.open = (wiring) => {
      const lateOut = late === undefined ? undefined : wiring.out(1);
      const rest = [wiring.stateNumber(state.name), wiring.out(0), lateOut, wiring.shared] as const;
      const operator = isSession
        ? new SessionWindows(wiring.node, shape as Shape<SessionAssigner>, ...rest)
        : new RegularWindows(wiring.node, shape as Shape<RegularAssigner>, ...rest);
      wiring.keyedInput(0, operator.head());
      wiring.keyedOperator(operator);
    };
    return new Stream(stream.graph, stream.graph.add(node, [stream.origin]));
  }

  #defect(): string | undefined {
    if (!(this.#latenessMs >= 0)) return `records cannot be ${this.#latenessMs} ms late, give 0 or more`;
    if (this.#late !== undefined && !sameSchema(this.#late.type, this.stream.type)) {
      return `its late output ${this.#late.name} has another type than its records`;
    }
    return undefined;
  }
}
