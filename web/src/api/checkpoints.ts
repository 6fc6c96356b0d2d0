/** `/jobs/:jid/checkpoints` and savepoints. */
import type { Fields } from './fields';
import { getFields, part, send } from './http';

export interface Checkpoint {
  id: number;
  /** IN_PROGRESS, COMPLETED or FAILED. */
  status: string;
  isSavepoint: boolean;
  type: string;
  triggerTime: number | null;
  latestAck: number | null;
  stateSize: number;
  checkpointedSize: number;
  /** Milliseconds; null while it is under way. */
  duration: number | null;
  subtasks: number;
  acknowledged: number;
  path: string;
  failure: string;
}

/** What a job went on from: a checkpoint or a savepoint. */
export interface Restored {
  id: number;
  path: string;
  time: number | null;
  isSavepoint: boolean;
}

export interface Checkpoints {
  counts: { restored: number; total: number; inProgress: number; completed: number; failed: number };
  summary: { name: string; min: number; avg: number; p95: number; max: number }[];
  restored: Restored | null;
  history: Checkpoint[];
}

function decodeCheckpoint(json: Fields): Checkpoint {
  return {
    id: json.number('id'),
    status: json.text('status'),
    isSavepoint: json.flag('is_savepoint'),
    type: json.text('checkpoint_type', 'CHECKPOINT'),
    triggerTime: json.time('trigger_timestamp'),
    latestAck: json.time('latest_ack_timestamp'),
    stateSize: json.number('state_size'),
    checkpointedSize: json.number('checkpointed_size', json.number('state_size')),
    duration: json.time('end_to_end_duration'),
    subtasks: json.number('num_subtasks'),
    acknowledged: json.number('num_acknowledged_subtasks'),
    path: json.text('external_path'),
    failure: json.text('failure_message'),
  };
}

/** What the summary shows, in this order. */
const SUMMARY = ['end_to_end_duration', 'checkpointed_size', 'state_size'] as const;

export function decodeCheckpoints(json: Fields): Checkpoints {
  const counts = json.fields('counts');
  const summary = json.fields('summary');
  const restored = json.fields('latest').maybe('restored');
  return {
    counts: {
      restored: counts.number('restored'),
      total: counts.number('total'),
      inProgress: counts.number('in_progress'),
      completed: counts.number('completed'),
      failed: counts.number('failed'),
    },
    summary: SUMMARY.filter((name) => summary.has(name)).map((name) => {
      const row = summary.fields(name);
      return {
        name,
        min: row.number('min'),
        avg: row.number('avg'),
        p95: row.number('p95', row.number('max')),
        max: row.number('max'),
      };
    }),
    restored: restored && {
      id: restored.number('id'),
      path: restored.text('external_path'),
      time: restored.time('restore_timestamp'),
      isSavepoint: restored.flag('is_savepoint'),
    },
    history: json.list('history', decodeCheckpoint),
  };
}

function pathOf(jid: string): string {
  return `/jobs/${part(jid)}/checkpoints`;
}

export async function checkpoints(jid: string, abort?: AbortSignal): Promise<Checkpoints> {
  return decodeCheckpoints(await getFields(pathOf(jid), abort));
}

/** What one subtask did for a checkpoint: durations in milliseconds. */
export interface SubtaskSnapshot {
  subtask: number;
  status: string;
  ackTime: number | null;
  duration: number;
  stateSize: number;
  alignment: number;
  startDelay: number;
  sync: number;
  async: number;
}

export function decodeSubtaskSnapshots(json: Fields): SubtaskSnapshot[] {
  return json.list('subtasks', (subtask) => ({
    subtask: subtask.number('index'),
    status: subtask.text('status'),
    ackTime: subtask.time('ack_timestamp'),
    duration: subtask.number('end_to_end_duration'),
    stateSize: subtask.number('state_size'),
    alignment: subtask.fields('alignment').number('duration'),
    startDelay: subtask.number('start_delay'),
    sync: subtask.fields('checkpoint').number('sync'),
    async: subtask.fields('checkpoint').number('async'),
  }));
}

export async function checkpointSubtasks(
  jid: string,
  id: number,
  vid: string,
  abort?: AbortSignal,
): Promise<SubtaskSnapshot[]> {
  return decodeSubtaskSnapshots(await getFields(`${pathOf(jid)}/details/${id}/subtasks/${part(vid)}`, abort));
}

export interface CheckpointConfig {
  entries: [name: string, value: unknown][];
}

export async function checkpointConfig(jid: string, abort?: AbortSignal): Promise<CheckpointConfig> {
  return { entries: Object.entries((await getFields(`${pathOf(jid)}/config`, abort)).raw) };
}

export async function triggerCheckpoint(jid: string): Promise<void> {
  await send('POST', pathOf(jid));
}

/** Starts a savepoint; returns the id to ask about it. */
export async function triggerSavepoint(jid: string, directory: string, cancel: boolean): Promise<string> {
  const body: Record<string, unknown> = { 'cancel-job': cancel };
  if (directory !== '') body['target-directory'] = directory;
  return (await send('POST', `/jobs/${part(jid)}/savepoints`, body)).text('request-id');
}

/** Stops a job with a savepoint; returns the id to ask about it. */
export async function stopJob(jid: string, directory: string, drain: boolean): Promise<string> {
  const body: Record<string, unknown> = { drain };
  if (directory !== '') body['targetDirectory'] = directory;
  return (await send('POST', `/jobs/${part(jid)}/stop`, body)).text('request-id');
}
