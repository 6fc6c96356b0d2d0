// Streams: the words of a job. Each adds operators to the graph and says how they are opened.

import { fieldsOf } from "./composite.js";
import type { Connector } from "./connector.js";
import { OpenContext, type OutputTag, type Shared } from "./context.js";
import { describe } from "./failure.js";
import { type Graph, Node, type Origin, type Partitioning } from "./graph.js";
import type { Host } from "./host.js";
import type {
  Factory,
  Keyed,
  KeyedCoProcess,
  KeyedProcess,
  Process,
  SinkTypes,
  TwoPhaseSink,
} from "./logic.js";
import { Assign, KeyedNode, ProcessNode } from "./operators.js";
import { sinkNode } from "./sink.js";
import { KeySpace } from "./state.js";
import type { Wiring } from "./task.js";
import { sameSchema, type Type } from "./types.js";
import type { Watermarks } from "./watermarks.js";
import type { Assigner } from "./window.js";
import { WindowedStream } from "./windowed.js";

/** An operator that can be named and placed. */
abstract class Named {
  constructor(
    /** @internal */ readonly graph: Graph,
    /** @internal */ readonly number: number,
  ) {}

  /** @internal */
  get node(): Node {
    return this.graph.nodes[this.number]!;
  }

  /** Names the operator for good: its state is found by it in the next version of the job. */
  uid(uid: string): this {
    this.node.uid = uid;
    return this;
  }

  /** Names the operator for people. */
  name(name: string): this {
    this.node.name = name;
    return this;
  }

  /** Sets how many subtasks the operator has. Otherwise it is the job's. */
  parallelism(subtasks: number): this {
    this.node.parallelism = subtasks;
    return this;
  }
}

/** The end of a stream. */
export class Sink extends Named {}

/** Records of type `T`, without keys. */
export class Stream<T> extends Named {
  constructor(
    graph: Graph,
    number: number,
    private readonly output = 0,
    private readonly partitioning: Partitioning = "forward",
  ) {
    super(graph, number);
  }

  /** The type of the records. */
  get type(): Type<T> {
    return this.node.outputs[this.output]!.type as Type<T>;
  }

  /** @internal Where an edge from this stream begins, and how it distributes. */
  get origin(): Origin {
    return [this.number, this.output, this.partitioning];
  }

