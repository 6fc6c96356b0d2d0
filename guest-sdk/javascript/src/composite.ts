// Types made of other types: records, tuples, arrays, maps and nullable values.
//
// The two functions of a record are generated as JavaScript, once per type: a loop over its fields costs twice as much
// in an interpreter. Variable parts follow in field order without gaps. A reader refuses a slot that points anywhere but
// at the next byte, and anything that is left over.

import type { Reader, Writer } from "./buffer.js";
import { compare, utf8 } from "./bytes.js";
import { TypeMismatch } from "./errors.js";
import { type Infer, type Json, type Names, string, Type } from "./types.js";

type Fields = { readonly [name: string]: Type<unknown> };
type Write = (out: Writer, value: unknown) => void;
type Read = (input: Reader, start: number, end: number) => unknown;

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A record: null words if it has nullable fields, one slot per field, then the variable parts. */
class RecordType<V> extends Type<V> {
  readonly #write: Write;
  readonly #read: Read;

  constructor(
    name: string,
    readonly fields: readonly (readonly [string, Type<unknown>])[],
    readonly isTuple: boolean,
  ) {
    super(name);
    if (fields.length === 0) throw new TypeMismatch(`${name} has no fields, a record needs one at least`);
    for (const part of [name, ...fields.map(([field]) => field)]) {
      if (!IDENTIFIER.test(part)) throw new TypeMismatch(`${name}: ${part} is no name, use letters, digits and _`);
    }
    const types = fields.map(([, type]) => inner(type));
    const make = (source: string): unknown => new Function("self", "types", source)(this, types);
    this.#write = make(writerOf(fields, isTuple)) as Write;
    this.#read = make(readerOf(fields, isTuple)) as Read;
  }

  schema(names: Names): Json {
    const field = ([name, type]: readonly [string, Type<unknown>]): Json => ({ name, type: type.schema(names) });
    const full = (): Json => ({ type: "record", name: this.name, fields: this.fields.map(field) });
    return names.define(this.name, this, full);
  }

  write(out: Writer, value: V): void {
    if (typeof value !== "object" || value === null) throw this.mismatch(value);
    if (this.isTuple && (value as unknown as unknown[]).length !== this.fields.length) throw this.mismatch(value);
    this.#write(out, value);
  }

  read(input: Reader, start: number, end: number): V {
    return this.#read(input, start, end) as V;
  }
}

/** What the slot of a field is of: a nullable field is laid out as its inner type. */
function inner(type: Type<unknown>): Type<unknown> {
  return type instanceof Nullable ? type.inner : type;
}

/** Bytes of the null words and slots of a record. */
function headOf(fields: readonly (readonly [string, Type<unknown>])[]): { words: number; head: number } {
  const words = Math.ceil(fields.filter(([, type]) => type instanceof Nullable).length / 64);
  return { words, head: 8 * (words + fields.length) };
}

/** The source of a record's `write`. The field at fault is named by an error. */
function writerOf(fields: readonly (readonly [string, Type<unknown>])[], isTuple: boolean): string {
  const { words, head } = headOf(fields);
  let nullBit = 0;
  const body = fields.map(([name, type], index) => {
    const at = `base + ${8 * (words + index)}`;
    const put = inner(type).isSlot
      ? `t${index}.writeSlot(out, ${at}, v);`
      : `const o = out.length; t${index}.write(out, v);
         out.view.setUint32(${at}, o - base, true); out.view.setUint32(${at} + 4, out.length - o, true);`;
    const value = `at = ${index}; const v = ${isTuple ? `value[${index}]` : `value.${name}`};`;
    if (!(type instanceof Nullable)) return `{ ${value} ${put} }`;
    const [byte, bit] = [nullBit >> 3, 1 << (nullBit & 7)];
    nullBit++;
    const mark = `out.view.setUint8(base + ${byte}, out.view.getUint8(base + ${byte}) | ${bit});`;
    return `{ ${value} if (v === null || v === undefined) { ${mark} } else { ${put} } }`;
  });
  const types = fields.map((_, index) => `t${index} = types[${index}]`).join(", ");
  const names = JSON.stringify(fields.map(([name]) => name));
  return `const ${types}, names = ${names};
    return (out, value) => {
      const base = out.${words > 0 ? "zeros" : "reserve"}(${head});
      let at = 0;
      try { ${body.join("\n")} }
      catch (error) { error.message = self.name + "." + names[at] + ": " + error.message; throw error; }
    };`;
}

