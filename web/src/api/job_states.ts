/** `/jobs/:jid/states`: keyed state as of the last completed checkpoint. */
import type { Fields } from './fields';
import { getFields, part } from './http';

export interface StateSummary {
  uid: string;
  name: string;
  kind: string;
  keySchema: unknown;
  schema: unknown;
  entries: number | null;
  bytes: number | null;
}

/** The checkpoint that an answer was read from. */
export interface AsOf {
  id: number;
  time: number | null;
}

export interface StateList {
  asOf: AsOf | null;
  states: StateSummary[];
}

export interface StateEntry {
  key: string;
  /** The key within a map; empty for other kinds. */
  subKey: string;
  value: string;
}

export interface StateEntries {
  asOf: AsOf | null;
  entries: StateEntry[];
  truncated: boolean;
}

function decodeAsOf(json: Fields): AsOf | null {
  return json.has('checkpoint') ? { id: json.number('checkpoint'), time: json.time('trigger-timestamp') } : null;
}

export function decodeStateList(json: Fields): StateList {
  return {
    asOf: decodeAsOf(json),
    states: json.list('states', (state) => ({
      uid: state.text('uid'),
      name: state.text('name'),
      kind: state.text('kind'),
      keySchema: state.raw['key-schema'] ?? '',
      schema: state.raw['schema'] ?? '',
      entries: state.numberOrNull('entries'),
      bytes: state.numberOrNull('bytes'),
    })),
  };
}

function words(json: Fields, name: string): string {
  const value = json.raw[name];
  return value === undefined ? '' : JSON.stringify(value);
}

export function decodeStateEntries(json: Fields): StateEntries {
  return {
    asOf: decodeAsOf(json),
    entries: json.list('entries', (entry) => ({
      key: words(entry, 'key'),
      subKey: words(entry, 'sub-key'),
      value: words(entry, 'value'),
    })),
    truncated: json.flag('truncated'),
  };
}

export async function jobStates(jid: string, abort?: AbortSignal): Promise<StateList> {
  return decodeStateList(await getFields(`/jobs/${part(jid)}/states`, abort));
}

export interface StateQuery {
  uid: string;
  name: string;
  /** JSON; empty for all keys. */
  key: string;
  /** How a textual key begins; empty for any. */
  prefix: string;
  limit: number;
}

/** The path of a query below the base of the API. */
export function statePath(jid: string, query: StateQuery): string {
  const words = new URLSearchParams({ limit: String(query.limit) });
  if (query.key !== '') words.set('key', query.key);
  if (query.prefix !== '') words.set('prefix', query.prefix);
  return `/jobs/${part(jid)}/states/${part(query.uid)}/${part(query.name)}?${words}`;
}

export async function stateEntries(jid: string, query: StateQuery, abort?: AbortSignal): Promise<StateEntries> {
  return decodeStateEntries(await getFields(statePath(jid, query), abort));
}
