// Errors of the SDK. Text is lower case, names the object and says what to do; it reaches the user as it is.

/** Anything the SDK refuses. */
export class WasmillError extends Error {}

/** A type that has no schema, or a value that is not of its type. */
export class TypeMismatch extends WasmillError {}

/** Bytes that are no value of their schema. */
export class Malformed extends WasmillError {}

/** A call that did not succeed; nothing of it takes effect. */
export class CallFailure extends WasmillError {
  /** `record` is the index of the record in the batch of the call, if one is to blame. */
  constructor(message: string, readonly record?: number) {
    super(message);
  }
}
