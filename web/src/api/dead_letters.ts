/** `/jobs/:jid/dead-letters`: records that a guest could not take, kept aside. */
import type { Fields } from './fields';
import { getFields, getText, part, send } from './http';

export interface DeadLetter {
  /** Its place in the answer: two may be alike in everything else. */
  place: number;
  operator: string;
  /** When it was refused. */
  time: number | null;
  error: string;
  key: string;
  record: string;
}

export interface DeadLetters {
  entries: DeadLetter[];
}

function words(json: Fields, name: string): string {
  const value = json.raw[name];
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** A record that cannot be shown is there as its bytes, or as how many there are. */
const RECORD = ['value', 'value_hex', 'value_bytes'];

export function decodeDeadLetters(json: Fields): DeadLetters {
  const entries = json.list('entries', (entry) => ({
    operator: entry.text('operator'),
    time: entry.time('at'),
    error: entry.fields('error').text('message'),
    key: words(entry, 'key'),
    record: RECORD.map((name) => words(entry, name)).find((text) => text !== '') ?? '',
  }));
  return { entries: entries.map((entry, place) => ({ place, ...entry })) };
}

/** All of them as they were written, a JSON object a line. */
export function deadLetterLines(jid: string): Promise<string> {
  return getText(`/jobs/${part(jid)}/dead-letters/download`);
}

/** Begins to have the running job process all of them once more; returns the id to ask about it. */
export async function replayDeadLetters(jid: string): Promise<string> {
  return (await send('POST', `/jobs/${part(jid)}/dead-letters/replay`, {})).text('request-id');
}

/** Discards all of them; returns how many there were. */
export async function discardDeadLetters(jid: string): Promise<number> {
  return (await send('DELETE', `/jobs/${part(jid)}/dead-letters`)).number('discarded');
}

export async function deadLetters(jid: string, abort?: AbortSignal): Promise<DeadLetters> {
  return decodeDeadLetters(await getFields(`/jobs/${part(jid)}/dead-letters`, abort));
}
