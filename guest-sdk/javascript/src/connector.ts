// Sources and sinks of the host, as builders over their configuration (`docs/CONNECTORS.md`).
//
// A builder only writes JSON; the host checks it. A connector that has no builder here is made with `connector`.

import { type Json, string, type Type } from "./types.js";

/** Keys of a connector; one that is undefined is left out. */
export type Keys = { readonly [key: string]: Json | undefined };

/** A connector of the host; as a source it gives records of type `T`. */
export class Connector<T> {
  constructor(
    /** What the console shows. */
    readonly typeName: string,
    readonly config: Keys,
    /** The records that it gives as a source, if that is known. */
    readonly records?: Type<T>,
  ) {}

  /** The same with more keys. */
  with(keys: Keys): Connector<T> {
    return new Connector(this.typeName, { ...this.config, ...keys }, this.records);
  }
}

/** Any connector, by its type and keys; as a source it gives `records`. */
export function connector<T = never>(type: string, keys: Keys = {}, records?: Type<T>): Connector<T> {
  return new Connector("connector", { type, ...keys }, records);
}

/** Lines of text files: as a source every line of a file, a directory or a glob pattern, as a sink one line per record in
 * a directory. More keys: `format` and `partition_by` of a sink, `rate`, `watch` and `interval_ms` of a source. */
export function textFiles(path: string, keys: Keys = {}): Connector<string> {
  return new Connector("text files", { type: "text-files", path, ...keys }, string);
}

/** A source of records, one JSON object a line. */
export function jsonLines<T>(path: string, records: Type<T>, keys: Keys = {}): Connector<T> {
  return typed("json-lines", path, records, keys);
}

/** A source of records, fields separated by commas in the order of the type. */
export function csv<T>(path: string, records: Type<T>, keys: Keys = {}): Connector<T> {
  return typed("csv", path, records, keys);
}

function typed<T>(format: string, path: string, records: Type<T>, keys: Keys): Connector<T> {
  const config = { type: "text-files", path, format, schema: records.document(), ...keys };
  return new Connector("text files", config, records);
}

/** Values written in the plan as JSON, for examples and tests. */
export function collection<T>(records: Type<T>, values: readonly Json[]): Connector<T> {
  const config = { type: "collection", schema: records.document(), values: [...values] };
  return new Connector("collection", config, records);
}

/** Deterministic test data, computed by the host: `bids`, `pairs`, `events` or `latency`. Keys: `events` (how many),
 * `keys`, `epm`, `rate`. */
export function generator<T>(data: string, records: Type<T>, keys: Keys = {}): Connector<T> {
  return new Connector("generator", { type: "generator", data, ...keys }, records);
}

/** Lines over TCP, as a client: as a source those that a listener sends, as a sink one per record and subtask. */
export function socket(host: string, port: number): Connector<string> {
  return new Connector("socket", { type: "socket", host, port }, string);
}

/** Gives the records to whoever started the job, when it has finished. */
export function collect(keys: Keys = {}): Connector<never> {
  return new Connector("collect", { type: "collect", ...keys });
}

/** Prints records to the standard output of the process. */
export function print(): Connector<never> {
  return new Connector("print", { type: "print" });
}

/** Counts records and adds up their hashes, to compare results. */
export function checksum(): Connector<never> {
  return new Connector("checksum", { type: "checksum" });
}
