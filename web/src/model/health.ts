/** The state of the cluster in one sentence. */
import type { ClusterOverview } from '../api/cluster';
import type { JobSummary } from '../api/jobs';
import type { Key } from '../i18n';

export interface Health {
  tone: 'ok' | 'warn' | 'bad' | 'info';
  key: Key;
  parameters: Record<string, string | number>;
}

/** Failures older than this are history, not health. */
const RECENT_MS = 3_600_000;

export function health(overview: ClusterOverview, jobs: readonly JobSummary[], now: number): Health {
  const running = jobs.filter((job) => job.state === 'RUNNING').length;
  const restarting = jobs.filter((job) => job.state === 'RESTARTING' || job.state === 'FAILING');
  const failed = jobs.filter((job) => job.state === 'FAILED' && now - (job.endTime ?? 0) < RECENT_MS);
  if (overview.taskManagers === 0) return { tone: 'bad', key: 'health.noTaskManager', parameters: {} };
  const [one] = restarting;
  if (one !== undefined) {
    return { tone: 'warn', key: 'health.restarting', parameters: { n: restarting.length, name: one.name, running } };
  }
  const [lost] = failed;
  if (lost !== undefined) {
    return { tone: 'bad', key: 'health.failed', parameters: { n: failed.length, name: lost.name, running } };
  }
  if (running === 0) return { tone: 'info', key: 'health.idle', parameters: { slots: overview.slotsAvailable } };
  const parameters = { running, free: overview.slotsAvailable, slots: overview.slotsTotal };
  if (overview.slotsAvailable === 0) return { tone: 'warn', key: 'health.full', parameters };
  return { tone: 'ok', key: 'health.well', parameters };
}
