// Keyed state: one value, a list, or an ordered map per key.
//
// A call begins with the keys of its batch: values are read for all of them at once, and what changed is written at once
// at the end. Nothing is kept from call to call. What can be changed in place is kept as bytes, so that a change counts
// only when it is `set`, whatever the batches are.

import { Reader, Writer } from "./buffer.js";
import { type ByteString, compare, fromArray, toArray } from "./bytes.js";
import { checkColumn, columnOf, EMPTY, entries } from "./column.js";
import { fieldsOf, isNullable } from "./composite.js";
import { Malformed, TypeMismatch, WasmillError } from "./errors.js";
import type { Host } from "./host.js";
import { bytes, long, string, type Type } from "./types.js";

/** Entries of a Map state read by one scan. */
const PAGE = 1024;

/** What the keyed operator tells its states. */
export interface Store {
  /** A call begins that has these keys, each once. */
  begin(keys: readonly ByteString[]): void;
  /** The call ends: writes what it has changed. */
  flush(): void;
}

/** The key under way, and the states that follow it. */
export class KeySpace {
  /** The key under way, encoded. */
  key: ByteString = "";
  readonly stores: Store[] = [];

  constructor(readonly host: Host) {}

  /** A call begins that has these keys. */
  begin(keys: readonly ByteString[]): void {
    if (this.stores.length === 0) return;
    const unique = [...new Set(keys)];
    for (const store of this.stores) store.begin(unique);
  }

  /** The call ends. */
  flush(): void {
    for (const store of this.stores) store.flush();
  }
}

/** Refuses types of a state's values that may be null: there would be no difference between null and nothing. */
export function checkStateType(name: string, type: Type<unknown>): void {
  if (isNullable(type)) {
    throw new TypeMismatch(`state ${name} cannot be nullable: leave it out, a state that was never set is undefined`);
  }
}

/** The bytes of one value. */
export function encode<V>(type: Type<V>, value: V): ByteString {
  const out = new Writer();
  type.write(out, value);
  out.close();
  return fromArray(out.take().data);
}

/** The value of these bytes. */
export function decode<V>(type: Type<V>, value: ByteString): V {
  const data = toArray(value);
  return type.read(new Reader(data), 0, data.length);
}

/** One value per key. */
export class ValueState<V> implements Store {
  readonly #space: KeySpace;
  /** The value itself, or its bytes if it can be changed in place. */
  #cells = new Map<ByteString, V | ByteString>();
  readonly #changed = new Set<ByteString>();

  constructor(
    space: KeySpace,
    readonly number: number,
    readonly name: string,
    readonly type: Type<V>,
  ) {
    this.#space = space;
    space.stores.push(this);
  }

  /** The key's value, if it has one. */
  get(): V | undefined {
    const cell = this.#cells.get(this.#space.key);
    if (cell === undefined) return undefined;
    return this.type.isImmutable ? (cell as V) : decode(this.type, cell as ByteString);
  }

  /** Sets the key's value. */
  set(value: V): void {
    const key = this.#space.key;
    this.#cells.set(key, this.type.isImmutable ? value : encode(this.type, value));
    this.#changed.add(key);
  }

  /** Removes the key's value; it need not exist. */
  clear(): void {
    this.#cells.delete(this.#space.key);
    this.#changed.add(this.#space.key);
  }

  begin(keys: readonly ByteString[]): void {
    this.#changed.clear();
    this.#cells = new Map();
    const { present, values } = this.#space.host.getMany(this.number, keys.length, columnOf(keys), EMPTY);
    checkColumn(values, keys.length, `state ${this.name}`);
    if (!this.type.isImmutable) {
      entries(values, keys.length).forEach((value, i) => present[i] !== 0 && this.#cells.set(keys[i]!, value));
      return;
    }
    const input = new Reader(values.data);
    const width = values.data.length / keys.length;
    for (let i = 0, start = 0; i < keys.length; i++) {
      const end = values.ends.length > 0 ? values.ends[i]! : start + width;
      if (present[i] !== 0) this.#cells.set(keys[i]!, this.type.read(input, start, end));
      start = end;
    }
  }

  flush(): void {
    if (this.#changed.size === 0) return;
    const puts: ByteString[] = [];
    const deletes: ByteString[] = [];
    const out = new Writer();
    for (const key of this.#changed) {
      const cell = this.#cells.get(key);
      (cell === undefined ? deletes : puts).push(key);
      if (cell !== undefined) this.#write(out, cell);
    }
    this.#changed.clear();
    const { host } = this.#space;
    if (puts.length > 0) host.putMany(this.number, puts.length, columnOf(puts), EMPTY, out.take());
    if (deletes.length > 0) host.deleteMany(this.number, deletes.length, columnOf(deletes), EMPTY);
  }

  #write(out: Writer, cell: V | ByteString): void {
    try {
      if (this.type.isImmutable) this.type.write(out, cell as V);
      else out.bytes(cell as ByteString);
      out.close();
    } catch (error) {
      if (error instanceof WasmillError) error.message = `state ${this.name}: ${error.message}`;
      throw error;
    }
  }
}

/** A list per key, appended to without being read. */
export class ListState<V> implements Store {
  readonly #space: KeySpace;
  /** Per key whether the stored list is gone, and what was added in this call. */
  readonly #changes = new Map<ByteString, { isGone: boolean; added: ByteString[] }>();

