// `Env`: what a job function builds its job with, and the parameters it asks for.
//
// A job function must be a function of its parameters alone: it runs when the job is described, planned, and opened in
// every task, and must build the same graph each time.

import type { Connector } from "./connector.js";
import { WasmillError } from "./errors.js";
import { Graph, Node } from "./graph.js";
import type { Factory, Source, SourceTypes } from "./logic.js";
import { sourceNode } from "./source.js";
import { Stream } from "./stream.js";
import { boolean, double, type Json, long, string, type Type } from "./types.js";

/** A job function. */
export type Job = (env: Env) => void;
/** A parameter by name and value. */
export type Argument = readonly [string, string];

/** Names of parameters that belong to open ports of components. */
const RESERVED = "input.";

/** How parameters of a type are read, and what they are without a value. */
const PARSERS = new Map<Type<unknown>, { parse: (text: string) => unknown; empty: Json }>([
  [string, { parse: (text) => text, empty: "" }],
  [long, { parse: (text) => (/^[+-]?\d+$/.test(text) ? safe(Number(text)) : undefined), empty: 0 }],
  [double, { parse: (text) => (text.trim() === "" || Number.isNaN(Number(text)) ? undefined : Number(text)), empty: 0 }],
  [boolean, { parse: (text) => (text === "true" ? true : text === "false" ? false : undefined), empty: false }],
]);

function safe(number: number): number | undefined {
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A parameter that the job has asked for. */
interface Parameter {
  name: string;
  type: string;
  default: Json;
  description: string;
  /** What holds: the user's or the default, as text. */
  text: string;
}

/** The job under construction. */
export class Env {
  readonly graph = new Graph();
  readonly #arguments: Map<string, string>;
  readonly #parameters = new Map<string, Parameter>();

  /** If the job is only described, missing parameters get the empty value of their type. */
  constructor(
    args: readonly Argument[],
    private readonly isDescribing = false,
  ) {
    this.#arguments = new Map(args);
  }

  /** Runs a job function with arguments. */
  static run(job: Job, args: readonly Argument[]): Env {
    const env = new Env(args);
    job(env);
    return env;
  }

  /** Names the job. Otherwise it is named as its file. */
  name(name: string): void {
    this.graph.name = name;
  }

  /** Sets the number of key groups, which bounds the parallelism of the job for good. */
  maxParallelism(keyGroups: number): void {
    this.graph.maxParallelism = keyGroups;
  }

  /** The value of a parameter, which the user sets with `--param NAME=VALUE`; its type is `string`, `long`, `double` or
   * `boolean`. Without a default the user must give one. */
  param<V>(name: string, type: Type<V>, options: { default?: V; describe?: string } = {}): V {
    const parser = PARSERS.get(type);
    if (parser === undefined) {
      throw new WasmillError(`parameter ${name}: its type can be string, long, double or boolean`);
    }
    const given = this.#arguments.get(name);
    const fallback = (options.default as Json | undefined) ?? null;
    const text = given ?? (fallback === null ? "" : String(fallback));
    const description = options.describe ?? "";
    if (!this.#parameters.has(name)) {
      this.#parameters.set(name, { name, type: type.name, default: fallback, description, text });
    }
    if (given !== undefined) {
      const value = parser.parse(given);
      if (value === undefined) throw new WasmillError(`parameter ${name}: \`${given}\` is no ${type.name}`);
      return value as V;
    }
    if (fallback !== null) return options.default as V;
    if (this.isDescribing) return parser.empty as V;
    throw new WasmillError(`parameter ${name}: it is missing, give a ${type.name}`);
  }

  /** The parameters as the manifest shows them. */
  parameters(): Json[] {
    return [...this.#parameters.values()].map(({ text: _, ...shown }) => shown);
  }

  /** The parameters with the values that hold, as text. */
  values(): Map<string, string> {
    return new Map([...this.#parameters.values()].map(({ name, text }) => [name, text]));
  }

  /** Refuses arguments that the job never asked for. */
  checkArguments(): void {
    for (const name of this.#arguments.keys()) {
      if (this.#parameters.has(name) || name.startsWith(RESERVED)) continue;
      const known = [...this.#parameters.keys()].join(", ");
      throw new WasmillError(`parameter ${name}: the job has no such parameter, it has: ${known}`);
    }
  }

  /** Adds a source: a connector of the host. */
  source<T>(connector: Connector<T>): Stream<T> {
    if (connector.records === undefined) {
      throw new WasmillError(`source ${connector.typeName}: nothing says which records it gives, pass their type`);
    }
    const node = new Node("source", connector.typeName);
    node.connector = connector.config;
    node.outputs = [{ name: "out", type: connector.records }];
    return new Stream(this.graph, this.graph.add(node, []));
  }

  /** Adds a source of your own. The factory runs in planning mode too: see `OpenContext`. */
  addSource<T, P>(types: SourceTypes<T, P>, factory: Factory<Source<T, P>>): Stream<T> {
    return new Stream(this.graph, this.graph.add(sourceNode(types, factory), []));
  }

  /** Records that enter by the open port `name`: the component is a part of a job file's job. */
  input<T>(name: string, type: Type<T>): Stream<T> {
    const node = new Node("input", "input");
    node.uid = `input.${name}`;
    node.name = name;
    node.outputs = [{ name: "out", type }];
    return new Stream(this.graph, this.graph.add(node, []));
  }

  /** Lets the records of a stream leave by the open port `name`. */
  output<T>(name: string, stream: Stream<T>): void {
    const node = new Node("output", "output");
    node.uid = `output.${name}`;
    node.name = name;
    node.inputs = [stream.type];
    this.graph.add(node, [stream.origin]);
  }

  /** Registers a file under a name by which operators read it. */
  registerCachedFile(path: string, name: string): void {
    this.graph.cachedFiles.push({ name, path });
  }
}
