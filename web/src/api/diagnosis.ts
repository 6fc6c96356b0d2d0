/** `/jobs/:jid/{why,limits,logs}`: what the cluster says about a job in words. */
import type { Fields } from './fields';
import { getFields, part } from './http';

export interface Answer {
  /** no-output, slow, checkpoint-late, restarted. */
  question: string;
  sentence: string;
  /** info, warning, error. */
  severity: string;
  operator: string;
  evidence: [name: string, value: string][];
}

export function decodeAnswers(json: Fields): Answer[] {
  return json.list('answers', (answer) => ({
    question: answer.text('question'),
    sentence: answer.text('sentence'),
    severity: answer.text('severity', 'info').toLowerCase(),
    operator: answer.text('operator'),
    evidence: Object.entries(answer.fields('evidence').raw).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  }));
}

export async function why(jid: string, abort?: AbortSignal): Promise<Answer[]> {
  return decodeAnswers(await getFields(`/jobs/${part(jid)}/why`, abort));
}

export interface Limit {
  uid: string;
  name: string;
  limit: number | null;
  used: number | null;
  /** bytes, ms, or nothing for a count. */
  unit: string;
}

function unitOf(limit: Fields): string {
  if (limit.has('unit')) return limit.text('unit');
  const name = limit.text('name');
  if (/bytes|memory|state|output/.test(name)) return 'bytes';
  return /time|timeout|ms$/.test(name) ? 'ms' : '';
}

export function decodeLimits(json: Fields): Limit[] {
  return json
    .list('operators', (operator) =>
      operator.list('limits', (limit) => ({
        uid: operator.text('uid'),
        name: limit.text('name'),
        limit: limit.numberOrNull('limit'),
        used: limit.numberOrNull('used'),
        unit: unitOf(limit),
      })),
    )
    .flat();
}

export async function limits(jid: string, abort?: AbortSignal): Promise<Limit[]> {
  return decodeLimits(await getFields(`/jobs/${part(jid)}/limits`, abort));
}

export interface LogEntry {
  time: number | null;
  level: string;
  operator: string;
  subtask: number | null;
  message: string;
}

/** The newest first, whichever way round they come. */
export function decodeLogs(json: Fields): LogEntry[] {
  const entries = json.list('entries', (entry) => ({
    time: entry.time('time'),
    level: entry.text('level').toUpperCase(),
    operator: entry.text('operator'),
    subtask: entry.numberOrNull('subtask'),
    message: entry.text('message'),
  }));
  const ascending = (entries[0]?.time ?? 0) <= (entries.at(-1)?.time ?? 0);
  return ascending ? entries.reverse() : entries;
}

export interface LogQuery {
  level: string;
  operator: string;
  limit: number;
}

export async function jobLogs(jid: string, query: LogQuery, abort?: AbortSignal): Promise<LogEntry[]> {
  const words = new URLSearchParams({ limit: String(query.limit) });
  if (query.level !== '') words.set('level', query.level);
  if (query.operator !== '') words.set('operator', query.operator);
  return decodeLogs(await getFields(`/jobs/${part(jid)}/logs?${words}`, abort));
}
