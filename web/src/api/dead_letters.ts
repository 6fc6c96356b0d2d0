/** `/jobs/:jid/dead-letters`: records that a guest could not take, kept aside. */
import type { Fields } from './fields';
import { getFields, part } from './http';

export interface DeadLetter {
  id: string;
  operator: string;
  subtask: number;
  time: number | null;
  error: string;
  key: string;
  record: string;
}

export interface DeadLetters {
  total: number;
  entries: DeadLetter[];
}

function words(json: Fields, name: string): string {
  const value = json.raw[name];
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

export function decodeDeadLetters(json: Fields): DeadLetters {
  const entries = json.list('entries', (entry) => ({
    id: entry.text('id'),
    operator: entry.text('operator', entry.text('uid')),
    subtask: entry.number('subtask'),
    time: entry.time('timestamp'),
    error: entry.text('error', entry.text('reason')),
    key: words(entry, 'key'),
    record: words(entry, 'record'),
  }));
  return { total: json.number('total', entries.length), entries };
}

export async function deadLetters(jid: string, abort?: AbortSignal): Promise<DeadLetters> {
  return decodeDeadLetters(await getFields(`/jobs/${part(jid)}/dead-letters`, abort));
}
