// A source of the user's in its place: positions and records become bytes (`wit/source.wit`).

import { Reader, Writer } from "./buffer.js";
import { type Batch, EMPTY, NO_TIMESTAMP } from "./column.js";
import { Context, OpenContext, type Shared } from "./context.js";
import { describe } from "./failure.js";
import { Node } from "./graph.js";
import { type Factory, type PollStatus, type Source, SourceOutput, type SourceTypes } from "./logic.js";
import type { Type } from "./types.js";

/** The bytes of one value. */
export function toData<V>(type: Type<V>, value: V): Uint8Array {
  const out = new Writer();
  type.write(out, value);
  return out.take().data;
}

/** The value of these bytes. */
export function ofData<V>(type: Type<V>, data: Uint8Array): V {
  return type.read(new Reader(data), 0, data.length);
}

/** An open source. */
export class OpenSource {
  constructor(
    private readonly source: Source<unknown, unknown>,
    private readonly types: SourceTypes<unknown, unknown>,
    private readonly shared: Shared,
  ) {}

  /** The encoded positions of the splits. */
  splits(parallelism: number): Uint8Array[] {
    return this.source.splits(parallelism).map((position) => toData(this.types.position, position));
  }

  /** One poll of a split. */
  poll(split: number, position: Uint8Array, max: number): { records: Batch; position: Uint8Array; status: PollStatus } {
    const { records, position: positions } = this.types;
    const ctx = Object.assign(new Context(this.shared), { split });
    const out = new SourceOutput<unknown>(max);
    const [after, status] = this.source.poll(ofData(positions, position), ctx, out);
    const values = new Writer();
    for (const record of out.records) {
      records.write(values, record);
      values.close();
    }
    const isTimed = out.timestamps.some((time) => time !== undefined);
    const timestamps = isTimed ? out.timestamps.map((time) => time ?? NO_TIMESTAMP) : [];
    this.shared.end();
    const batch = { count: out.records.length, timestamps, keys: EMPTY, values: values.take() };
    return { records: batch, position: toData(positions, after), status };
  }

  /** The last call. */
  close(): void {
    this.source.close?.(new Context(this.shared));
    this.shared.end();
  }
}

/** The operator of a source: its factory is run to learn what it declares. */
export function sourceNode<T, P>(types: SourceTypes<T, P>, factory: Factory<Source<T, P>>): Node {
  const node = new Node("source", "source");
  node.connector = { type: "component" };
  try {
    factory(new OpenContext(node));
  } catch (error) {
    node.refuse(describe(error));
  }
  if (node.outputs.length > 0) node.refuse("sources and sinks have no side outputs");
  node.outputs = [{ name: "out", type: types.records }];
  node.open = (wiring) => {
    const source = factory(new OpenContext(node, wiring)) as Source<unknown, unknown>;
    wiring.source = new OpenSource(source, types as SourceTypes<unknown, unknown>, wiring.shared);
  };
  return node;
}
