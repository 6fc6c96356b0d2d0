// The JavaScript and TypeScript SDK: a job is a function that builds a graph of typed streams, and the same function,
// compiled to a component, runs its operators inside the host.
//
//     import { type Env, print, string, textFiles } from "wasmill";
//
//     export default function job(env: Env): void {
//       const path = env.param("path", string, { describe: "what to read" });
//       env.source(textFiles(path)).filter((line) => line !== "").sink(print());
//     }
//
// The SDK keeps nothing that must last: state, timers and output are the host's, and an instance may be thrown away
// between two calls.

export { NO_TIMESTAMP } from "./column.js";
export { array, map, nullable, record, tuple } from "./composite.js";
export * from "./connector.js";
export { Collector, Context, KeyedContext, OpenContext, OutputTag, type Place, ProcessContext } from "./context.js";
export { Env, type Job } from "./env.js";
export { CallFailure, Malformed, TypeMismatch, WasmillError } from "./errors.js";
export { CachedFile, Files } from "./files.js";
export type { Level, TimeDomain } from "./host.js";
export * from "./logic.js";
export type { Counter, Gauge, Histogram, Meter } from "./metrics.js";
export { ListState, MapState, ValueState } from "./state.js";
export { ConnectedStreams, KeyedStream, Sink, Stream } from "./stream.js";
export { END_OF_TIME } from "./timers.js";
export {
  bigint,
  boolean,
  bytes,
  double,
  enumeration,
  float,
  type Infer,
  int,
  type Json,
  long,
  string,
  timestamp,
  Type,
} from "./types.js";
export { Watermarks } from "./watermarks.js";
export {
  type Aggregate,
  avg,
  count,
  RegularAssigner,
  SessionAssigner,
  session,
  sliding,
  sum,
  tumbling,
  type Window,
  type Windowed,
} from "./window.js";
export { WindowedStream } from "./windowed.js";
