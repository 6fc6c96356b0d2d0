/** Jobs, one line each: state, age, rates, how far behind, how safe. */
import type { JobSummary } from '../api/jobs';
import { hasEnded } from '../api/states';
import { t } from '../i18n';
import { bytes, count, duration, exact, rate, time } from '../i18n/format';
import { jobRates } from '../model/cluster';
import { link } from '../model/route';
import { Badge } from './badge';
import { Sparkline } from './sparkline';
import { Table, type Column } from './table';

function columns(): Column<JobSummary>[] {
  return [
    {
      id: 'name',
      head: t('jobs.name'),
      sort: (job) => job.name,
      cell: (job) => (
        <a class="name" href={link('job', job.jid, 'overview')} title={job.jid}>
          {job.name}
        </a>
      ),
    },
    { id: 'state', head: t('jobs.state'), sort: (job) => job.state, cell: (job) => <Badge state={job.state} /> },
    {
      id: 'start',
      head: t('jobs.started'),
      sort: (job) => job.startTime ?? 0,
      number: true,
      cell: (job) => time(job.startTime),
    },
    {
      id: 'duration',
      head: t('jobs.duration'),
      sort: (job) => job.duration,
      number: true,
      cell: (job) => duration(job.duration),
    },
    {
      id: 'parallelism',
      head: t('jobs.parallelism'),
      sort: (job) => job.parallelism,
      number: true,
      cell: (job) => job.parallelism,
    },
    { id: 'rate', head: t('jobs.recordsIn'), sort: (job) => job.recordsIn, number: true, cell: recordsCell },
    {
      id: 'lag',
      head: t('jobs.watermarkLag'),
      sort: (job) => job.watermarkLag ?? -1,
      number: true,
      cell: (job) => (hasEnded(job.state) ? '–' : duration(job.watermarkLag)),
    },
    {
      id: 'checkpoint',
      head: t('jobs.lastCheckpoint'),
      sort: (job) => job.lastCheckpoint?.endTime ?? 0,
      number: true,
      cell: (job) =>
        job.lastCheckpoint === null ? (
          '–'
        ) : (
          <span title={time(job.lastCheckpoint.endTime)}>
            #{job.lastCheckpoint.id} <span class="faint">{bytes(job.lastCheckpoint.bytes)}</span>
          </span>
        ),
    },
    {
      id: 'restarts',
      head: t('jobs.restartCount'),
      sort: (job) => job.restarts,
      number: true,
      cell: (job) => <span class={job.restarts > 0 ? 'tone-warn' : 'faint'}>{job.restarts}</span>,
    },
  ];
}

function recordsCell(job: JobSummary) {
  if (hasEnded(job.state)) {
    return <span title={exact(job.readRecords)}>{t('jobs.records', { n: count(job.readRecords) })}</span>;
  }
  jobRates.version.value;
  return (
    <span class="rate-cell">
      <Sparkline values={jobRates.values(job.jid)} label={t('jobs.recordsIn')} />
      <span>{rate(job.recordsIn)}</span>
    </span>
  );
}

export function JobTable({ jobs, label }: { jobs: readonly JobSummary[]; label: string }) {
  return (
    <Table
      label={label}
      rows={jobs}
      columns={columns()}
      id={(job) => job.jid}
      href={(job) => link('job', job.jid, 'overview')}
      first={{ column: 'start', down: true }}
    />
  );
}
