/** Everything about one vertex: its subtasks, charts, operators, limits, logs and records on their way. */
import { limits } from '../../api/diagnosis';
import type { Job, PlanNode, Vertex } from '../../api/job';
import { vertex as fetchVertex, type Subtask } from '../../api/vertices';
import { t, tName, type Key } from '../../i18n';
import { bytes, count, duration, eventTime, exact, percent, rate } from '../../i18n/format';
import type { JobModel } from '../../model/job';
import { useResource } from '../../model/resource';
import { goTo, link } from '../../model/route';
import { Badge } from '../../parts/badge';
import { Drawer } from '../../parts/drawer';
import { Icon } from '../../parts/icon';
import { LogList } from '../../parts/log_list';
import { Empty, Figure, Panel, Refusal, Waiting } from '../../parts/panel';
import { iconOf } from '../../parts/plan_graph';
import { TimeShare, UseBar } from '../../parts/share';
import { Table, type Column } from '../../parts/table';
import { Tap } from './tap';
import { VertexCharts } from './vertex_charts';

const TABS = ['subtasks', 'metrics', 'operators', 'limits', 'logs', 'tap'] as const;

export function VertexDrawer({
  model,
  job,
  vertex,
  tab,
}: {
  model: JobModel;
  job: Job;
  vertex: Vertex;
  tab: string;
}) {
  const node = job.plan.find((one) => one.id === vertex.id);
  return (
    <Drawer
      title={vertex.name}
      close={() => goTo(link('job', job.jid, 'overview'))}
      about={
        <>
          <Badge state={vertex.status} />
          <span class="tag">×{vertex.parallelism}</span>
          <span class="drawer-share">
            <TimeShare
              busy={vertex.metrics.busy}
              backPressured={vertex.metrics.backPressured}
              idle={vertex.metrics.idle}
            />
          </span>
        </>
      }
      tabs={
        <nav class="tabs" aria-label={vertex.name}>
          {TABS.map((id) => (
            <a
              key={id}
              class="tab"
              href={link('job', job.jid, 'overview', vertex.id, id)}
              aria-current={id === tab ? 'page' : undefined}
            >
              {t(`vertex.tab.${id}` satisfies Key)}
            </a>
          ))}
        </nav>
      }
    >
      <Content model={model} job={job} vertex={vertex} node={node} tab={tab} />
    </Drawer>
  );
}

function Content({
  model,
  job,
  vertex,
  node,
  tab,
}: {
  model: JobModel;
  job: Job;
  vertex: Vertex;
  node: PlanNode | undefined;
  tab: string;
}) {
  switch (tab) {
    case 'metrics':
      return <VertexCharts series={model.series} vertex={vertex} />;
    case 'operators':
      return <Operators node={node} />;
    case 'limits':
      return <Limits job={job} node={node} />;
    case 'logs':
      return <LogList jid={job.jid} operators={node?.operators.map((operator) => operator.uid) ?? []} />;
    case 'tap':
      return <Tap jid={job.jid} vid={vertex.id} key={vertex.id} />;
    default:
      return <Subtasks job={job} vertex={vertex} />;
  }
}

function Subtasks({ job, vertex }: { job: Job; vertex: Vertex }) {
  const { value, error } = useResource((abort) => fetchVertex(job.jid, vertex.id, abort), [job.jid, vertex.id], 2000);
  const { metrics } = vertex;
  return (
    <>
      <div class="figures">
        <Figure name={t('vertex.recordsIn')} value={count(metrics.readRecords)} note={rate(metrics.recordsIn)} />
        <Figure name={t('vertex.recordsOut')} value={count(metrics.writeRecords)} note={rate(metrics.recordsOut)} />
        <Figure name={t('vertex.state')} value={bytes(metrics.stateBytes)} />
        <Figure name={t('vertex.timers')} value={count(metrics.timers)} />
        <Figure name={t('vertex.queue')} value={percent(metrics.queueFill)} />
      </div>
      <dl class="facts">
        <dt>{t('vertex.watermark')}</dt>
        <dd class="mono">{eventTime(metrics.watermark)}</dd>
      </dl>
      {value === null ? <Waiting error={error} /> : <SubtaskTable subtasks={value.subtasks} />}
    </>
  );
}

/** How much more than its share a subtask has, from which it is marked. */
const SKEWED = 1.5;

