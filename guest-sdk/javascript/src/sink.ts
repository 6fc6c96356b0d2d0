// A sink of the user's in its place: transactions and committables become bytes (`wit/sink.wit`).

import { type Batch, checkBatch } from "./column.js";
import { Context, OpenContext, type Shared } from "./context.js";
import { describe } from "./failure.js";
import { Node } from "./graph.js";
import type { Factory, SinkTypes, TwoPhaseSink } from "./logic.js";
import { ofData, toData } from "./source.js";
import type { Type } from "./types.js";

/** An open sink. */
export class OpenSink {
  readonly #ctx: Context;

  constructor(
    private readonly sink: TwoPhaseSink<unknown, unknown, unknown>,
    private readonly records: Type<unknown>,
    private readonly types: SinkTypes<unknown, unknown>,
    private readonly shared: Shared,
  ) {
    this.#ctx = new Context(shared);
  }

  /** Begins a transaction. */
  begin(name: string): Uint8Array {
    return toData(this.types.transaction, this.sink.begin(name, this.#ctx));
  }

  /** Writes records and gives the transaction as it is then. */
  write(transaction: Uint8Array, batch: Batch): Uint8Array {
    checkBatch(batch);
    const records = this.records.readColumn(batch.values, batch.count);
    const after = this.sink.write(ofData(this.types.transaction, transaction), records, this.#ctx);
    this.shared.end();
    return toData(this.types.transaction, after);
  }

  /** Makes a transaction durable and gives its committable. */
  preCommit(transaction: Uint8Array, checkpoint: number): Uint8Array {
    const decoded = ofData(this.types.transaction, transaction);
    return toData(this.types.committable, this.sink.preCommit(decoded, checkpoint, this.#ctx));
  }

  /** Makes transactions visible. */
  commit(committables: Uint8Array[]): void {
    for (const each of committables) this.sink.commit(ofData(this.types.committable, each), this.#ctx);
  }

  /** Undoes a transaction. */
  abort(transaction: Uint8Array): void {
    this.sink.abort?.(ofData(this.types.transaction, transaction), this.#ctx);
  }

  /** Clears away what no committable names. */
  recover(committables: Uint8Array[]): void {
    const all = Array.from(committables, (each) => ofData(this.types.committable, each));
    this.sink.recover?.(all, this.#ctx);
  }

  /** The last call. */
  close(): void {
    this.sink.close?.(this.#ctx);
    this.shared.end();
  }
}

/** The operator of a sink: its factory is run to learn what it declares. */
export function sinkNode<T, X, C>(
  records: Type<T>,
  types: SinkTypes<X, C>,
  factory: Factory<TwoPhaseSink<T, X, C>>,
): Node {
  const node = new Node("sink", "sink");
  node.inputs = [records];
  node.connector = { type: "component" };
  try {
    factory(new OpenContext(node));
  } catch (error) {
    node.refuse(describe(error));
  }
  if (node.outputs.length > 0) node.refuse("sources and sinks have no side outputs");
  node.open = (wiring) => {
    const sink = factory(new OpenContext(node, wiring)) as TwoPhaseSink<unknown, unknown, unknown>;
    wiring.sink = new OpenSink(sink, records, types as SinkTypes<unknown, unknown>, wiring.shared);
  };
  return node;
}
