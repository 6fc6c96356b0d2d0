/** Checkpoints: how many, how long, how large, why one failed; the timeline of each; where to restore from. */
import { useState } from 'preact/hooks';
import {
  checkpointConfig,
  checkpoints,
  triggerCheckpoint,
  type Checkpoint,
  type Checkpoints,
  type Restored,
} from '../../api/checkpoints';
import { jobConfiguration, type Job } from '../../api/job';
import { hasEnded } from '../../api/states';
import { t, tName } from '../../i18n';
import { bytes, duration, time } from '../../i18n/format';
import { clusterCli } from '../../model/command_line';
import { attempt } from '../../model/requests';
import { useResource } from '../../model/resource';
import { goTo, link } from '../../model/route';
import { restoreFrom } from '../../model/run_form';
import { Badge } from '../../parts/badge';
import { Choices } from '../../parts/choices';
import { Command } from '../../parts/command';
import { CopyButton } from '../../parts/copy';
import { Icon } from '../../parts/icon';
import { Empty, Facts, Figure, Message, Panel, Refusal, Waiting } from '../../parts/panel';
import { Table, type Column } from '../../parts/table';
import { CheckpointTimeline } from './checkpoint_timeline';

export function CheckpointsTab({ job, chosen }: { job: Job; chosen: string | undefined }) {
  const { value, error, reload } = useResource((abort) => checkpoints(job.jid, abort), [job.jid, job.state], 2000);
  if (value === null) return <Waiting error={error} />;
  return (
    <>
      <Refusal error={error} />
      <Counts value={value} />
      {value.restored !== null && <RestoredFrom value={value.restored} />}
      <History job={job} history={value.history} chosen={chosen} reload={reload} />
      <div class="columns">
        <Summary value={value} />
        <Configuration jid={job.jid} />
      </div>
    </>
  );
}

function RestoredFrom({ value }: { value: Restored }) {
  const words = value.isSavepoint ? 'checkpoints.restoredFromSavepoint' : 'checkpoints.restoredFrom';
  return (
    <Message tone="info">
      <span data-restored={value.path}>
        {t(words, { id: value.id, time: time(value.time) })} <code>{value.path}</code>
      </span>
    </Message>
  );
}

function Counts({ value }: { value: Checkpoints }) {
  const { counts } = value;
  return (
    <div class="figures">
      <Figure name={t('checkpoints.total')} value={counts.total} />
      <Figure name={tName('state', 'IN_PROGRESS')} value={counts.inProgress} />
      <Figure name={tName('state', 'COMPLETED')} value={counts.completed} />
      <Figure name={tName('state', 'FAILED')} value={counts.failed} {...(counts.failed > 0 ? { tone: 'bad' } : {})} />
      <Figure name={t('checkpoints.restored')} value={counts.restored} />
    </div>
  );
}

type Kind = 'all' | 'savepoint' | 'failed';

function History({
  job,
  history,
  chosen,
  reload,
}: {
  job: Job;
  history: readonly Checkpoint[];
  chosen: string | undefined;
  reload: () => void;
}) {
  const [kind, setKind] = useState<Kind>('all');
  const shown = history.filter(
    (one) => kind === 'all' || (kind === 'savepoint' ? one.isSavepoint : one.status === 'FAILED'),
  );
  const open = history.find((one) => String(one.id) === chosen);
  const trigger = async (): Promise<void> => {
    await attempt(() => triggerCheckpoint(job.jid));
    reload();
  };
  return (
    <>
      <Panel
        title={t('checkpoints.history')}
        flush
        actions={
          <>
            <Choices
              small
              label={t('checkpoints.kind')}
              chosen={kind}
              choose={setKind}
              choices={[
                { id: 'all', words: t('jobs.all') },
                { id: 'savepoint', words: t('checkpoints.savepoints') },
                { id: 'failed', words: t('jobs.failed') },
              ]}
            />
            {!hasEnded(job.state) && (
              <span class="button-pair">
                <button type="button" class="button small" data-action="checkpoint" onClick={() => void trigger()}>
                  <Icon name="savepoint" />
                  {t('checkpoints.trigger')}
                </button>
                <Command
                  cli={clusterCli(['checkpoint', job.jid])}
                  rest={{ method: 'POST', path: `/jobs/${job.jid}/checkpoints`, body: {} }}
                />
              </span>
            )}
          </>
        }
      >
        {shown.length === 0 ? (
          <Empty>{t('checkpoints.none')}</Empty>
        ) : (
          <Table
            label={t('checkpoints.history')}
            rows={shown}
            columns={columns(job)}
            id={(row) => row.id}
            chosen={(row) => String(row.id) === chosen}
            open={(row) =>
              goTo(
                String(row.id) === chosen
                  ? link('job', job.jid, 'checkpoints')
                  : link('job', job.jid, 'checkpoints', row.id),
              )
            }
          />
        )}
      </Panel>
      {open !== undefined && <CheckpointTimeline job={job} checkpoint={open} />}
    </>
  );
}

