/** `/overview`, `/config`: what the cluster as a whole has. */
import type { Fields } from './fields';
import { getFields } from './http';

export interface ClusterOverview {
  version: string;
  taskManagers: number;
  slotsTotal: number;
  slotsAvailable: number;
  jobsRunning: number;
  jobsFinished: number;
  jobsCanceled: number;
  jobsFailed: number;
  /** Whether jobs may be submitted; not to a process that runs one job only. */
  submitEnabled: boolean;
  /** Share of the machine's cores in use, 0 to 1; null if not told. */
  cpu: number | null;
}

export function decodeOverview(json: Fields): ClusterOverview {
  return {
    version: json.text('wasmill-version', json.text('flink-version')),
    taskManagers: json.number('taskmanagers'),
    slotsTotal: json.number('slots-total'),
    slotsAvailable: json.number('slots-available'),
    jobsRunning: json.number('jobs-running'),
    jobsFinished: json.number('jobs-finished'),
    jobsCanceled: json.number('jobs-cancelled'),
    jobsFailed: json.number('jobs-failed'),
    submitEnabled: !json.has('submit-enabled') || json.flag('submit-enabled'),
    cpu: json.numberOrNull('cpu-ratio'),
  };
}

export async function clusterOverview(abort?: AbortSignal): Promise<ClusterOverview> {
  return decodeOverview(await getFields('/overview', abort));
}