function SubtaskTable({ subtasks }: { subtasks: readonly Subtask[] }) {
  const records = subtasks.map((subtask) => subtask.metrics.readRecords + subtask.metrics.writeRecords);
  const most = Math.max(...records, 1);
  const mean = records.reduce((sum, number) => sum + number, 0) / Math.max(records.length, 1);
  const total = (row: Subtask): number => row.metrics.readRecords + row.metrics.writeRecords;
  const columns: Column<Subtask>[] = [
    { id: 'subtask', head: '#', number: true, sort: (row) => row.subtask, cell: (row) => row.subtask },
    { id: 'status', head: t('jobs.state'), sort: (row) => row.status, cell: (row) => <Badge state={row.status} /> },
    {
      id: 'share',
      head: t('vertex.time'),
      sort: (row) => row.metrics.busy,
      cell: (row) => (
        <TimeShare busy={row.metrics.busy} backPressured={row.metrics.backPressured} idle={row.metrics.idle} />
      ),
    },
    {
      id: 'records',
      head: t('vertex.skew'),
      sort: total,
      cell: (row) => (
        <span
          class={`skew ${subtasks.length > 1 && total(row) > mean * SKEWED ? 'tone-warn' : ''}`}
          title={t('vertex.skewShare', { share: percent(total(row) / Math.max(mean * subtasks.length, 1)) })}
        >
          <span style={{ width: `${(total(row) / most) * 100}%` }} />
        </span>
      ),
    },
    {
      id: 'in',
      head: t('vertex.recordsIn'),
      number: true,
      sort: (row) => row.metrics.readRecords,
      cell: (row) => <span title={exact(row.metrics.readRecords)}>{count(row.metrics.readRecords)}</span>,
    },
    {
      id: 'out',
      head: t('vertex.recordsOut'),
      number: true,
      sort: (row) => row.metrics.writeRecords,
      cell: (row) => <span title={exact(row.metrics.writeRecords)}>{count(row.metrics.writeRecords)}</span>,
    },
    {
      id: 'state',
      head: t('vertex.state'),
      number: true,
      sort: (row) => row.metrics.stateBytes,
      cell: (row) => bytes(row.metrics.stateBytes),
    },
    { id: 'attempt', head: t('vertex.attempt'), number: true, sort: (row) => row.attempt, cell: (row) => row.attempt },
    { id: 'host', head: t('vertex.host'), sort: (row) => row.host, cell: (row) => row.host },
  ];
  return (
    <Panel flush label={t('vertex.tab.subtasks')}>
      <Table label={t('vertex.tab.subtasks')} rows={subtasks} columns={columns} id={(row) => row.subtask} />
    </Panel>
  );
}

function Operators({ node }: { node: PlanNode | undefined }) {
  if (node === undefined || node.operators.length === 0) return <Empty>{t('vertex.noOperators')}</Empty>;
  return (
    <Panel flush label={t('vertex.tab.operators')}>
      <ul>
        {node.operators.map((operator) => (
          <li class="operator" key={operator.uid}>
            <div class="row">
              <Icon name={iconOf(operator.kind)} />
              <strong>{operator.name}</strong>
              <code class="faint">{operator.uid}</code>
              <span class="spring" />
              {operator.lateDropped > 0 && (
                <span class="badge tone-warn">{t('watermarks.lateDropped', { n: count(operator.lateDropped) })}</span>
              )}
            </div>
            {operator.outputs.length > 0 && (
              <div class="port">
                <span class="faint">{t('components.out')}</span>
                <code>{operator.outputs.join(', ')}</code>
              </div>
            )}
            {operator.states.length > 0 && (
              <div class="port">
                <span class="faint">{t('components.state')}</span>
                <code>{operator.states.join(', ')}</code>
              </div>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Limits({ job, node }: { job: Job; node: PlanNode | undefined }) {
  const { value, error } = useResource((abort) => limits(job.jid, abort), [job.jid], 5000);
  if (value === null) return <Waiting error={error} />;
  const own = value.filter((limit) => node?.operators.some((operator) => operator.uid === limit.uid) ?? false);
  if (own.length === 0) return <Empty>{t('vertex.noLimits')}</Empty>;
  const words = (number: number | null, unit: string): string =>
    unit === 'bytes' ? bytes(number) : unit === 'ms' ? duration(number) : count(number);
  return (
    <Panel flush label={t('vertex.tab.limits')}>
      <Refusal error={error} />
      <Table
        label={t('vertex.tab.limits')}
        rows={own}
        id={(row) => `${row.uid} ${row.name}`}
        columns={[
          { id: 'uid', head: t('vertex.operator'), sort: (row) => row.uid, cell: (row) => <code>{row.uid}</code> },
          { id: 'name', head: t('vertex.limit'), sort: (row) => row.name, cell: (row) => tName('limit', row.name) },
          {
            id: 'use',
            head: t('vertex.use'),
            sort: (row) => (row.used ?? 0) / Math.max(row.limit ?? 1, 1),
            cell: (row) =>
              row.limit === null || row.used === null ? null : (
                <UseBar share={row.used / Math.max(row.limit, 1)} label={row.name} />
              ),
          },
          { id: 'used', head: t('vertex.used'), number: true, cell: (row) => words(row.used, row.unit) },
          { id: 'limit', head: t('vertex.of'), number: true, cell: (row) => words(row.limit, row.unit) },
        ]}
      />
    </Panel>
  );
}
