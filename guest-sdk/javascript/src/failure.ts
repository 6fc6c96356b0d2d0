// From whatever user code throws to the failure of a call.

import { CallFailure, WasmillError } from "./errors.js";

/** One line: what happened, and the function of the user's in which it did. */
export function describe(error: unknown): string {
  if (error instanceof WasmillError) return error.message;
  if (!(error instanceof Error)) return `thrown: ${typeof error === "object" ? JSON.stringify(error) : String(error)}`;
  const [frame] = (error.stack ?? "").split("\n").flatMap((line) => /at (.+)/.exec(line)?.[1] ?? []);
  return `${error.name}: ${error.message}${frame === undefined ? "" : ` (at ${frame.trim()})`}`;
}

/** The failure of a call; `record` is the index of the record that was under way. */
export function failure(error: unknown, record?: number): CallFailure {
  return error instanceof CallFailure ? error : new CallFailure(describe(error), record);
}

/** Runs a call; whatever user code throws becomes a `CallFailure`. */
export function attempt<R>(call: () => R): R {
  try {
    return call();
  } catch (error) {
    throw failure(error);
  }
}
