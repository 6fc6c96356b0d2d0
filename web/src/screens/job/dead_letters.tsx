/** Records that a guest could not process, with what was wrong. */
import { deadLetters, type DeadLetter } from '../../api/dead_letters';
import { t } from '../../i18n';
import { count, time } from '../../i18n/format';
import { cli } from '../../model/command_line';
import { useResource } from '../../model/resource';
import { Command } from '../../parts/command';
import { Empty, Panel, Refusal, Waiting } from '../../parts/panel';
import { Table } from '../../parts/table';

export function DeadLettersTab({ jid }: { jid: string }) {
  const { value, error } = useResource((abort) => deadLetters(jid, abort), [jid], 5000);
  if (value === null) return <Waiting error={error} />;
  return (
    <>
      <Refusal error={error} />
      <Panel
        title={t('deadLetters.title')}
        note={count(value.total)}
        flush
        actions={
          <Command
            cli={cli('dead-letters', 'DIR')}
            rest={{ method: 'GET', path: `/jobs/${jid}/dead-letters?limit=1000` }}
          />
        }
      >
        {value.entries.length === 0 ? <Empty>{t('deadLetters.none')}</Empty> : <Letters entries={value.entries} />}
      </Panel>
    </>
  );
}

function Letters({ entries }: { entries: readonly DeadLetter[] }) {
  return (
    <Table
      label={t('deadLetters.title')}
      rows={entries}
      id={(row) => `${row.operator} ${row.subtask} ${row.id} ${row.time} ${row.record}`}
      columns={[
        {
          id: 'time',
          head: t('exceptions.time'),
          sort: (row) => row.time ?? 0,
          cell: (row) => <span class="nowrap">{time(row.time)}</span>,
        },
        {
          id: 'operator',
          head: t('vertex.operator'),
          sort: (row) => row.operator,
          cell: (row) => (
            <code>
              {row.operator}/{row.subtask}
            </code>
          ),
        },
        { id: 'error', head: t('deadLetters.error'), sort: (row) => row.error, cell: (row) => row.error },
        { id: 'key', head: t('tap.key'), cell: (row) => <code>{row.key}</code> },
        { id: 'record', head: t('deadLetters.record'), cell: (row) => <code>{row.record}</code> },
      ]}
    />
  );
}
