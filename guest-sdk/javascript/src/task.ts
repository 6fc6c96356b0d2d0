// One instance of a chain: inputs, operators wired by call, output ports, and the calls of `wit/operator.wit`.
//
// Operators are opened from the highest number down, so receivers are ready when they are needed. Every call runs the
// same way: begin, let records or timers flow, let operators hand over what they gathered, empty the ports. A call that
// fails leaves its traces in the instance; the host throws the instance away.

import { Writer } from "./buffer.js";
import { type Batch, checkBatch, checkTimers, EMPTY, NO_TIMESTAMP, type TimerBatch } from "./column.js";
import { type Place, type Send, Shared } from "./context.js";
import type { Env } from "./env.js";
import { WasmillError } from "./errors.js";
import type { Edge, Graph, Output } from "./graph.js";
import type { Host, TimeDomain } from "./host.js";
import { fanOut, Head, type Operator } from "./operators.js";
import type { OpenSink } from "./sink.js";
import type { OpenSource } from "./source.js";

/** Records and bytes of values after which a port emits. */
const PORT_RECORDS_MAX = 4096;
const PORT_BYTES_MAX = 64 * 1024;
/** Records that every receiver of an input takes in turn, where an input has several. */
const SHARED_INPUT_RECORDS = 64;

/** An operator of the graph and one of its inputs or outputs. */
export interface PortAddress {
  operator: number;
  index: number;
}

/** `task-spec` of `wit/operator.wit`. */
export interface TaskSpec {
  job: string;
  subtask: number;
  parallelism: number;
  maxParallelism: number;
  attempt: number;
  arguments: (readonly [string, string])[];
  operators: number[];
  inputs: PortAddress[][];
  outputs: PortAddress[];
  states: { operator: number; name: string; number: number }[];
  outputSoftBytes: number;
}

/** The times that hold during one call. */
export interface Moment {
  processingTime: number;
  watermark: number;
}

/** An output port: encodes records at once, since the next operator might change them, and emits them in columns. */
class Port {
  readonly #values = new Writer();
  readonly #keys = new Writer();
  #timestamps: number[] = [];
  #isTimed = false;
  readonly #bytesMax: number;

  /** `key` selects the key of a record, if the output is keyed. */
  constructor(
    private readonly number: number,
    private readonly shared: Shared,
    private readonly output: Output,
    private readonly key: ((record: unknown) => unknown) | undefined,
  ) {
    this.#bytesMax = Math.min(PORT_BYTES_MAX, shared.outputSoftBytes);
  }

