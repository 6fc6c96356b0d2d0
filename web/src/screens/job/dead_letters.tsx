/** Records that a guest could not take: see them, send them again, or let them go. */
import { useState } from 'preact/hooks';
import { deadLetters, settleDeadLetters, type DeadLetter } from '../../api/dead_letters';
import { t, type Key } from '../../i18n';
import { count, time } from '../../i18n/format';
import { cli } from '../../model/command_line';
import { notify } from '../../model/notices';
import { attempt } from '../../model/requests';
import { useResource } from '../../model/resource';
import { Command } from '../../parts/command';
import { Dialog } from '../../parts/dialog';
import { Icon } from '../../parts/icon';
import { Empty, Panel, Refusal, Waiting } from '../../parts/panel';
import { Table } from '../../parts/table';

type How = 'replay' | 'discard';

export function DeadLettersTab({ jid }: { jid: string }) {
  const { value, error, reload } = useResource((abort) => deadLetters(jid, abort), [jid], 5000);
  const [asked, ask] = useState<How | null>(null);
  if (value === null) return <Waiting error={error} />;
  return (
    <>
      <Refusal error={error} />
      <Panel
        title={t('deadLetters.title')}
        note={count(value.total)}
        flush
        actions={(['replay', 'discard'] as const).map((how) => (
          <span class="button-pair" key={how}>
            <button
              type="button"
              class={`button small ${how === 'discard' ? 'danger' : ''}`}
              disabled={value.total === 0}
              onClick={() => ask(how)}
            >
              <Icon name={how === 'replay' ? 'refresh' : 'trash'} />
              {t(`deadLetters.${how}` satisfies Key)}
            </button>
            <Command
              cli={cli('dead-letters', how, jid)}
              rest={{ method: 'POST', path: `/jobs/${jid}/dead-letters/${how}`, body: {} }}
            />
          </span>
        ))}
      >
        {value.entries.length === 0 ? <Empty>{t('deadLetters.none')}</Empty> : <Letters entries={value.entries} />}
      </Panel>
      {asked !== null && (
        <Confirm jid={jid} how={asked} total={value.total} close={() => ask(null)} changed={reload} />
      )}
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

function Confirm({
  jid,
  how,
  total,
  close,
  changed,
}: {
  jid: string;
  how: How;
  total: number;
  close: () => void;
  changed: () => void;
}) {
  const act = async (): Promise<void> => {
    const done = await attempt(() => settleDeadLetters(jid, how));
    if (done) {
      notify('ok', t(`deadLetters.${how}.done` satisfies Key, { n: total }));
      close();
      changed();
    }
  };
  return (
    <Dialog
      title={t(`deadLetters.${how}` satisfies Key)}
      close={close}
      foot={
        <>
          <button type="button" class="button" onClick={close}>
            {t('common.back')}
          </button>
          <button
            type="button"
            class={`button ${how === 'discard' ? 'danger' : 'primary'}`}
            onClick={() => void act()}
          >
            {t(`deadLetters.${how}` satisfies Key)}
          </button>
        </>
      }
    >
      <p>{t(`deadLetters.${how}.text` satisfies Key, { n: total })}</p>
    </Dialog>
  );
}