  constructor(
    space: KeySpace,
    readonly number: number,
    readonly name: string,
    readonly type: Type<V>,
  ) {
    this.#space = space;
    space.stores.push(this);
  }

  /** Appends an element to the key's list. */
  add(element: V): void {
    const change = this.#changes.get(this.#space.key) ?? { isGone: false, added: [] };
    change.added.push(encode(this.type, element));
    this.#changes.set(this.#space.key, change);
  }

  /** The elements of the key's list, oldest first. */
  get(): V[] {
    const key = this.#space.key;
    const change = this.#changes.get(key);
    const stored = change?.isGone ? null : this.#space.host.get(this.number, toArray(key), new Uint8Array(0));
    const elements = stored === null ? [] : this.#split(stored);
    return [...elements, ...(change?.added ?? []).map((element) => decode(this.type, element))];
  }

  /** Removes the key's list. */
  clear(): void {
    this.#changes.set(this.#space.key, { isGone: true, added: [] });
  }

  begin(): void {
    this.#changes.clear();
  }

  flush(): void {
    const all = [...this.#changes];
    this.#changes.clear();
    const { host } = this.#space;
    const gone = all.filter(([, change]) => change.isGone).map(([key]) => key);
    if (gone.length > 0) host.deleteMany(this.number, gone.length, columnOf(gone), EMPTY);
    const keys = all.flatMap(([key, { added }]) => added.map(() => key));
    const values = all.flatMap(([, { added }]) => added);
    if (keys.length > 0) host.appendMany(this.number, keys.length, columnOf(keys), EMPTY, columnOf(values));
  }

  /** Reads elements that are each preceded by their length. */
  #split(stored: Uint8Array): V[] {
    const input = new Reader(stored);
    const elements: V[] = [];
    for (let at = 0; at < stored.length; ) {
      const start = at + 4;
      const end = start <= stored.length ? start + input.view.getUint32(at, true) : Number.POSITIVE_INFINITY;
      if (end > stored.length) throw new Malformed(`state ${this.name}: the list ends in an element`);
      elements.push(this.type.read(input, start, end));
      at = end;
    }
    return elements;
  }
}

/** How keys of a Map state's entries become bytes whose order is that of the keys. */
class SubKey<K> {
  readonly #kind: "long" | "pair" | "plain";

  constructor(readonly type: Type<K>) {
    const fields = [...fieldsOf(type).values()] as unknown[];
    const isPair = fields.length === 2 && fields.every((field) => field === long);
    const known: readonly unknown[] = [long, string, bytes];
    if (!isPair && !known.includes(type)) {
      throw new TypeMismatch(`keys of a map cannot be of type ${type.name}: use long, string, bytes or tuple(long, long)`);
    }
    this.#kind = isPair ? "pair" : (type as unknown) === long ? "long" : "plain";
  }

