/** The cluster and its jobs, live, for the whole page. */
import { signal } from '@preact/signals';
import { clusterOverview, decodeOverview, type ClusterOverview } from '../api/cluster';
import { Fields } from '../api/fields';
import { decodeJobs, jobs as fetchJobs, type JobSummary } from '../api/jobs';
import { Live } from './live';
import { Series } from './series';

export const overview = signal<ClusterOverview | null>(null);
export const jobs = signal<JobSummary[] | null>(null);

/** Records a second of each job over the last minutes, for the small curves. */
export const jobRates = new Series(120);

function takeJobs(list: JobSummary[]): void {
  jobs.value = list;
  const now = Date.now();
  for (const job of list) jobRates.push(job.jid, now, Math.max(job.recordsIn, job.recordsOut));
}

async function ask(abort: AbortSignal): Promise<void> {
  const [theOverview, list] = await Promise.all([clusterOverview(abort), fetchJobs(abort)]);
  overview.value = theOverview;
  takeJobs(list);
}

/** What every screen needs to know of the cluster; a glance now and then will do. */
export const cluster = new Live({ poll: ask, pollMs: 5000 });

/**
 * The same from second to second, for the screens that show it. Apart, because a browser has few connections to one
 * host, which all its tabs share: no screen needs more than one stream.
 */
export const clusterEvents = new Live({
  poll: ask,
  pollMs: 2000,
  stream: {
    path: '/events',
    take: (event) => {
      const json = new Fields(JSON.parse(event.data));
      if (json.has('jobs')) takeJobs(decodeJobs(json));
      const inner = json.maybe('overview') ?? json;
      if (inner.has('taskmanagers')) overview.value = decodeOverview(inner);
    },
  },
});
