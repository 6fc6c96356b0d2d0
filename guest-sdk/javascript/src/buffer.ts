// Reading and writing values in columns: a reader over a whole column, and a buffer that grows.

import { type ByteString, fromArray, isAscii, toArray, utf8 } from "./bytes.js";
import type { Column } from "./column.js";

/** Characters up to which a loop is faster than four native calls. */
const SHORT = 4;

/** A column while its entries are read. */
export class Reader {
  readonly view: DataView;
  #bytes: ByteString | undefined;
  #isAscii = false;

  constructor(readonly data: Uint8Array) {
    this.view = new DataView(data.buffer, data.byteOffset, data.length);
  }

  /** A part as it is. */
  bytes(start: number, end: number): ByteString {
    return this.#whole().slice(start, end);
  }

  /** A part as text; refuses what is not UTF-8 with a `URIError`. */
  text(start: number, end: number): string {
    const part = this.#whole().slice(start, end);
    return this.#isAscii || isAscii(part) ? part : decodeURIComponent(escape(part));
  }

  #whole(): ByteString {
    if (this.#bytes === undefined) {
      this.#bytes = fromArray(this.data);
      this.#isAscii = isAscii(this.#bytes);
    }
    return this.#bytes;
  }
}

/** Values being written, one behind the other. */
export class Writer {
  #array = new Uint8Array(1024);
  view = new DataView(this.#array.buffer);
  /** How many bytes there are. */
  length = 0;
  /** Where each entry ends that was closed. */
  #ends: number[] = [];
  #width = -1;

  /** Appends zeros; returns where they begin. */
  reserve(size: number): number {
    const at = this.length;
    const end = at + size;
    if (end > this.#array.length) this.#grow(end);
    this.#array.fill(0, at, end);
    this.length = end;
    return at;
  }

  /** Appends the UTF-8 bytes of a text. */
  text(text: string): void {
    this.bytes(utf8(text));
  }

  /** Appends bytes. */
  bytes(bytes: ByteString): void {
    const size = bytes.length;
    if (size > SHORT) return this.array(toArray(bytes));
    const at = this.reserve(size);
    for (let i = 0; i < size; i++) this.#array[at + i] = bytes.charCodeAt(i);
  }

  /** Appends an array. */
  array(array: Uint8Array): void {
    const at = this.reserve(array.length);
    this.#array.set(array, at);
  }

  /** Ends an entry of the column. */
  close(): void {
    const width = this.length - (this.#ends.at(-1) ?? 0);
    if (this.#ends.length === 0) this.#width = width;
    else if (width !== this.#width) this.#width = -1;
    this.#ends.push(this.length);
  }

  /** How many entries were closed. */
  get count(): number {
    return this.#ends.length;
  }

  /** Takes the column of the closed entries; the buffer is empty afterwards. */
  take(): Column {
    const column = { ends: this.#width >= 0 ? [] : this.#ends, data: this.#array.slice(0, this.length) };
    this.length = 0;
    this.#ends = [];
    this.#width = -1;
    return column;
  }

  #grow(size: number): void {
    const larger = new Uint8Array(Math.max(size, 2 * this.#array.length));
    larger.set(this.#array.subarray(0, this.length));
    this.#array = larger;
    this.view = new DataView(larger.buffer);
  }
}