/** The source of a record's `read`. */
function readerOf(fields: readonly (readonly [string, Type<unknown>])[], isTuple: boolean): string {
  const { words, head } = headOf(fields);
  let nullBit = 0;
  const body = fields.map(([, type], index) => {
    const at = `start + ${8 * (words + index)}`;
    const take = inner(type).isSlot
      ? `v${index} = t${index}.readSlot(input, ${at});`
      : `const size = view.getUint32(${at} + 4, true);
         if (view.getUint32(${at}, true) !== cursor - start || cursor + size > end)
           throw self.malformed("its slot does not point at the next bytes");
         v${index} = t${index}.read(input, cursor, cursor += size);`;
    if (!(type instanceof Nullable)) return `{ ${take} }`;
    const test = `view.getUint8(start + ${nullBit >> 3}) & ${1 << (nullBit & 7)}`;
    nullBit++;
    const blank = `if (view.getBigUint64(${at}) !== 0n) throw self.malformed("it is null but its slot is not zero");`;
    return `if (${test}) { ${blank} v${index} = null; } else { ${take} }`;
  });
  const stray = `if (view.getBigUint64(start + ${8 * (words - 1)}, true) >> ${nullBit - 64 * (words - 1)}n)
      throw self.malformed("a null bit belongs to no field");`;
  const types = fields.map((_, index) => `t${index} = types[${index}]`).join(", ");
  const values = fields.map((_, index) => `v${index}`);
  const made = isTuple ? `[${values.join(", ")}]` : `{ ${fields.map(([n], i) => `${n}: v${i}`).join(", ")} }`;
  return `const ${types};
    return (input, start, end) => {
      const view = input.view;
      if (end - start < ${head}) throw self.malformed("it is shorter than its slots");
      let cursor = start + ${head}, ${values.join(", ")};
      ${words > 0 ? stray : ""}
      ${body.join("\n")}
      if (cursor !== end) throw self.malformed("bytes follow its last field");
      return ${made};
    };`;
}

class Nullable<V> extends Type<V | null> {
  override readonly isImmutable: boolean;

  constructor(readonly inner: Type<V>) {
    super(`optional_${inner.name}`);
    if (inner instanceof Nullable) throw new TypeMismatch("a value that may be null twice has no schema");
    this.isImmutable = inner.isImmutable;
  }

  schema(names: Names): Json {
    return ["null", this.inner.schema(names)];
  }

  write(out: Writer, value: V | null): void {
    const base = out.zeros(16);
    if (value === null || value === undefined) {
      out.view.setUint8(base, 1);
    } else if (this.inner.isSlot) {
      this.inner.writeSlot(out, base + 8, value);
    } else {
      this.inner.write(out, value);
      out.view.setUint32(base + 8, 16, true);
      out.view.setUint32(base + 12, out.length - base - 16, true);
    }
  }

  read(input: Reader, start: number, end: number): V | null {
    if (end - start < 16) throw this.malformed("it is shorter than its slots");
    const isNull = input.view.getBigUint64(start, true);
    if (isNull === 1n && end - start === 16 && input.view.getBigUint64(start + 8) === 0n) return null;
    if (isNull !== 0n) throw this.malformed("it is neither null nor a value");
    if (this.inner.isSlot) return this.inner.read(input, start + 8, end);
    const size = input.view.getUint32(start + 12, true);
    if (input.view.getUint32(start + 8, true) !== 16 || start + 16 + size !== end) {
      throw this.malformed("its slot does not point at the next bytes");
    }
    return this.inner.read(input, start + 16, end);
  }
}

/** Appends count, slots and variable parts of an array. */
function writeAll<V>(type: Type<V>, out: Writer, values: readonly V[]): void {
  const base = out.reserve(8 + 8 * values.length);
  out.view.setBigUint64(base, BigInt(values.length), true);
  values.forEach((value, index) => {
    const at = base + 8 + 8 * index;
    if (type.isSlot) return type.writeSlot(out, at, value);
    const start = out.length;
    type.write(out, value);
    out.view.setUint32(at, start - base, true);
    out.view.setUint32(at + 4, out.length - start, true);
  });
}

