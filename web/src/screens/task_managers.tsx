/** Who runs the tasks: slots, memory by region, threads. */
import { taskManager, taskManagers, type TaskManager } from '../api/task_managers';
import { t, tName } from '../i18n';
import { bytes, count, time } from '../i18n/format';
import { useResource } from '../model/resource';
import { link } from '../model/route';
import { MemoryRegions, shareOf } from '../parts/memory';
import { Facts, Page, Panel, Refusal, Waiting } from '../parts/panel';
import { UseBar } from '../parts/share';
import { Table } from '../parts/table';

export function TaskManagersScreen({ id }: { id: string | undefined }) {
  return id === undefined ? <All /> : <One id={id} key={id} />;
}

function All() {
  const { value, error } = useResource(taskManagers, [], 3000);
  return (
    <Page title={t('nav.taskManagers')}>
      {value === null ? (
        <Waiting error={error} />
      ) : (
        <>
          <Refusal error={error} />
          <Panel flush label={t('nav.taskManagers')}>
            <Table
              label={t('nav.taskManagers')}
              rows={value}
              id={(row) => row.id}
              href={(row) => link('task-manager', row.id)}
              columns={[
                {
                  id: 'id',
                  head: 'ID',
                  sort: (row) => row.id,
                  cell: (row) => (
                    <a class="name" href={link('task-manager', row.id)}>
                      {row.id}
                    </a>
                  ),
                },
                { id: 'path', head: t('taskManager.address'), sort: (row) => row.path, cell: (row) => row.path },
                {
                  id: 'slots',
                  head: t('overview.slots'),
                  number: true,
                  sort: (row) => row.slots - row.freeSlots,
                  cell: (row) => `${row.slots - row.freeSlots} / ${row.slots}`,
                },
                { id: 'memory', head: t('taskManager.memory'), cell: (row) => <MemoryBars manager={row} /> },
                {
                  id: 'threads',
                  head: t('taskManager.threads'),
                  number: true,
                  cell: (row) => row.threads.reduce((sum, thread) => sum + thread.count, 0),
                },
                {
                  id: 'heartbeat',
                  head: t('taskManager.heartbeat'),
                  number: true,
                  sort: (row) => row.lastHeartbeat ?? 0,
                  cell: (row) => time(row.lastHeartbeat),
                },
              ]}
            />
          </Panel>
        </>
      )}
    </Page>
  );
}

function MemoryBars({ manager }: { manager: TaskManager }) {
  return (
    <div class="memory-bars">
      {manager.memory.map((region) => {
        const share = shareOf(region);
        return share === null ? null : <UseBar key={region.name} share={share} label={tName('memory', region.name)} />;
      })}
    </div>
  );
}

function One({ id }: { id: string }) {
  const { value, error } = useResource((abort) => taskManager(id, abort), [id], 3000);
  if (value === null) {
    return (
      <Page title={id}>
        <Waiting error={error} />
      </Page>
    );
  }
  return (
    <Page title={`${t('taskManager.title')} ${value.id}`}>
      <Refusal error={error} />
      <div class="columns">
        <Panel title={t('taskManager.about')}>
          <Facts
            facts={[
              [t('taskManager.address'), value.path],
              [t('overview.slots'), `${value.slots - value.freeSlots} / ${value.slots}`],
              [t('taskManager.cores'), value.cpuCores],
              ...(value.physicalMemory === 0
                ? []
                : [[t('taskManager.physicalMemory'), bytes(value.physicalMemory)] as const]),
              [t('taskManager.threads'), count(value.threads.reduce((sum, thread) => sum + thread.count, 0))],
              [t('taskManager.heartbeat'), time(value.lastHeartbeat)],
            ]}
          />
        </Panel>
        <Panel title={t('overview.memory')}>
          <MemoryRegions regions={value.memory} />
        </Panel>
        {value.threads.some((thread) => thread.name !== '') && (
          <Panel title={t('taskManager.threads')}>
            <Facts facts={value.threads.map((thread) => [thread.name, thread.count])} />
          </Panel>
        )}
      </div>
    </Page>
  );
}
