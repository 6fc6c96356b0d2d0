/** `/jobs/:jid/vertices/:vid`: the subtasks of a vertex, their watermarks, and records on the way (tap). */
import { Fields } from './fields';
import { get, getFields, part } from './http';
import { readEvents } from './stream';
import { decodeTaskMetrics, decodeWatermark, type TaskMetrics } from './task_metrics';

export interface Subtask {
  subtask: number;
  status: string;
  attempt: number;
  host: string;
  startTime: number | null;
  endTime: number | null;
  duration: number;
  metrics: TaskMetrics;
}

export interface VertexDetail {
  id: string;
  name: string;
  parallelism: number;
  now: number;
  subtasks: Subtask[];
}

export function decodeVertexDetail(json: Fields): VertexDetail {
  return {
    id: json.text('id'),
    name: json.text('name'),
    parallelism: json.number('parallelism', 1),
    now: json.number('now', Date.now()),
    subtasks: json.list('subtasks', (subtask) => ({
      subtask: subtask.number('subtask'),
      status: subtask.text('status'),
      attempt: subtask.number('attempt'),
      host: subtask.text('host', subtask.text('endpoint')),
      startTime: subtask.time('start-time'),
      endTime: subtask.time('end-time'),
      duration: subtask.number('duration'),
      metrics: decodeTaskMetrics(subtask.fields('metrics')),
    })),
  };
}

function vertexPath(jid: string, vid: string): string {
  return `/jobs/${part(jid)}/vertices/${part(vid)}`;
}

export async function vertex(jid: string, vid: string, abort?: AbortSignal): Promise<VertexDetail> {
  return decodeVertexDetail(await getFields(vertexPath(jid, vid), abort));
}

/** How far event time is in a subtask. */
export interface Watermark {
  /** Null before the first one. */
  watermark: number | null;
  /** Whether it waits for nobody because its input is silent. */
  idle: boolean;
}

/** The watermark of every subtask, by its index. */
export function decodeWatermarks(json: unknown): Map<number, Watermark> {
  const watermarks = new Map<number, Watermark>();
  if (!Array.isArray(json)) return watermarks;
  for (const item of json) {
    const fields = new Fields(item);
    const subtask = Number.parseInt(fields.text('id'), 10);
    if (!Number.isInteger(subtask)) continue;
    watermarks.set(subtask, { watermark: decodeWatermark(fields, 'value'), idle: fields.flag('idle') });
  }
  return watermarks;
}

export async function watermarks(jid: string, vid: string, abort?: AbortSignal): Promise<Map<number, Watermark>> {
  return decodeWatermarks(await get(`${vertexPath(jid, vid)}/watermarks`, abort));
}

/** A record as the tap shows it. */
export interface TappedRecord {
  subtask: number;
  timestamp: number | null;
  key: string;
  value: string;
}

export function decodeTapped(data: string): TappedRecord | null {
  try {
    const fields = new Fields(JSON.parse(data));
    return {
      subtask: fields.number('subtask'),
      timestamp: fields.numberOrNull('timestamp'),
      key: fields.has('key') ? JSON.stringify(fields.raw['key']) : '',
      value: JSON.stringify(fields.raw['value'] ?? null),
    };
  } catch {
    return null;
  }
}

/** Watches records leave a vertex, at most `rate` a second. */
export async function tap(
  jid: string,
  vid: string,
  options: { output: string; limit: number; rate: number },
  abort: AbortSignal,
  take: (record: TappedRecord) => void,
): Promise<void> {
  const query = new URLSearchParams({ limit: String(options.limit), rate: String(options.rate) });
  if (options.output !== '') query.set('output', options.output);
  await readEvents(`${vertexPath(jid, vid)}/tap?${query}`, abort, (event) => {
    const record = decodeTapped(event.data);
    if (record !== null) take(record);
  });
}
