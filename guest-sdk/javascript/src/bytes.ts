// Byte strings: bytes as a JavaScript string of characters 0 to 255, which can be sliced, compared and used as a key.
//
// Loops over bytes are what is slow in QuickJS, and base64 is what is fast: it goes through native code both ways. Where
// it is missing (Node before 25, in tests), a loop does the same.

/** The bytes of a text, or of an encoded key, one character each. */
export type ByteString = string;

interface Base64Array {
  fromBase64?(text: string): Uint8Array;
}

const native = (Uint8Array as unknown as Base64Array).fromBase64?.bind(Uint8Array);
const NOT_ASCII = /[^\x00-\x7f]/;

/** Whether bytes of a text are its characters. */
export function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text);
}

/** The UTF-8 bytes of a text; refuses half of a surrogate pair with a `URIError`. */
export function utf8(text: string): ByteString {
  return isAscii(text) ? text : unescape(encodeURIComponent(text));
}

/** The text of UTF-8 bytes; refuses others with a `URIError`. */
export function textOf(bytes: ByteString): string {
  return isAscii(bytes) ? bytes : decodeURIComponent(escape(bytes));
}

/** Bytes as an array. */
export function toArray(bytes: ByteString): Uint8Array {
  if (native !== undefined) return native(btoa(bytes));
  const array = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) array[i] = bytes.charCodeAt(i);
  return array;
}

/** An array as bytes. */
export function fromArray(array: Uint8Array): ByteString {
  if (native !== undefined) return atob((array as unknown as { toBase64(): string }).toBase64());
  let bytes = "";
  for (const byte of array) bytes += String.fromCharCode(byte);
  return bytes;
}

/** Compares by bytes. */
export function compare(a: ByteString, b: ByteString): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