function columns(job: Job): Column<Checkpoint>[] {
  return [
    { id: 'id', head: '#', number: true, sort: (row) => row.id, cell: (row) => row.id },
    {
      id: 'kind',
      head: t('checkpoints.kind'),
      sort: (row) => row.type,
      cell: (row) => (
        <span class={row.isSavepoint ? 'tag tone-info' : 'faint'}>
          {row.isSavepoint ? t('checkpoints.savepoint') : t('checkpoints.checkpoint')}
        </span>
      ),
    },
    { id: 'status', head: t('jobs.state'), sort: (row) => row.status, cell: (row) => <Badge state={row.status} /> },
    {
      id: 'acknowledged',
      head: t('checkpoints.acknowledged'),
      number: true,
      cell: (row) => `${row.acknowledged}/${row.subtasks}`,
    },
    {
      id: 'trigger',
      head: t('checkpoints.triggered'),
      number: true,
      sort: (row) => row.triggerTime ?? 0,
      cell: (row) => time(row.triggerTime),
    },
    {
      id: 'duration',
      head: t('jobs.duration'),
      number: true,
      sort: (row) => row.duration ?? 0,
      cell: (row) => duration(row.duration),
    },
    {
      id: 'written',
      head: t('checkpoints.written'),
      number: true,
      sort: (row) => row.checkpointedSize,
      cell: (row) => bytes(row.checkpointedSize),
    },
    {
      id: 'size',
      head: t('checkpoints.size'),
      number: true,
      sort: (row) => row.stateSize,
      cell: (row) => bytes(row.stateSize),
    },
    { id: 'path', head: t('checkpoints.path'), cell: (row) => <Path jid={job.jid} checkpoint={row} /> },
  ];
}

/** Where a checkpoint lies, and starting from it; or why there is none. */
function Path({ jid, checkpoint }: { jid: string; checkpoint: Checkpoint }) {
  if (checkpoint.failure !== '') return <span class="tone-bad">{checkpoint.failure}</span>;
  if (checkpoint.path === '') return null;
  return (
    <span class="row tight" data-path={checkpoint.path}>
      <code class="cut path" title={checkpoint.path}>
        <bdi>{checkpoint.path}</bdi>
      </code>
      <CopyButton text={checkpoint.path} />
      <button
        type="button"
        class="button bare small"
        data-action="start-from"
        onClick={() => void startFrom(jid, checkpoint.path)}
      >
        {t('checkpoints.restore')}
      </button>
    </span>
  );
}

/** Opens the form of the job's component, if it has one, to begin with a checkpoint. */
async function startFrom(jid: string, path: string): Promise<void> {
  await attempt(async () => {
    const [component, ...others] = (await jobConfiguration(jid)).components;
    restoreFrom.value = path;
    goTo(component !== undefined && others.length === 0 ? link('submit', component) : link('submit'));
  });
}

const SIZES = new Set(['checkpointed_size', 'state_size']);

function Summary({ value }: { value: Checkpoints }) {
  const words = (name: string, number: number): string => (SIZES.has(name) ? bytes(number) : duration(number));
  const column = (id: 'min' | 'avg' | 'p95' | 'max'): Column<Checkpoints['summary'][number]> => ({
    id,
    head: id,
    number: true,
    cell: (row) => words(row.name, row[id]),
  });
  return (
    <Panel title={t('checkpoints.summary')} flush>
      <Table
        label={t('checkpoints.summary')}
        rows={value.summary}
        id={(row) => row.name}
        columns={[
          { id: 'name', head: '', cell: (row) => tName('checkpoints.figure', row.name) },
          column('min'),
          column('avg'),
          column('p95'),
          column('max'),
        ]}
      />
    </Panel>
  );
}

function Configuration({ jid }: { jid: string }) {
  const { value, error } = useResource((abort) => checkpointConfig(jid, abort), [jid]);
  const words = (entry: unknown): string => (typeof entry === 'string' ? entry : JSON.stringify(entry));
  const entryWords = (name: string, entry: unknown): string =>
    typeof entry === 'number' && /interval|timeout|pause/.test(name) ? duration(entry) : words(entry);
  return (
    <Panel title={t('checkpoints.configuration')}>
      {value === null ? (
        <Waiting error={error} />
      ) : (
        <Facts facts={value.entries.map(([name, entry]) => [name.replaceAll('_', ' '), entryWords(name, entry)])} />
      )}
    </Panel>
  );
}
