/** The job graph, live: where records flow, who is busy, who holds the others up; below it the same as a table. */
import type { Job, Vertex } from '../../api/job';
import { isRunning } from '../../api/states';
import { why } from '../../api/diagnosis';
import { t } from '../../i18n';
import { bytes, count, duration, exact, rate } from '../../i18n/format';
import { culprits } from '../../model/back_pressure';
import type { JobModel } from '../../model/job';
import { useResource } from '../../model/resource';
import { goTo, link } from '../../model/route';
import { Badge, TaskCounts } from '../../parts/badge';
import { Message, Panel } from '../../parts/panel';
import { PlanGraph } from '../../parts/plan_graph';
import { TimeShare, TimeShareKey } from '../../parts/share';
import { Table, type Column } from '../../parts/table';
import { VertexDrawer } from './vertex_drawer';

export function GraphTab({
  model,
  job,
  vertex,
  tab,
}: {
  model: JobModel;
  job: Job;
  vertex: string | undefined;
  tab: string | undefined;
}) {
  const open = (id: string): void => goTo(link('job', job.jid, 'overview', id));
  const slow = isRunning(job.state) ? culprits(job.vertices, job.plan) : [];
  const chosen = job.vertices.find((one) => one.id === vertex);
  return (
    <>
      <Warnings job={job} />
      <Panel title={t('graph.label')} actions={<TimeShareKey />} flush>
        <PlanGraph
          plan={job.plan}
          vertices={job.vertices}
          culprits={slow}
          chosen={vertex}
          open={open}
          now={job.now}
        />
      </Panel>
      <Panel flush label={t('job.vertices')}>
        <Table
          label={t('job.vertices')}
          rows={job.vertices}
          columns={columns(job.now)}
          id={(row) => row.id}
          open={(row) => open(row.id)}
          chosen={(row) => row.id === vertex}
        />
      </Panel>
      {chosen !== undefined && <VertexDrawer model={model} job={job} vertex={chosen} tab={tab ?? 'subtasks'} />}
    </>
  );
}

/** What the cluster itself finds worth saying. */
function Warnings({ job }: { job: Job }) {
  const { value } = useResource((abort) => why(job.jid, abort), [job.jid, job.state], 10_000);
  const said = value?.filter((answer) => answer.severity !== 'info').slice(0, 2) ?? [];
  return (
    <>
      {said.map((answer) => (
        <Message tone={answer.severity === 'error' ? 'bad' : 'warn'} key={answer.sentence}>
          {answer.sentence} <a href={link('job', job.jid, 'why')}>{t('why.more')}</a>
        </Message>
      ))}
    </>
  );
}

function columns(now: number): Column<Vertex>[] {
  return [
    { id: 'name', head: t('vertex.name'), sort: (row) => row.name, cell: (row) => <span class="name">{row.name}</span> },
    { id: 'status', head: t('jobs.state'), sort: (row) => row.status, cell: (row) => <Badge state={row.status} /> },
    {
      id: 'parallelism',
      head: t('vertex.parallelism'),
      number: true,
      sort: (row) => row.parallelism,
      cell: (row) => row.parallelism,
    },
    {
      id: 'share',
      head: t('vertex.time'),
      sort: (row) => row.metrics.busy,
      cell: (row) => (
        <TimeShare busy={row.metrics.busy} backPressured={row.metrics.backPressured} idle={row.metrics.idle} />
      ),
    },
    {
      id: 'read',
      head: t('vertex.recordsIn'),
      number: true,
      sort: (row) => row.metrics.readRecords,
      cell: (row) => (
        <span title={exact(row.metrics.readRecords)} data-records-in={row.metrics.readRecords}>
          {count(row.metrics.readRecords)} <span class="faint">{rate(row.metrics.recordsIn)}</span>
        </span>
      ),
    },
    {
      id: 'written',
      head: t('vertex.recordsOut'),
      number: true,
      sort: (row) => row.metrics.writeRecords,
      cell: (row) => (
        <span title={exact(row.metrics.writeRecords)} data-records-out={row.metrics.writeRecords}>
          {count(row.metrics.writeRecords)} <span class="faint">{rate(row.metrics.recordsOut)}</span>
        </span>
      ),
    },
    {
      id: 'lag',
      head: t('jobs.watermarkLag'),
      number: true,
      sort: (row) => (row.metrics.watermark === null ? -1 : now - row.metrics.watermark),
      cell: (row) =>
        duration(row.metrics.watermark === null || row.metrics.watermark > now ? null : now - row.metrics.watermark),
    },
    {
      id: 'state',
      head: t('vertex.state'),
      number: true,
      sort: (row) => row.metrics.stateBytes,
      cell: (row) => (row.metrics.stateBytes === 0 ? <span class="faint">–</span> : bytes(row.metrics.stateBytes)),
    },
    { id: 'tasks', head: t('job.tasks'), cell: (row) => <TaskCounts tasks={row.tasks} /> },
  ];
}
