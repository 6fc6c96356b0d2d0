// Types of records: the schema and the bytes that follow from it, and the static type that follows from both.
//
// The bytes are those of `wit/ENCODING.md`: 8-byte slots, little endian, and equal values have equal bytes. What is made
// of several values is in `composite.ts`.

import type { Reader, Writer } from "./buffer.js";
import { Reader as ColumnReader } from "./buffer.js";
import { type Column, endsOf } from "./column.js";
import { Malformed, TypeMismatch } from "./errors.js";

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The static type of the values of a type: `Infer<typeof WordCount>`. */
export type Infer<T> = T extends Type<infer V> ? V : never;

/** Named types that a schema document has defined so far: Avro spells each out once and names it afterwards. */
export class Names {
  readonly #owners = new Map<string, Type<unknown>>();

  /** The full schema of a named type the first time, its name afterwards. */
  define(name: string, owner: Type<unknown>, full: () => Json): Json {
    const known = this.#owners.get(name);
    if (known === undefined) {
      this.#owners.set(name, owner);
      return full();
    }
    if (!sameSchema(known, owner)) throw new TypeMismatch(`two types are named ${name} in one schema, rename one`);
    return name;
  }
}

/** A type with an Avro schema and its bytes. Immutable and shared. */
export abstract class Type<V> {
  /** Whether a slot holds the value itself; then it is 8 bytes long. */
  readonly isSlot: boolean = false;
  /** Whether values can be shared without copying: nobody can change them. */
  readonly isImmutable: boolean = false;

  /** `name` is its part in the names of composite types. */
  constructor(readonly name: string) {}

  /** The Avro schema as a JSON value. */
  abstract schema(names: Names): Json;

  /** Appends a value; refuses one that is not of this type. */
  abstract write(out: Writer, value: V): void;

  /** Reads the value of the bytes from `start` to `end`; refuses what no value has. */
  abstract read(input: Reader, start: number, end: number): V;

  /** Writes a value into its slot, if it is one. */
  writeSlot(_out: Writer, _at: number, _value: V): void {
    throw new TypeMismatch(`${this.name} has no slot`);
  }

  /** The Avro schema, complete. */
  document(): Json {
    return this.schema(new Names());
  }

  /** All values of a checked column. `each` is told which one is being read. */
  readColumn(column: Column, count: number, each?: (index: number) => void): V[] {
    const input = new ColumnReader(column.data);
    const ends = endsOf(column, count);
    const values: V[] = new Array(count);
    for (let i = 0, start = 0; i < count; i++) {
      const end = ends[i]!;
      each?.(i);
      values[i] = this.read(input, start, end);
      start = end;
    }
    return values;
  }

  /** The error for a value that is not of this type. */
  mismatch(value: unknown): TypeMismatch {
    return new TypeMismatch(`${show(value)} is no ${this.name}`);
  }

  /** The error for bytes that are no value of this type. */
  malformed(reason: string): Malformed {
    return new Malformed(`bytes are no ${this.name}: ${reason}`);
  }
}

/** Whether two types have one schema, and so one encoding. */
export function sameSchema(a: Type<unknown>, b: Type<unknown>): boolean {
  return a === b || JSON.stringify(a.document()) === JSON.stringify(b.document());
}

function show(value: unknown): string {
  try {
    return typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? String(value));
  } catch {
    return String(value);
  }
}

/** A value that fits a slot: number, boolean, enum, time. */
export abstract class Slot<V> extends Type<V> {
  override readonly isSlot = true;
  override readonly isImmutable: boolean = true;

  constructor(
    name: string,
    readonly avro: Json = name,
  ) {
    super(name);
  }

  schema(_names: Names): Json {
    return this.avro;
  }

  /** Reads the slot at a place that is within the bytes. */
  abstract readSlot(input: Reader, at: number): V;

  write(out: Writer, value: V): void {
    this.writeSlot(out, out.reserve(8), value);
  }

  read(input: Reader, start: number, end: number): V {
    if (end - start !== 8) throw this.malformed("it is not 8 bytes");
    return this.readSlot(input, start);
  }
}

class Long extends Slot<number> {
  override writeSlot(out: Writer, at: number, value: number): void {
    if (!Number.isSafeInteger(value)) throw this.mismatch(value);
    out.view.setBigInt64(at, BigInt(value), true);
  }

  readSlot(input: Reader, at: number): number {
    const value = Number(input.view.getBigInt64(at, true));
    if (!Number.isSafeInteger(value)) throw this.malformed("the number is beyond 2^53, use the type `bigint`");
    return value;
  }
}

class BigLong extends Slot<bigint> {
  override writeSlot(out: Writer, at: number, value: bigint): void {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) throw this.mismatch(value);
    out.view.setBigInt64(at, value, true);
  }

  readSlot(input: Reader, at: number): bigint {
    return input.view.getBigInt64(at, true);
  }
}

class Int extends Slot<number> {
  override writeSlot(out: Writer, at: number, value: number): void {
    if ((value | 0) !== value) throw this.mismatch(value);
    out.view.setBigInt64(at, BigInt(value), true);
  }