  /** Takes one record. */
  readonly receive: Send = (record, timestamp) => {
    const { type, keyType } = this.output;
    type.write(this.#values, record);
    this.#values.close();
    if (this.key !== undefined) {
      keyType?.write(this.#keys, this.key(record));
      this.#keys.close();
    }
    this.#timestamps.push(timestamp);
    this.#isTimed ||= timestamp !== NO_TIMESTAMP;
    if (this.#values.length >= this.#bytesMax || this.#timestamps.length >= PORT_RECORDS_MAX) this.flush();
  };

  /** Emits what is there. */
  flush(): void {
    const count = this.#timestamps.length;
    if (count === 0) return;
    const values = this.#values.take();
    const keys = this.key === undefined ? EMPTY : this.#keys.take();
    const timestamps = this.#isTimed ? this.#timestamps : [];
    this.#timestamps = [];
    this.#isTimed = false;
    this.shared.sent(values.data.length + keys.data.length);
    this.shared.host.emit(this.number, { count, timestamps, keys, values });
  }
}

/** An instance while its operators are being opened. */
export class Wiring {
  /** The operator that is being opened. */
  node = 0;
  /** Edges that stay inside the instance. */
  readonly edges: Edge[];
  readonly receivers = new Map<string, Send>();
  readonly heads = new Map<string, Head>();
  readonly operators: Operator[] = [];
  readonly byNumber = new Map<number, Operator>();
  keyed: Operator | undefined;
  readonly ports: Port[] = [];
  source: OpenSource | undefined;
  sink: OpenSink | undefined;

  constructor(
    readonly spec: TaskSpec,
    readonly graph: Graph,
    readonly shared: Shared,
  ) {
    this.edges = graph.edges().filter((edge) => {
      const isChained = edge.partitioning === "forward" && edge.chain;
      return isChained && spec.operators.includes(edge.from) && spec.operators.includes(edge.to);
    });
  }

  /** What an output of the operator sends to. */
  out(index: number, key?: (record: unknown) => unknown): Send {
    const inside = this.edges.filter((edge) => edge.from === this.node && edge.output === index);
    const receivers = inside.map((edge) => this.receivers.get(`${edge.to} ${edge.input}`)!);
    const output = this.graph.nodes[this.node]!.outputs[index]!;
    this.spec.outputs.forEach((address, number) => {
      if (address.operator !== this.node || address.index !== index) return;
      const port = new Port(number, this.shared, output, key);
      this.ports.push(port);
      receivers.push(port.receive);
    });
    return fanOut(receivers);
  }

  /** Makes a function the input of the operator. */
  input(index: number, receive: Send): void {
    const place = `${this.node} ${index}`;
    this.receivers.set(place, receive);
    this.heads.set(place, new Head(this.shared, this.graph.nodes[this.node]!.inputs[index]!, receive));
  }

  /** Makes a head the keyed input of the operator. */
  keyedInput(index: number, head: Head): void {
    this.heads.set(`${this.node} ${index}`, head);
  }

  /** Registers what the task has to tell the operator. */
  operator(operator: Operator): void {
    this.operators.unshift(operator);
    this.byNumber.set(this.node, operator);
  }

  /** Registers the keyed operator of the chain. */
  keyedOperator(operator: Operator): void {
    if (this.keyed !== undefined) throw new WasmillError("a chain has two keyed operators");
    this.keyed = operator;
    this.operator(operator);
  }

  /** The number of a state of the operator. */
  stateNumber(name: string): number {
    const found = this.spec.states.find((state) => state.operator === this.node && state.name === name);
    if (found === undefined) throw new WasmillError(`state ${name} of operator ${this.node} has no number`);
    return found.number;
  }
}

/** An instance of a chain. */
export class Task {
  readonly #shared: Shared;
  readonly #inputs: Head[][];
  readonly #wiring: Wiring;
  readonly #watermarks: WatermarkFlow;

  /** `env` is that of a run of the job function with the arguments of the spec. */
  constructor(env: Env, spec: TaskSpec, host: Host) {
    const { job, subtask, parallelism, maxParallelism, attempt } = spec;
    const place: Place = { job, subtask, parallelism, maxParallelism, attempt, parameters: env.values() };
    this.#shared = new Shared(host, place, Math.max(spec.outputSoftBytes, 1));
    const wiring = new Wiring(spec, env.graph, this.#shared);
    for (const number of [...spec.operators].sort((a, b) => b - a)) {
      const open = env.graph.nodes[number]?.open;
      if (open === undefined) {
        throw new WasmillError(`operator ${number} is not one of this job's that run in a component`);
      }
      wiring.node = number;
      open(wiring);
    }
    const head = ({ operator, index }: PortAddress): Head => {
      const found = wiring.heads.get(`${operator} ${index}`);
      if (found === undefined) throw new WasmillError(`operator ${operator} has no input ${index}`);
      return found;
    };
    this.#inputs = Array.from(spec.inputs, (ports) => Array.from(ports, head));
    this.#wiring = wiring;
    this.#watermarks = new WatermarkFlow(wiring);
  }

  /** Processes records of an input from the front; returns how many, at least one. */
  process(now: Moment, index: number, batch: Batch): number {
    this.#shared.begin(now.processingTime, now.watermark);
    checkBatch(batch);
    const heads = this.#inputs[index];
    if (heads === undefined) throw new WasmillError(`the task has no input ${index}`);
    for (const head of heads) head.load(batch);
    let done = 0;
    if (heads.length === 1) {
      done = heads[0]!.run(0, batch.count, false);
    } else {
      while (done < batch.count && !this.#shared.stop) {
        const end = Math.min(batch.count, done + SHARED_INPUT_RECORDS);
        for (const head of heads) head.run(done, end, true);
        done = end;
      }
    }
    this.#end();
    return done;
  }

  /** Fires timers from the front; returns how many, at least one. */
  onTimers(now: Moment, domain: TimeDomain, timers: TimerBatch): number {
    this.#shared.begin(now.processingTime, now.watermark);
    checkTimers(timers);
    const done = this.#wiring.keyed?.onTimers?.(domain, timers) ?? timers.count;
    this.#end();
    return done;
  }

  /** Event time has advanced at an operator. */
  onWatermark(now: Moment, operator: number, watermark: number): void {
    this.#shared.begin(now.processingTime, now.watermark);
    this.#watermarks.advance(operator, watermark);
    this.#end();
  }

  /** Ends the input. */
  finish(now: Moment): void {
    this.#shared.begin(now.processingTime, now.watermark);
    for (const operator of this.#wiring.operators) operator.finish?.();
    for (const operator of this.#wiring.operators) operator.close?.();
    this.#end();
  }

  /** The source that this instance is, in a call at a time. */
  source(processingTime = 0): OpenSource {
    this.#shared.begin(processingTime, NO_TIMESTAMP);
    if (this.#wiring.source === undefined) throw new WasmillError("the instance is no source");
    return this.#wiring.source;
  }

  /** The sink that this instance is, in a call at a time. */
  sink(processingTime = 0): OpenSink {
    this.#shared.begin(processingTime, NO_TIMESTAMP);
    if (this.#wiring.sink === undefined) throw new WasmillError("the instance is no sink");
    return this.#wiring.sink;
  }

  #end(): void {
    for (const operator of this.#wiring.operators) operator.endCall?.();
    for (const port of this.#wiring.ports) port.flush();
    this.#shared.end();
  }
}

/** How watermarks run along the edges of the instance: an operator's is the least of its inputs' and never goes back. An
 * assigner takes none from its input: the host gives its output one. */
class WatermarkFlow {
  readonly #inputs = new Map<number, number[]>();
  readonly #current = new Map<number, number>();

  constructor(private readonly wiring: Wiring) {
    for (const number of wiring.spec.operators) {
      this.#inputs.set(number, new Array(wiring.graph.nodes[number]!.inputs.length).fill(NO_TIMESTAMP));
      this.#current.set(number, NO_TIMESTAMP);
    }
  }

  /** Takes the watermark that the host tells about an operator. */
  advance(operator: number, watermark: number): void {
    if (this.#assigns(operator)) return this.#passOn(operator, watermark);
    for (const { operator: fed, index } of this.wiring.spec.inputs.flat()) {
      if (fed === operator) this.#raise(operator, index, watermark);
    }
    this.#settle(operator);
  }

  #assigns(operator: number): boolean {
    return this.wiring.graph.nodes[operator]?.watermarks != null;
  }

  #raise(operator: number, input: number, watermark: number): void {
    const inputs = this.#inputs.get(operator)!;
    inputs[input] = Math.max(inputs[input]!, watermark);
  }

  #passOn(operator: number, watermark: number): void {
    for (const edge of this.wiring.edges.filter((edge) => edge.from === operator)) {
      this.#raise(edge.to, edge.input, watermark);
      if (!this.#assigns(edge.to)) this.#settle(edge.to);
    }
  }

  #settle(operator: number): void {
    const least = Math.min(...(this.#inputs.get(operator) ?? []));
    if (!(least > (this.#current.get(operator) ?? least))) return;
    this.#current.set(operator, least);
    this.wiring.byNumber.get(operator)?.onWatermark?.(least);
    this.#passOn(operator, least);
  }
}