  encode(key: K): ByteString {
    if (this.#kind === "long") return ordered(key as number);
    if (this.#kind === "plain") return encode(this.type, key);
    const [first, second] = key as unknown as [number, number];
    return ordered(first) + ordered(second);
  }

  decode(address: ByteString): K {
    if (this.#kind === "plain") return decode(this.type, address);
    if (address.length !== (this.#kind === "long" ? 8 : 16)) {
      throw this.type.malformed("the sub-key has another length");
    }
    const first = unordered(address.slice(0, 8));
    return (this.#kind === "long" ? first : [first, unordered(address.slice(8))]) as K;
  }
}

const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

/** The eight bytes of a whole number whose order is that of the numbers: big endian, sign bit flipped. */
export function ordered(number: number): ByteString {
  if (!Number.isSafeInteger(number)) throw new TypeMismatch(`${number} is no long`);
  scratch.setBigInt64(0, BigInt(number));
  scratch.setUint8(0, scratch.getUint8(0) ^ 0x80);
  return String.fromCharCode(...scratchBytes);
}

/** The number of these eight bytes. */
export function unordered(address: ByteString): number {
  for (let i = 0; i < 8; i++) scratchBytes[i] = address.charCodeAt(i);
  scratch.setUint8(0, scratch.getUint8(0) ^ 0x80);
  return Number(scratch.getBigInt64(0));
}

/** An ordered map per key, written without being read. */
export class MapState<K, V> implements Store {
  readonly #space: KeySpace;
  readonly #subKey: SubKey<K>;
  /** Changes of this call by key: null where an entry was removed. */
  readonly #changes = new Map<ByteString, Map<ByteString, ByteString | null>>();

  constructor(
    space: KeySpace,
    readonly number: number,
    readonly name: string,
    keys: Type<K>,
    readonly type: Type<V>,
  ) {
    this.#space = space;
    this.#subKey = new SubKey(keys);
    space.stores.push(this);
  }

  /** An entry of the key's map, if there is one. */
  get(subKey: K): V | undefined {
    const address = this.#subKey.encode(subKey);
    const key = this.#space.key;
    const change = this.#changes.get(key)?.get(address);
    if (change !== undefined) return change === null ? undefined : decode(this.type, change);
    const stored = this.#space.host.get(this.number, toArray(key), toArray(address));
    return stored === null ? undefined : this.type.read(new Reader(stored), 0, stored.length);
  }

  /** Whether the key's map has an entry. */
  has(subKey: K): boolean {
    return this.get(subKey) !== undefined;
  }

  /** Sets an entry of the key's map. Does not read. */
  put(subKey: K, value: V): void {
    this.#change(subKey, encode(this.type, value));
  }

  /** Removes an entry of the key's map; it need not exist. */
  remove(subKey: K): void {
    this.#change(subKey, null);
  }

  /** All entries of the key's map, by ascending sub-key. Changes made meanwhile are not seen. */
  *entries(): Generator<[K, V]> {
    const own = [...(this.#changes.get(this.#space.key) ?? [])].sort(([a], [b]) => compare(a, b));
    let next = 0;
    for (const [address, value] of this.#stored(this.#space.key)) {
      while (next < own.length && own[next]![0] < address) yield* this.#shown(own[next++]!);
      if (next < own.length && own[next]![0] === address) yield* this.#shown(own[next++]!);
      else yield* this.#shown([address, value]);
    }
    while (next < own.length) yield* this.#shown(own[next++]!);
  }

  /** Removes all entries of the key's map. */
  clear(): void {
    this.#changes.delete(this.#space.key);
    this.#space.host.clearKey(this.number, toArray(this.#space.key));
  }

  *#shown([address, value]: readonly [ByteString, ByteString | null]): Generator<[K, V]> {
    if (value !== null) yield [this.#subKey.decode(address), decode(this.type, value)];
  }

  *#stored(key: ByteString): Generator<readonly [ByteString, ByteString]> {
    for (let start = "", more = true; more; ) {
      const page = this.#space.host.scan(this.number, toArray(key), toArray(start), PAGE);
      checkColumn(page.subKeys, page.count, `sub-keys of state ${this.name}`);
      checkColumn(page.values, page.count, `state ${this.name}`);
      const addresses = entries(page.subKeys, page.count);
      const values = entries(page.values, page.count);
      for (let i = 0; i < page.count; i++) yield [addresses[i]!, values[i]!];
      more = page.more && page.count > 0;
      start = `${addresses.at(-1)}\0`;
    }
  }

  #change(subKey: K, value: ByteString | null): void {
    const changes = this.#changes.get(this.#space.key) ?? new Map<ByteString, ByteString | null>();
    this.#changes.set(this.#space.key, changes.set(this.#subKey.encode(subKey), value));
  }

  begin(): void {
    this.#changes.clear();
  }

  flush(): void {
    const puts: [ByteString, ByteString, ByteString][] = [];
    const deletes: [ByteString, ByteString][] = [];
    for (const [key, changes] of this.#changes) {
      for (const [address, value] of changes) {
        if (value === null) deletes.push([key, address]);
        else puts.push([key, address, value]);
      }
    }
    this.#changes.clear();
    const { host } = this.#space;
    const column = (rows: ByteString[][], index: number) => columnOf(rows.map((row) => row[index]!));
    if (puts.length > 0) {
      host.putMany(this.number, puts.length, column(puts, 0), column(puts, 1), column(puts, 2));
    }
    if (deletes.length > 0) host.deleteMany(this.number, deletes.length, column(deletes, 0), column(deletes, 1));
  }
}
