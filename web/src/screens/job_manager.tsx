/** The job manager: every configuration value with its origin, and the logs of the process. */
import { useState } from 'preact/hooks';
import { clusterConfig, logFiles, logText } from '../api/job_manager';
import { t, tName, type Key } from '../i18n';
import { bytes, time } from '../i18n/format';
import { cli } from '../model/command_line';
import { useResource } from '../model/resource';
import { link } from '../model/route';
import { Choices } from '../parts/choices';
import { Command } from '../parts/command';
import { Filter, matches } from '../parts/filter';
import { Empty, Page, Panel, Refusal, Waiting } from '../parts/panel';
import { Table } from '../parts/table';

const TABS = ['config', 'logs'] as const;

export function JobManagerScreen({ tab }: { tab: string }) {
  return (
    <Page title={t('nav.jobManager')}>
      <nav class="tabs" aria-label={t('nav.jobManager')}>
        {TABS.map((id) => (
          <a key={id} class="tab" href={link('job-manager', id)} aria-current={id === tab ? 'page' : undefined}>
            {t(`jobManager.tab.${id}` satisfies Key)}
          </a>
        ))}
      </nav>
      {tab === 'logs' ? <Logs /> : <Config />}
    </Page>
  );
}

type Which = 'all' | 'changed';

function Config() {
  const { value, error } = useResource(clusterConfig, []);
  const [filter, setFilter] = useState('');
  const [which, setWhich] = useState<Which>('all');
  if (value === null) return <Waiting error={error} />;
  const shown = value.filter(
    (entry) => matches(filter, entry.key, entry.value, entry.origin) && (which === 'all' || entry.origin !== 'default'),
  );
  return (
    <Panel
      title={t('jobManager.config')}
      note={shown.length}
      flush
      actions={
        <>
          <Filter value={filter} change={setFilter} />
          <Choices
            label={t('jobManager.origin')}
            chosen={which}
            choose={setWhich}
            choices={[
              { id: 'all', words: t('jobs.all') },
              { id: 'changed', words: t('jobManager.changed') },
            ]}
          />
          <Command cli={cli('config')} rest={{ method: 'GET', path: '/jobmanager/config' }} />
        </>
      }
    >
      {shown.length === 0 ? (
        <Empty>{t('jobManager.noMatch')}</Empty>
      ) : (
        <Table
          label={t('jobManager.config')}
          rows={shown}
          id={(row) => row.key}
          columns={[
            { id: 'key', head: t('jobManager.key'), sort: (row) => row.key, cell: (row) => <code>{row.key}</code> },
            {
              id: 'value',
              head: t('jobManager.value'),
              cell: (row) => <code>{row.value === '' ? <span class="faint">""</span> : row.value}</code>,
            },
            {
              id: 'origin',
              head: t('jobManager.origin'),
              sort: (row) => row.origin,
              cell: (row) => (
                <span class={row.origin === 'default' ? 'faint' : 'tag tone-info'}>{tName('origin', row.origin)}</span>
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
}

function Logs() {
  const { value, error } = useResource(logFiles, [], 5000);
  const [chosen, choose] = useState<string | null>(null);
  if (value === null) return <Waiting error={error} />;
  const name = chosen ?? value[0]?.name ?? null;
  return (
    <>
      <Refusal error={error} />
      <Panel title={t('jobManager.files')} flush>
        {value.length === 0 ? (
          <Empty>{t('logs.none')}</Empty>
        ) : (
          <Table
            label={t('jobManager.files')}
            rows={value}
            id={(row) => row.name}
            chosen={(row) => row.name === name}
            open={(row) => choose(row.name)}
            columns={[
              { id: 'name', head: t('components.name'), cell: (row) => <span class="name">{row.name}</span> },
              { id: 'size', head: t('components.size'), number: true, cell: (row) => bytes(row.size) },
              { id: 'time', head: t('jobManager.modified'), number: true, cell: (row) => time(row.modified) },
            ]}
          />
        )}
      </Panel>
      {name !== null && <LogText name={name} key={name} />}
    </>
  );
}

function LogText({ name }: { name: string }) {
  const { value, error } = useResource((abort) => logText(name, abort), [name], 5000);
  return (
    <Panel title={name}>{value === null ? <Waiting error={error} /> : <pre class="records tall">{value}</pre>}</Panel>
  );
}
