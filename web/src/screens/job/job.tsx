/** One job: its header with the actions, and a tab for each side of it. */
import { useEffect, useMemo } from 'preact/hooks';
import type { Job } from '../../api/job';
import { hasEnded, isRunning } from '../../api/states';
import { t, type Key } from '../../i18n';
import { duration, time } from '../../i18n/format';
import { JobModel } from '../../model/job';
import { link } from '../../model/route';
import { Badge, TaskCounts } from '../../parts/badge';
import { CopyButton } from '../../parts/copy';
import { useTitle, Waiting } from '../../parts/panel';
import { Actions } from './actions';
import { CheckpointsTab } from './checkpoints';
import { ConfigurationTab } from './configuration';
import { DeadLettersTab } from './dead_letters';
import { ExceptionsTab } from './exceptions';
import { GraphTab } from './graph';
import { LogsTab } from './logs';
import { StateTab } from './state';
import { WatermarksTab } from './watermarks';
import { WhyTab } from './why';

const TABS = [
  'overview',
  'watermarks',
  'checkpoints',
  'state',
  'exceptions',
  'dead-letters',
  'logs',
  'configuration',
  'why',
] as const;

export function JobScreen({ jid, path }: { jid: string; path: readonly string[] }) {
  const model = useMemo(() => new JobModel(jid), [jid]);
  useEffect(() => model.live.use(), [model]);
  const job = model.job.value;
  useTitle(job?.name ?? t('nav.jobs'));
  if (job === null) {
    return (
      <main class="page" id="page" tabIndex={-1}>
        <Waiting error={model.live.error.value} />
      </main>
    );
  }
  const tab = path[0] ?? 'overview';
  return (
    <main class="page" id="page" tabIndex={-1}>
      <Header job={job} changed={() => model.live.refresh()} />
      <nav class="tabs" aria-label={job.name}>
        {TABS.map((id) => (
          <a key={id} class="tab" href={link('job', jid, id)} aria-current={id === tab ? 'page' : undefined}>
            {t(`job.tab.${id}` satisfies Key)}
          </a>
        ))}
      </nav>
      <Tab tab={tab} model={model} job={job} path={path.slice(1)} />
    </main>
  );
}

function Tab({
  tab,
  model,
  job,
  path,
}: {
  tab: string;
  model: JobModel;
  job: Job;
  path: readonly string[];
}) {
  switch (tab) {
    case 'watermarks':
      return <WatermarksTab job={job} />;
    case 'checkpoints':
      return <CheckpointsTab job={job} chosen={path[0]} />;
    case 'state':
      return <StateTab jid={job.jid} uid={path[0]} name={path[1]} />;
    case 'exceptions':
      return <ExceptionsTab job={job} />;
    case 'dead-letters':
      return <DeadLettersTab jid={job.jid} running={isRunning(job.state)} />;
    case 'logs':
      return <LogsTab job={job} />;
    case 'configuration':
      return <ConfigurationTab jid={job.jid} />;
    case 'why':
      return <WhyTab job={job} />;
    default:
      return <GraphTab model={model} job={job} vertex={path[0]} tab={path[1]} />;
  }
}

function Header({ job, changed }: { job: Job; changed: () => void }) {
  const tasks: Record<string, number> = {};
  for (const vertex of job.vertices) {
    for (const [state, number] of Object.entries(vertex.tasks)) {
      if (state !== 'total') tasks[state] = (tasks[state] ?? 0) + number;
    }
  }
  return (
    <>
      <div class="page-head">
        <h1>{job.name}</h1>
        <Badge state={job.state} />
        <span class="spring" />
        <Actions job={job} changed={changed} />
      </div>
      <div class="job-facts">
        <span class="row tight">
          <code class="faint">{job.jid}</code>
          <CopyButton text={job.jid} />
        </span>
        <span>
          <span class="faint">{t('jobs.started')}</span> {time(job.startTime)}
        </span>
        {hasEnded(job.state) && (
          <span>
            <span class="faint">{t('job.ended')}</span> {time(job.endTime)}
          </span>
        )}
        <span>
          <span class="faint">{t('jobs.duration')}</span> {duration(job.duration)}
        </span>
        <span class="row tight">
          <span class="faint">{t('job.tasks')}</span> <TaskCounts tasks={tasks} />
        </span>
      </div>
    </>
  );
}
