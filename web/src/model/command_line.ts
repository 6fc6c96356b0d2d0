/** Words for a shell: quoting, `wasmill ...` lines and `curl` calls. */
import type { Method } from '../api/http';

export interface RestCall {
  method: Method;
  /** Below the base of the API, with its slash. */
  path: string;
  body?: unknown;
  /** A file sent as a form field. */
  file?: string;
}

/** A word as a POSIX shell takes it. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function cli(...words: string[]): string {
  return ['wasmill', ...words].map(quote).join(' ');
}

/** Where the cluster of a page is, as the command line takes it. */
export interface Address {
  protocol: string;
  host: string;
}

/** A command to the cluster that the page came from; without an address if that is where a client looks anyway. */
export function clusterCli(words: readonly string[], page: Address = location): string {
  if (page.protocol === 'https:') return cli(...words, '--address', `https://${page.host}`);
  const expected = page.host === 'localhost:8081' || page.host === '127.0.0.1:8081';
  return expected ? cli(...words) : cli(...words, '--address', page.host);
}

export function curl(call: RestCall, address: string): string {
  const words = ['curl'];
  if (call.method !== 'GET') words.push('-X', call.method, '-H', 'X-Requested-With: wasmill');
  if (call.file !== undefined) words.push('-F', `file=@${call.file}`);
  if (call.body !== undefined) words.push('-H', 'Content-Type: application/json', '-d', JSON.stringify(call.body));
  words.push(`${address}${call.path}`);
  return words.map(quote).join(' ');
}
