/** Records that a guest could not process, with what was wrong; to be taken away, replayed, and discarded. */
import { useState } from 'preact/hooks';
import { deadLetterLines, deadLetters, discardDeadLetters, type DeadLetter } from '../../api/dead_letters';
import { t } from '../../i18n';
import { count, time } from '../../i18n/format';
import { clusterCli } from '../../model/command_line';
import { notify } from '../../model/notices';
import { attempt } from '../../model/requests';
import { useResource } from '../../model/resource';
import { Command } from '../../parts/command';
import { Dialog } from '../../parts/dialog';
import { Icon } from '../../parts/icon';
import { Empty, Panel, Refusal, Waiting } from '../../parts/panel';
import { Table } from '../../parts/table';
import { Replay } from './replay';

/** Has the browser save a text as a file. */
function save(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'application/x-ndjson' }));
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(address);
}

export function DeadLettersTab({ jid, running }: { jid: string; running: boolean }) {
  const { value, error, reload } = useResource((abort) => deadLetters(jid, abort), [jid], 5000);
  const [asked, ask] = useState<'replay' | 'discard' | null>(null);
  if (value === null) return <Waiting error={error} />;
  const none = value.entries.length === 0;
  const download = (): void =>
    void attempt(async () => save(await deadLetterLines(jid), `dead-letters-${jid}.jsonl`));
  return (
    <>
      <Refusal error={error} />
      <Panel
        title={t('deadLetters.title')}
        note={count(value.entries.length)}
        flush
        actions={
          <span class="row">
            <button type="button" class="button" data-action="download" disabled={none} onClick={download}>
              <Icon name="download" />
              {t('deadLetters.download')}
            </button>
            <span class="button-pair">
              <button
                type="button"
                class="button"
                data-action="replay"
                disabled={none || !running}
                title={running ? undefined : t('deadLetters.replay.ended')}
                onClick={() => ask('replay')}
              >
                <Icon name="refresh" />
                {t('deadLetters.replay')}
              </button>
              <Command
                cli={clusterCli(['dead-letters', jid, '--replay'])}
                rest={{ method: 'POST', path: `/jobs/${jid}/dead-letters/replay` }}
              />
            </span>
            <span class="button-pair">
              <button type="button" class="button danger" data-action="discard" disabled={none} onClick={() => ask('discard')}>
                <Icon name="trash" />
                {t('deadLetters.discard')}
              </button>
              <Command
                cli={clusterCli(['dead-letters', jid, '--discard'])}
                rest={{ method: 'DELETE', path: `/jobs/${jid}/dead-letters` }}
              />
            </span>
          </span>
        }
      >
        {none ? <Empty>{t('deadLetters.none')}</Empty> : <Letters entries={value.entries} />}
      </Panel>
      {asked === 'replay' && <Replay jid={jid} close={() => ask(null)} done={reload} />}
      {asked === 'discard' && <Discard jid={jid} close={() => ask(null)} done={reload} />}
    </>
  );
}

function Discard({ jid, close, done }: { jid: string; close: () => void; done: () => void }) {
  const discard = async (): Promise<void> => {
    const went = await attempt(async () => {
      notify('ok', t('deadLetters.discarded', { n: await discardDeadLetters(jid) }));
    });
    if (!went) return;
    close();
    done();
  };
  const foot = (
    <>
      <button type="button" class="button" onClick={close}>
        {t('common.back')}
      </button>
      <button type="button" class="button danger" data-confirm="discard" onClick={() => void discard()}>
        {t('deadLetters.discard')}
      </button>
    </>
  );
  return (
    <Dialog title={t('deadLetters.discard.title')} close={close} foot={foot}>
      <p>{t('deadLetters.discard.text')}</p>
    </Dialog>
  );
}

function Letters({ entries }: { entries: readonly DeadLetter[] }) {
  return (
    <Table
      label={t('deadLetters.title')}
      rows={entries}
      id={(row) => String(row.place)}
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
          cell: (row) => <code>{row.operator}</code>,
        },
        { id: 'error', head: t('deadLetters.error'), sort: (row) => row.error, cell: (row) => row.error },
        { id: 'key', head: t('tap.key'), cell: (row) => <code>{row.key}</code> },
        { id: 'record', head: t('deadLetters.record'), cell: (row) => <code>{row.record}</code> },
      ]}
    />
  );
}
