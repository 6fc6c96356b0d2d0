/** `/jobs/overview`: one line per job. */
import type { Fields } from './fields';
import { getFields } from './http';
import { decodeJobState, type JobState } from './states';

export interface JobSummary {
  jid: string;
  name: string;
  state: JobState;
  startTime: number | null;
  endTime: number | null;
  duration: number;
  lastModification: number | null;
  tasks: Record<string, number>;
  parallelism: number;
  readRecords: number;
  writeRecords: number;
  recordsIn: number;
  recordsOut: number;
  watermarkLag: number | null;
  lastCheckpoint: { id: number; endTime: number | null; duration: number; bytes: number } | null;
  restarts: number;
}

function decodeJobSummary(json: Fields): JobSummary {
  const checkpoint = json.maybe('last-checkpoint');
  return {
    jid: json.text('jid'),
    name: json.text('name'),
    state: decodeJobState(json.text('state')),
    startTime: json.time('start-time'),
    endTime: json.time('end-time'),
    duration: json.number('duration'),
    lastModification: json.time('last-modification'),
    tasks: json.numbers('tasks'),
    parallelism: json.number('parallelism', 1),
    readRecords: json.number('read-records'),
    writeRecords: json.number('write-records'),
    recordsIn: json.number('records-in-per-second'),
    recordsOut: json.number('records-out-per-second'),
    watermarkLag: json.numberOrNull('watermark-lag-ms'),
    lastCheckpoint: checkpoint && {
      id: checkpoint.number('id'),
      endTime: checkpoint.time('end-time'),
      duration: checkpoint.number('duration'),
      bytes: checkpoint.number('bytes'),
    },
    restarts: json.number('restarts'),
  };
}

export function decodeJobs(json: Fields): JobSummary[] {
  return json.list('jobs', decodeJobSummary);
}

export async function jobs(abort?: AbortSignal): Promise<JobSummary[]> {
  return decodeJobs(await getFields('/jobs/overview', abort));
}
