/** The logs of a job. */
import type { Job } from '../../api/job';
import { LogList } from '../../parts/log_list';

export function LogsTab({ job }: { job: Job }) {
  return <LogList jid={job.jid} operators={[]} />;
}