  #then<U>(typeName: string, type: Type<U>, open: (wiring: Wiring) => void): Stream<U> {
    const node = new Node("operator", typeName);
    node.inputs = [this.type];
    node.outputs = [{ name: "out", type }];
    node.open = open;
    return new Stream(this.graph, this.graph.add(node, [this.origin]));
  }

  /** Turns each record into one other, of type `type`. */
  map<U>(type: Type<U>, map: (record: T) => U): Stream<U> {
    return this.#then("map", type, (wiring) => {
      const send = wiring.out(0);
      wiring.input(0, (record, timestamp) => send(map(record as T), timestamp));
    });
  }

  /** Keeps the records for which `keep` says yes. */
  filter(keep: (record: T) => boolean): Stream<T> {
    return this.#then("filter", this.type, (wiring) => {
      const send = wiring.out(0);
      wiring.input(0, (record, timestamp) => {
        if (keep(record as T)) send(record, timestamp);
      });
    });
  }

  /** Turns each record into any number of others, of type `type`. */
  flatMap<U>(type: Type<U>, map: (record: T) => Iterable<U>): Stream<U> {
    return this.#then("flat_map", type, (wiring) => {
      const send = wiring.out(0);
      wiring.input(0, (record, timestamp) => {
        for (const made of map(record as T)) send(made, timestamp);
      });
    });
  }

  /** Runs logic of your own that emits records of type `type`. The factory runs in planning mode too: see `OpenContext`. */
  process<U>(type: Type<U>, factory: Factory<Process<T, U>>): Stream<U> {
    const stream = this.#then("process", type, (wiring) => {
      const context = new OpenContext(stream.node, wiring);
      const logic = factory(context) as Process<unknown, unknown>;
      const node = new ProcessNode(logic, wiring.shared, wiring.out(0), context.collectors);
      wiring.input(0, (record, timestamp) => node.receive(record, timestamp));
      wiring.operator(node);
    });
    declare(stream.node, factory);
    return stream;
  }

  /** Gives each record its event time (milliseconds since the Unix epoch) and starts event time here. */
  assignTimestamps(timestamp: (record: T) => number, watermarks: Watermarks<T>): Stream<T> {
    const stream = this.#assign("assign_timestamps", (record) => timestamp(record), watermarks);
    if (watermarks.strategy === "ingestion") {
      stream.node.refuse("ingestion time reads no timestamp from the record, use assignWatermarks");
    }
    return stream;
  }

  /** Starts event time here with the timestamps that records have from their source, or with ingestion time. */
  assignWatermarks(watermarks: Watermarks<T>): Stream<T> {
    const isIngestion = watermarks.strategy === "ingestion";
    const stamp = (_: T, time: number, shared: Shared) => (isIngestion ? shared.processingTime : time);
    return this.#assign("assign_watermarks", stamp, watermarks);
  }

  #assign(
    typeName: string,
    stamp: (record: T, timestamp: number, shared: Shared) => number,
    watermarks: Watermarks<T>,
  ): Stream<T> {
    const stream = this.#then(typeName, this.type, (wiring) => {
      const { shared } = wiring;
      const punctuate = watermarks.punctuate as ((record: unknown) => number | undefined) | undefined;
      const timestamp = (record: unknown, time: number) => stamp(record as T, time, shared);
      const assign = new Assign(wiring.node, timestamp, punctuate, wiring.out(0), shared);
      wiring.input(0, (record, time) => assign.receive(record, time));
      wiring.operator(assign);
    });
    stream.node.watermarks = watermarks.document();
    stream.node.refuse(watermarks.defect());
    return stream;
  }

  /** Groups records by a field: equal keys meet in one subtask, with their state. */
  keyBy<F extends keyof T & string>(field: F): KeyedStream<T[F], T>;
  /** Groups records by a key of type `type`: equal keys meet in one subtask, with their state. */
  keyBy<K>(type: Type<K>, key: (record: T) => K): KeyedStream<K, T>;
  keyBy(fieldOrType: string | Type<unknown>, key?: (record: T) => unknown): KeyedStream<unknown, T> {
    const field = typeof fieldOrType === "string" ? fieldOrType : "";
    const select = key ?? ((record: T) => record[field as keyof T]);
    const stream = this.#then("key_by", this.type, (wiring) => {
      wiring.input(0, wiring.out(0, select as (record: unknown) => unknown));
    });
    const type = typeof fieldOrType === "string" ? fieldsOf(this.type).get(field) : fieldOrType;
    if (type === undefined) stream.node.refuse(`${this.type.name} has no field ${field}`);
    stream.node.outputs[0]!.keyType = type ?? this.type;
    stream.node.followsInput = true;
    return new KeyedStream(this.graph, stream.number);
  }

  /** Puts the records of this stream and of others of its type into one, each exactly once, in any order. */
  union(...others: Stream<T>[]): Stream<T> {
    const streams = [this, ...others];
    const node = new Node("operator", "union");
    node.inputs = streams.map((stream) => stream.type);
    node.outputs = [{ name: "out", type: this.type }];
    if (!streams.every((stream) => sameSchema(stream.type, this.type))) node.refuse("a union takes streams of one type");
    node.open = (wiring) => {
      const send = wiring.out(0);
      streams.forEach((_, index) => {
        wiring.input(index, send);
      });
    };
    const origins = streams.map((stream) => stream.origin);
    return new Stream(this.graph, this.graph.add(node, origins));
  }

  /** A side output of the operator that gives this stream. */
  sideOutput<U>(tag: OutputTag<U>): Stream<U> {
    const { outputs } = this.node;
    const index = outputs.findIndex((output, i) => i > 0 && output.name === tag.name);
    if (index < 0) {
      const names = outputs.slice(1).map(({ name }) => name);
      this.node.refuse(`it has no side output ${tag.name}, it declares ${names.join(", ") || "none"}`);
    } else if (!sameSchema(outputs[index]!.type, tag.type)) {
      this.node.refuse(`its side output ${tag.name} is read as another type than it gives`);
    }
    return new Stream(this.graph, this.number, Math.max(index, 0));
  }

  /** Sends every record to every subtask of the next operator. */
  broadcast(): Stream<T> {
    return new Stream(this.graph, this.number, this.output, "broadcast");
  }

  /** Deals records out to the subtasks of the next operator in turn. */
  rebalance(): Stream<T> {
    return new Stream(this.graph, this.number, this.output, "rebalance");
  }

  /** Keeps the operator that gives this stream in a task apart from its input's. */
  unchained(): this {
    this.node.chain = false;
    return this;
  }

  /** Writes the stream to a connector of the host. */
  sink(connector: Connector<unknown>): Sink {
    const node = new Node("sink", connector.typeName);
    node.inputs = [this.type];
    node.connector = connector.config;
    return new Sink(this.graph, this.graph.add(node, [this.origin]));
  }

  /** Writes the stream to a sink of your own. The factory runs in planning mode too: see `OpenContext`. */
  addSink<X, C>(types: SinkTypes<X, C>, factory: Factory<TwoPhaseSink<T, X, C>>): Sink {
    return new Sink(this.graph, this.graph.add(sinkNode(this.type, types, factory), [this.origin]));
  }
}