/** Reads what `writeAll` wrote; the count is checked against the bytes before anything is made for it. */
function readAll<V>(whole: Type<unknown>, type: Type<V>, input: Reader, start: number, end: number): V[] {
  const view = input.view;
  if (end - start < 8) throw whole.malformed("it has no count");
  const count = Number(view.getBigUint64(start, true));
  let cursor = start + 8 + 8 * count;
  if (cursor > end) throw whole.malformed("it is shorter than its slots");
  const values: V[] = [];
  for (let at = start + 8; at < start + 8 + 8 * count; at += 8) {
    if (type.isSlot) {
      values.push(type.read(input, at, at + 8));
      continue;
    }
    const size = view.getUint32(at + 4, true);
    if (view.getUint32(at, true) !== cursor - start || cursor + size > end) {
      throw whole.malformed("its slot does not point at the next bytes");
    }
    values.push(type.read(input, cursor, cursor + size));
    cursor += size;
  }
  if (cursor !== end) throw whole.malformed("bytes follow its last element");
  return values;
}

class ArrayType<V> extends Type<readonly V[]> {
  constructor(readonly items: Type<V>) {
    super(`array_${items.name}`);
  }

  schema(names: Names): Json {
    return { type: "array", items: this.items.schema(names) };
  }

  write(out: Writer, value: readonly V[]): void {
    if (!Array.isArray(value)) throw this.mismatch(value);
    writeAll(this.items, out, value);
  }

  read(input: Reader, start: number, end: number): readonly V[] {
    return readAll(this, this.items, input, start, end);
  }
}

class MapType<V> extends Type<ReadonlyMap<string, V>> {
  readonly #entry: Type<readonly [string, V]>;

  constructor(readonly values: Type<V>) {
    super(`map_${values.name}`);
    this.#entry = tuple(string, values);
  }

  schema(names: Names): Json {
    return { type: "map", values: this.values.schema(names) };
  }

  write(out: Writer, value: ReadonlyMap<string, V>): void {
    if (!(value instanceof Map)) throw this.mismatch(value);
    const pairs = [...(value as ReadonlyMap<string, V>)].sort(([a], [b]) => compare(utf8(a), utf8(b)));
    writeAll(this.#entry, out, pairs);
  }

  read(input: Reader, start: number, end: number): ReadonlyMap<string, V> {
    const pairs = readAll(this, this.#entry, input, start, end);
    const isAscending = pairs.every(([key], i) => i === 0 || compare(utf8(pairs[i - 1]![0]), utf8(key)) < 0);
    if (!isAscending) throw this.malformed("its keys are not ascending");
    return new Map(pairs);
  }
}

/** A record with these fields, in this order: `record("WordCount", { word: string, count: long })`. */
export function record<F extends Fields>(name: string, fields: F): Type<{ readonly [K in keyof F]: Infer<F[K]> }> {
  return new RecordType(name, Object.entries(fields), false);
}

/** A record of the fields `f0`, `f1` and so on, as an array. */
export function tuple<V extends readonly unknown[]>(...types: { [K in keyof V]: Type<V[K]> }): Type<Readonly<V>> {
  const all: readonly Type<unknown>[] = types;
  const fields = all.map((type, index) => [`f${index}`, type] as const);
  return new RecordType(`tuple_${all.map((type) => type.name).join("_")}`, fields, true);
}

/** A value or null. */
export function nullable<V>(type: Type<V>): Type<V | null> {
  return new Nullable(type);
}

/** Avro's `array`. */
export function array<V>(items: Type<V>): Type<readonly V[]> {
  return new ArrayType(items);
}

/** Avro's `map`, as a `Map`. */
export function map<V>(values: Type<V>): Type<ReadonlyMap<string, V>> {
  return new MapType(values);
}

/** The fields of a record, by name; none if it is something else. */
export function fieldsOf(type: Type<unknown>): ReadonlyMap<string, Type<unknown>> {
  return new Map(type instanceof RecordType ? type.fields : []);
}

/** Whether a type can be null. */
export function isNullable(type: Type<unknown>): boolean {
  return type instanceof Nullable;
}
