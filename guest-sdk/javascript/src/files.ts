// Files of the outside: a directory that the user granted, and files that were registered by name.

import { fromArray, textOf } from "./bytes.js";
import type { HostCachedFiles, HostFiles } from "./host.js";

/** Most bytes of one call. */
const CHUNK = 1 << 20;

/** The one directory granted to a source or sink (`wit/files.wit`). Names are plain names of files in it. A failed call
 * throws the reason; what it did to files is not undone. */
export class Files {
  constructor(
    readonly host: HostFiles,
    readonly operator: number,
  ) {}

  /** Appends to a file, which is made if need be, and returns its length. */
  append(name: string, data: Uint8Array): number {
    return this.host.append(this.operator, name, data);
  }

  /** Makes the content of a file and its name survive a loss of power. */
  sync(name: string): void {
    this.host.sync(this.operator, name);
  }

  /** Renames a file at once and for good; there must be none of the new name. */
  rename(name: string, to: string): void {
    this.host.rename(this.operator, name, to);
  }

  /** The length of a file, if there is one. */
  size(name: string): number | undefined {
    return this.host.size(this.operator, name) ?? undefined;
  }

  /** Reads bytes at an offset; fewer at the end of the file. */
  read(name: string, offset: number, length: number): Uint8Array {
    return this.host.read(this.operator, name, offset, length);
  }

  /** Removes a file; an absent one is no error. */
  remove(name: string): void {
    this.host.remove(this.operator, name);
  }

  /** The names of the files of the directory, in order. */
  *list(): Generator<string> {
    for (let after = ""; ; ) {
      const names = this.host.list(this.operator, after, 1000);
      if (names.length === 0) return;
      yield* names;
      after = names.at(-1)!;
    }
  }
}

/** A file that was registered under a name and does not change while the job runs; empty while the job is planned. */
export class CachedFile {
  constructor(
    readonly host: HostCachedFiles | undefined,
    readonly name: string,
  ) {}

  /** The length of the file. */
  size(): number {
    return this.host?.size(this.name) ?? 0;
  }

  /** Reads bytes at an offset; fewer at the end of the file. */
  read(offset: number, length: number): Uint8Array {
    return this.host?.read(this.name, offset, length) ?? new Uint8Array(0);
  }

  /** The whole file as text. */
  text(): string {
    let bytes = "";
    for (let at = 0; at < this.size(); at += CHUNK) bytes += fromArray(this.read(at, CHUNK));
    return textOf(bytes);
  }
}