/** Records of type `T` grouped by a key of type `K`, which is what state, timers and windows need. */
export class KeyedStream<K, T> extends Named {
  /** The type of the records. */
  get type(): Type<T> {
    return this.node.outputs[0]!.type as Type<T>;
  }

  /** The type of the keys. */
  get keyType(): Type<K> {
    return this.node.outputs[0]!.keyType as Type<K>;
  }

  /** @internal */
  get origin(): Origin {
    return [this.number, 0, "hash"];
  }

  /** Runs logic of your own over keyed state and timers that emits records of type `type`. The factory runs in planning
   * mode too: see `OpenContext`. */
  process<U>(type: Type<U>, factory: Factory<KeyedProcess<K, T, U>>): Stream<U> {
    return keyedProcess("process", type, [this], factory, ["process"]);
  }

  /** Joins the stream with another that has the same key, to share state and timers. */
  connect<T2>(other: KeyedStream<K, T2>): ConnectedStreams<K, T, T2> {
    return new ConnectedStreams(this, other);
  }

  /** Reduces the records of each key and emits every new result. */
  reduce(reduce: (a: T, b: T) => T): Stream<T> {
    const { type } = this;
    return keyedProcess<K, T, KeyedProcess<K, T, T>>(
      "reduce",
      type,
      [this],
      (ctx) => {
        const result = ctx.valueState("result", type);
        return {
          process(record, _, out) {
            const before = result.get();
            const after = before === undefined ? record : reduce(before, record);
            result.set(after);
            out.emit(after);
          },
        };
      },
      ["process"],
    );
  }

  /** Groups the records of a key into windows. */
  window(assigner: Assigner): WindowedStream<K, T> {
    return new WindowedStream(this, assigner);
  }
}

/** Two streams with the same key. */
export class ConnectedStreams<K, T1, T2> {
  constructor(
    private readonly first: KeyedStream<K, T1>,
    private readonly second: KeyedStream<K, T2>,
  ) {}

  /** Runs logic of your own over both streams, which share state and timers. */
  process<U>(type: Type<U>, factory: Factory<KeyedCoProcess<K, T1, T2, U>>): Stream<U> {
    const { first, second } = this;
    const streams = [first, second] as KeyedStream<K, unknown>[];
    const stream = keyedProcess("co_process", type, streams, factory, ["process1", "process2"]);
    if (!sameSchema(first.keyType, second.keyType)) stream.node.refuse("its two streams have keys of different types");
    return stream;
  }
}

/** Adds a keyed operator with one method for each of its inputs. */
function keyedProcess<K, U, L extends Keyed<K, U>>(
  typeName: string,
  type: Type<U>,
  streams: KeyedStream<K, unknown>[],
  factory: Factory<L>,
  steps: (keyof L)[],
): Stream<U> {
  const { graph, keyType } = streams[0]!;
  const node = new Node("operator", typeName);
  node.inputs = streams.map((stream) => stream.type);
  node.outputs = [{ name: "out", type }];
  node.keyed = true;
  node.open = (wiring) => {
    const space = new KeySpace(wiring.shared.host);
    const context = new OpenContext(node, wiring, space);
    const logic = factory(context);
    const keyed = logic as Keyed<unknown, unknown>;
    const operator = new KeyedNode(keyed, space, keyType, wiring.shared, wiring.out(0), context.collectors);
    const { context: ctx, out } = operator;
    steps.forEach((step, index) => {
      const method = (logic[step] as (record: unknown, ctx: unknown, out: unknown) => void).bind(logic);
      wiring.keyedInput(index, operator.head(node.inputs[index]!, (record) => method(record, ctx, out)));
    });
    wiring.keyedOperator(operator);
  };
  declare(node, factory, new KeySpace({} as Host));
  const origins = streams.map((stream) => stream.origin);
  return new Stream(graph, graph.add(node, origins));
}

/** Runs a factory to learn what it declares. */
function declare(node: Node, factory: Factory<unknown>, space?: KeySpace): void {
  try {
    factory(new OpenContext(node, undefined, space));
  } catch (error) {
    node.refuse(describe(error));
  }
}
