/** The first screen: how the cluster is, in one sentence and a few figures; what runs; what failed. */
import { useEffect } from 'preact/hooks';
import type { ClusterOverview } from '../api/cluster';
import type { JobSummary } from '../api/jobs';
import { hasEnded } from '../api/states';
import { taskManagers } from '../api/task_managers';
import { t, tName } from '../i18n';
import { count, percent, rate, time } from '../i18n/format';
import { cluster, clusterEvents, jobs, overview } from '../model/cluster';
import { health } from '../model/health';
import { useResource } from '../model/resource';
import { link } from '../model/route';
import { Badge } from '../parts/badge';
import { JobTable } from '../parts/job_table';
import { joined, MemoryRegions } from '../parts/memory';
import { Empty, Figure, Message, Page, Panel, Refusal, Waiting } from '../parts/panel';
import { SubmitButton } from '../parts/submit_button';
import { UseBar } from '../parts/share';

export function OverviewScreen() {
  useEffect(() => clusterEvents.use(), []);
  const [theOverview, list] = [overview.value, jobs.value];
  return (
    <Page
      title={t('nav.overview')}
      head={
        <>
          <span class="spring" />
          <SubmitButton />
        </>
      }
    >
      {theOverview === null || list === null ? (
        <Waiting error={cluster.error.value} />
      ) : (
        <Content overview={theOverview} jobs={list} />
      )}
    </Page>
  );
}

function Content({ overview, jobs }: { overview: ClusterOverview; jobs: JobSummary[] }) {
  const { value: managers } = useResource(taskManagers, [], 5000);
  const state = health(overview, jobs, Date.now());
  const active = jobs.filter((job) => !hasEnded(job.state));
  return (
    <>
      <Refusal error={cluster.error.value} />
      <Message tone={state.tone}>
        <p class="lead">{t(state.key, state.parameters)}</p>
      </Message>
      <Figures overview={overview} jobs={jobs} />
      <Panel title={t('overview.runningJobs')} note={active.length || undefined} flush>
        {active.length === 0 ? (
          <Empty>
            <p>{t('overview.nothingRuns')}</p>
            <p>
              <a href={link('submit')}>{t('overview.submitFirst')}</a>
            </p>
          </Empty>
        ) : (
          <JobTable jobs={active} label={t('overview.runningJobs')} />
        )}
      </Panel>
      <div class="columns">
        <Panel title={t('overview.memory')}>
          {managers === null ? (
            <Empty>{t('common.loading')}</Empty>
          ) : (
            <MemoryRegions regions={joined(managers.flatMap((manager) => manager.memory))} />
          )}
        </Panel>
        <Panel title={t('overview.lastFailures')} flush>
          <Failures jobs={jobs} />
        </Panel>
        <Panel title={t('overview.lastEnded')} flush>
          <Ended jobs={jobs} />
        </Panel>
      </div>
    </>
  );
}

function Figures({ overview, jobs }: { overview: ClusterOverview; jobs: JobSummary[] }) {
  const used = overview.slotsTotal - overview.slotsAvailable;
  const records = jobs.filter((job) => job.state === 'RUNNING').reduce((sum, job) => sum + job.recordsIn, 0);
  return (
    <div class="figures">
      <Figure name={tName('state', 'RUNNING')} value={overview.jobsRunning} />
      <Figure name={tName('state', 'FINISHED')} value={overview.jobsFinished} />
      <Figure name={tName('state', 'CANCELED')} value={overview.jobsCanceled} />
      <Figure
        name={tName('state', 'FAILED')}
        value={overview.jobsFailed}
        {...(overview.jobsFailed > 0 ? { tone: 'bad' } : {})}
      />
      <Figure
        name={t('overview.slots')}
        value={used}
        unit={`/ ${overview.slotsTotal}`}
        note={<UseBar share={overview.slotsTotal === 0 ? 0 : used / overview.slotsTotal} label={t('overview.slots')} />}
      />
      <Figure name={t('nav.taskManagers')} value={overview.taskManagers} />
      <Figure name={t('overview.recordsIn')} value={count(records)} unit="/s" />
      {overview.cpu !== null && (
        <Figure
          name={t('overview.cpu')}
          value={percent(overview.cpu)}
          note={<UseBar share={overview.cpu} label={t('overview.cpu')} />}
        />
      )}
    </div>
  );
}

function Failures({ jobs }: { jobs: JobSummary[] }) {
  const failed = jobs
    .filter((job) => job.state === 'FAILED' || job.restarts > 0)
    .sort((a, b) => (b.lastModification ?? b.endTime ?? 0) - (a.lastModification ?? a.endTime ?? 0))
    .slice(0, 6);
  if (failed.length === 0) return <Empty>{t('overview.noFailures')}</Empty>;
  return (
    <ul class="list">
      {failed.map((job) => (
        <li key={job.jid}>
          <a class="list-line" href={link('job', job.jid, 'exceptions')}>
            <Badge state={job.state} />
            <span class="cut name">{job.name}</span>
            <span class="spring" />
            <span class="faint nowrap">
              {job.restarts > 0 ? t('jobs.restarts', { n: job.restarts }) : time(job.endTime)}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Ended({ jobs }: { jobs: JobSummary[] }) {
  const ended = jobs
    .filter((job) => hasEnded(job.state))
    .sort((a, b) => (b.endTime ?? 0) - (a.endTime ?? 0))
    .slice(0, 6);
  if (ended.length === 0) return <Empty>{t('overview.noneEnded')}</Empty>;
  return (
    <ul class="list">
      {ended.map((job) => (
        <li key={job.jid}>
          <a class="list-line" href={link('job', job.jid, 'overview')}>
            <Badge state={job.state} />
            <span class="cut name">{job.name}</span>
            <span class="spring" />
            <span class="faint nowrap">{rate((job.readRecords * 1000) / Math.max(job.duration, 1))}</span>
            <span class="faint nowrap">{time(job.endTime)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
