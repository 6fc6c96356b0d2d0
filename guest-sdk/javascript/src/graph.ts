// The job graph as the job function builds it, and the JSON of it (`wit/MANIFEST.md`).
//
// The same function builds it when the job is planned and when a task is opened, so operators have the same numbers both
// times. Numbers follow the order of calls; an edge always leads to a higher one. What is wrong with an operator is noted
// as its defect and told when the plan is made.

import { WasmillError } from "./errors.js";
import type { Wiring } from "./task.js";
import type { Json, Type } from "./types.js";

/** How records of an edge find their subtask. */
export type Partitioning = "forward" | "hash" | "rebalance" | "broadcast";

/** An output of an operator: the main one is `out`, the others are side outputs. */
export interface Output {
  name: string;
  type: Type<unknown>;
  keyType?: Type<unknown>;
}

/** A state that an operator declares. */
export interface State {
  name: string;
  kind: "value" | "list" | "map";
  type: Type<unknown>;
  subKeyType?: Type<unknown>;
}

/** An edge of the graph. */
export interface Edge {
  from: number;
  output: number;
  to: number;
  input: number;
  partitioning: Partitioning;
  /** Whether the receiving operator may be chained to its input. */
  chain: boolean;
}

/** Where an edge begins, and how it distributes. */
export type Origin = readonly [node: number, output: number, partitioning: Partitioning];

/** An operator of the graph. */
export class Node {
  inputs: Type<unknown>[] = [];
  outputs: Output[] = [];
  connector?: { readonly [key: string]: Json | undefined };
  keyed = false;
  states: State[] = [];
  watermarks: { [key: string]: Json } | null = null;
  grants: string[] = [];
  cachedFiles: string[] = [];
  /** Opens the operator in an instance; absent for connectors of the host. */
  open?: (wiring: Wiring) => void;
  /** Takes the parallelism of its input unless it has its own. */
  followsInput = false;
  uid?: string;
  name?: string;
  parallelism?: number;
  chain = true;
  defect?: string;

  constructor(
    readonly kind: "source" | "operator" | "sink" | "input" | "output",
    readonly typeName: string,
  ) {}

  /** Has the job refused when it is planned; the first reason holds. */
  refuse(reason: string | undefined): void {
    this.defect ??= reason;
  }
}

/** Key groups of a job unless it says otherwise. */
const MAX_PARALLELISM_DEFAULT = 128;

/** The graph of a job. */
export class Graph {
  name?: string;
  maxParallelism = MAX_PARALLELISM_DEFAULT;
  /** Files that the job registers: name and path. */
  readonly cachedFiles: { name: string; path: string }[] = [];
  readonly nodes: Node[] = [];
  readonly #edges: Edge[] = [];

  /** Adds an operator with the edges into its inputs. */
  add(node: Node, inputs: readonly Origin[]): number {
    const to = this.nodes.push(node) - 1;
    inputs.forEach(([from, output, partitioning], input) => {
      this.#edges.push({ from, output, to, input, partitioning, chain: true });
    });
    return to;
  }

  /** The `uid` of an operator: the one it was given, else its type and number. */
  uid(number: number): string {
    const node = this.nodes[number]!;
    return node.uid ?? `${node.typeName.replace(/[ _]/g, "-")}-${number}`;
  }

  #parallelism(number: number): number | null {
    const node = this.nodes[number]!;
    if (node.parallelism === undefined && node.followsInput) {
      return this.#parallelism(this.#edges.find((edge) => edge.to === number)!.from);
    }
    return node.parallelism ?? null;
  }

  /** The edges as they will be: forward edges between operators of different parallelism are rebalanced. */
  edges(): Edge[] {
    return this.#edges.map((edge) => {
      const isSame = this.#parallelism(edge.from) === this.#parallelism(edge.to);
      const partitioning = edge.partitioning === "forward" && !isSame ? "rebalance" : edge.partitioning;
      return { ...edge, partitioning, chain: this.nodes[edge.to]!.chain };
    });
  }

  /** The operators as both documents show them. */
  operators(): Json[] {
    return this.nodes.map((node, id) => {
      const shown: { [key: string]: Json } = {
        id,
        uid: this.uid(id),
        name: node.name ?? node.typeName,
        kind: node.kind,
        parallelism: this.#parallelism(id),
      };
      if (!node.chain) shown.chain = false;
      if (node.connector !== undefined) shown.connector = node.connector as Json;
      if (node.kind !== "source") shown.inputs = node.inputs.map((type) => ({ schema: type.document() }));
      if (node.kind !== "sink") shown.outputs = node.outputs.map(showOutput);
      if (node.kind === "operator") {
        shown.keyed = node.keyed;
        shown.states = node.states.map(showState);
        shown.watermarks = node.watermarks;
      }
      if (node.grants.length > 0) shown.grants = node.grants;
      if (node.cachedFiles.length > 0) shown.cached_files = node.cachedFiles;
      return shown;
    });
  }

  /** The `plan` document; refuses a graph with a defect. */
  plan(defaultName: string): Json {
    this.#check();
    const edges = this.edges().map(({ from, output, to, input, partitioning }) => {
      return { from, output, to, input, partitioning };
    });
    return {
      version: 1,
      name: this.name ?? defaultName,
      max_parallelism: this.maxParallelism,
      operators: this.operators(),
      edges,
      cached_files: this.cachedFiles.map(({ name, path }) => ({ name, path })),
    };
  }

  #check(): void {
    if (this.nodes.length === 0) throw new WasmillError("the job has no operators");
    const uids = new Set<string>();
    this.nodes.forEach((node, number) => {
      const uid = this.uid(number);
      const reason = uids.has(uid) ? "another operator has this uid" : (node.defect ?? defectOf(node));
      if (reason !== undefined) throw new WasmillError(`operator ${uid}: ${reason}`);
      uids.add(uid);
    });
  }
}

/** What only shows when everything about an operator was said. */
function defectOf(node: Node): string | undefined {
  const twice = (names: string[]): string | undefined => names.find((name, i) => names.indexOf(name) !== i);
  const state = twice(node.states.map(({ name }) => name));
  if (state !== undefined) return `it declares state ${state} twice`;
  const output = twice(node.outputs.map(({ name }) => name));
  if (output !== undefined) return `it declares output ${output} twice`;
  if (node.parallelism !== undefined && !(node.parallelism >= 1)) {
    return `its parallelism is ${node.parallelism}, give at least 1`;
  }
  if (node.kind === "operator" && node.grants.length > 0) {
    return "it asks for files; only sources and sinks may write to the outside";
  }
  return undefined;
}

function showOutput({ name, type, keyType }: Output): Json {
  const shown: { [key: string]: Json } = { name, schema: type.document() };
  if (keyType !== undefined) shown.key_schema = keyType.document();
  return shown;
}

function showState({ name, kind, type, subKeyType }: State): Json {
  return { name, kind, schema: type.document(), sub_key_schema: subKeyType?.document() ?? null };
}