  readSlot(input: Reader, at: number): number {
    const value = Number(input.view.getBigInt64(at, true));
    if ((value | 0) !== value) throw this.malformed("the number does not fit 32 bits");
    return value;
  }
}

class Double extends Slot<number> {
  override writeSlot(out: Writer, at: number, value: number): void {
    if (typeof value !== "number") throw this.mismatch(value);
    out.view.setFloat64(at, value, true);
  }

  readSlot(input: Reader, at: number): number {
    return input.view.getFloat64(at, true);
  }
}

class Float extends Slot<number> {
  override writeSlot(out: Writer, at: number, value: number): void {
    if (typeof value !== "number") throw this.mismatch(value);
    out.view.setFloat32(at, value, true);
    out.view.setUint32(at + 4, 0);
  }

  readSlot(input: Reader, at: number): number {
    return input.view.getFloat32(at, true);
  }
}

class Bool extends Slot<boolean> {
  override writeSlot(out: Writer, at: number, value: boolean): void {
    if (typeof value !== "boolean") throw this.mismatch(value);
    out.view.setBigUint64(at, value ? 1n : 0n, true);
  }

  readSlot(input: Reader, at: number): boolean {
    const value = input.view.getBigUint64(at, true);
    if (value > 1n) throw this.malformed("it is neither 0 nor 1");
    return value === 1n;
  }
}

class Timestamp extends Slot<Date> {
  override readonly isImmutable = false;

  constructor() {
    super("timestamp", { type: "long", logicalType: "timestamp-millis" });
  }

  override writeSlot(out: Writer, at: number, value: Date): void {
    const time = value instanceof Date ? value.getTime() : Number.NaN;
    if (Number.isNaN(time)) throw this.mismatch(value);
    out.view.setBigInt64(at, BigInt(time), true);
  }

  readSlot(input: Reader, at: number): Date {
    const value = new Date(Number(input.view.getBigInt64(at, true)));
    if (Number.isNaN(value.getTime())) throw this.malformed("the time is out of range");
    return value;
  }
}

class Enumeration<S extends string> extends Slot<S> {
  readonly #index: Map<string, number>;

  constructor(
    name: string,
    readonly symbols: readonly S[],
  ) {
    super(name);
    this.#index = new Map(symbols.map((symbol, index) => [symbol, index]));
  }

  override schema(names: Names): Json {
    return names.define(this.name, this, () => ({ type: "enum", name: this.name, symbols: [...this.symbols] }));
  }

  override writeSlot(out: Writer, at: number, value: S): void {
    const index = this.#index.get(value);
    if (index === undefined) throw this.mismatch(value);
    out.view.setBigUint64(at, BigInt(index), true);
  }

  readSlot(input: Reader, at: number): S {
    const symbol = this.symbols[Number(input.view.getBigUint64(at, true))];
    if (symbol === undefined) throw this.malformed("it has no such symbol");
    return symbol;
  }
}

class Text extends Type<string> {
  override readonly isImmutable = true;

  schema(_names: Names): Json {
    return "string";
  }

  write(out: Writer, value: string): void {
    if (typeof value !== "string") throw this.mismatch(value);
    try {
      out.text(value);
    } catch (error) {
      throw error instanceof URIError ? this.mismatch(value) : error;
    }
  }

  read(input: Reader, start: number, end: number): string {
    try {
      return input.text(start, end);
    } catch (error) {
      throw error instanceof URIError ? this.malformed("it is not UTF-8") : error;
    }
  }
}

class Bytes extends Type<Uint8Array> {
  schema(_names: Names): Json {
    return "bytes";
  }

  write(out: Writer, value: Uint8Array): void {
    if (!(value instanceof Uint8Array)) throw this.mismatch(value);
    out.array(value);
  }

  read(input: Reader, start: number, end: number): Uint8Array {
    return input.data.slice(start, end);
  }
}

/** Avro's `long` as a number: whole, within 2^53. */
export const long: Type<number> = new Long("long");
/** Avro's `long` as a bigint: all 64 bits. */
export const bigint: Type<bigint> = new BigLong("bigint", "long");
/** Avro's `int`: whole, 32 bits. */
export const int: Type<number> = new Int("int");
/** Avro's `double`. */
export const double: Type<number> = new Double("double");
/** Avro's `float`. */
export const float: Type<number> = new Float("float");
/** Avro's `boolean`. */
export const boolean: Type<boolean> = new Bool("boolean");
/** Avro's `string`. */
export const string: Type<string> = new Text("string");
/** Avro's `bytes`. */
export const bytes: Type<Uint8Array> = new Bytes("bytes");
/** Avro's `long` with `timestamp-millis`, as a `Date`. */
export const timestamp: Type<Date> = new Timestamp();

/** Avro's `enum`: one of these symbols. */
export function enumeration<const S extends string>(name: string, symbols: readonly S[]): Type<S> {
  return new Enumeration(name, symbols);
}
