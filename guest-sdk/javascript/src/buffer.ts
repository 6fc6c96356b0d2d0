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
  private buffer = new Uint8Array(1024);
  view = new DataView(this.buffer.buffer);
  /** How many bytes there are. */
  length = 0;
  /** How many entries of the column were closed, and where the last one ends. */
  count = 0;
  private end = 0;
  /** The width of all entries; -1 if they differ, and then their ends are kept. */
  private width = -1;
  private ends: number[] = [];

  /** Appends bytes that the caller will write; returns where they begin. */
  reserve(size: number): number {
    const at = this.length;
    this.length = at + size;
    if (this.length > this.buffer.length) this.grow();
    return at;
  }

  /** Appends zeros; returns where they begin. */
  zeros(size: number): number {
    const at = this.reserve(size);
    this.buffer.fill(0, at, this.length);
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
    for (let i = 0; i < size; i++) this.buffer[at + i] = bytes.charCodeAt(i);
  }

  /** Appends an array. */
  array(array: Uint8Array): void {
    const at = this.reserve(array.length);
    this.buffer.set(array, at);
  }

  /** Ends an entry of the column. */
  close(): void {
    const width = this.length - this.end;
    if (this.count === 0) {
      this.width = width;
    } else if (this.width >= 0 && width !== this.width) {
      for (let i = 1; i <= this.count; i++) this.ends.push(i * this.width);
      this.width = -1;
    }
    if (this.width < 0) this.ends.push(this.length);
    this.count++;
    this.end = this.length;
  }

  /** Takes the column of the closed entries; the buffer is empty afterwards. */
  take(): Column {
    const column = { ends: this.ends, data: this.buffer.slice(0, this.length) };
    this.length = this.count = this.end = 0;
    this.width = -1;
    this.ends = [];
    return column;
  }

  private grow(): void {
    const larger = new Uint8Array(Math.max(this.length, 2 * this.buffer.length));
    larger.set(this.buffer);
    this.buffer = larger;
    this.view = new DataView(larger.buffer);
  }
}
