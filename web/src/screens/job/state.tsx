/** The state browser: what operators remember, key by key, as of the last completed checkpoint. */
import { useState } from 'preact/hooks';
import type { ApiError } from '../../api/http';
import { jobStates, stateEntries, statePath, type StateEntries, type StateSummary } from '../../api/job_states';
import { t } from '../../i18n';
import { bytes, count, time } from '../../i18n/format';
import { cli } from '../../model/command_line';
import { asApiError } from '../../model/live';
import { useResource } from '../../model/resource';
import { goTo, link } from '../../model/route';
import { typeName, typeWords } from '../../model/schema';
import { Command } from '../../parts/command';
import { Field, TextInput } from '../../parts/field';
import { Icon } from '../../parts/icon';
import { Empty, Panel, Refusal, Waiting } from '../../parts/panel';
import { Table } from '../../parts/table';

export function StateTab({ jid, uid, name }: { jid: string; uid: string | undefined; name: string | undefined }) {
  const { value, error } = useResource((abort) => jobStates(jid, abort), [jid]);
  if (value === null) return <Waiting error={error} />;
  const chosen = value.states.find((state) => state.uid === uid && state.name === name);
  const note = value.asOf === null ? undefined : t('state.asOf', { id: value.asOf.id, time: time(value.asOf.time) });
  return (
    <div class="split even">
      <Panel title={t('state.states')} note={note} flush>
        {value.states.length === 0 ? (
          <Empty>{t('state.none')}</Empty>
        ) : (
          <StateTable jid={jid} states={value.states} chosen={chosen} />
        )}
      </Panel>
      {chosen === undefined ? (
        <Panel>
          <Empty>{t('state.choose')}</Empty>
        </Panel>
      ) : (
        <Lookup jid={jid} state={chosen} key={`${chosen.uid}/${chosen.name}`} />
      )}
    </div>
  );
}

function StateTable({
  jid,
  states,
  chosen,
}: {
  jid: string;
  states: readonly StateSummary[];
  chosen: StateSummary | undefined;
}) {
  return (
    <Table
      label={t('state.states')}
      rows={states}
      id={(row) => `${row.uid}/${row.name}`}
      chosen={(row) => row === chosen}
      open={(row) => goTo(link('job', jid, 'state', row.uid, row.name))}
      columns={[
        { id: 'uid', head: t('vertex.operator'), sort: (row) => row.uid, cell: (row) => <code>{row.uid}</code> },
        { id: 'name', head: t('vertex.state'), sort: (row) => row.name, cell: (row) => <span class="name">{row.name}</span> },
        {
          id: 'type',
          head: t('state.type'),
          cell: (row) => (
            <code class="faint" title={typeWords(row.schema)}>
              {row.kind}&lt;{typeName(row.schema)}&gt;
            </code>
          ),
        },
        {
          id: 'entries',
          head: t('state.entries'),
          number: true,
          sort: (row) => row.entries ?? 0,
          cell: (row) => count(row.entries),
        },
        { id: 'bytes', head: t('components.size'), number: true, sort: (row) => row.bytes ?? 0, cell: (row) => bytes(row.bytes) },
      ]}
    />
  );
}

/** Entries asked for at once. */
const ENTRIES = 100;

/** A key as JSON: what is no JSON is meant as text, and so is anything unquoted where keys are texts. */
export function keyJson(typed: string, schema: unknown): string {
  if (typed === '') return '';
  if (typeName(schema) === 'string' && !typed.startsWith('"')) return JSON.stringify(typed);
  try {
    JSON.parse(typed);
    return typed;
  } catch {
    return JSON.stringify(typed);
  }
}

function Lookup({ jid, state }: { jid: string; state: StateSummary }) {
  const [key, setKey] = useState('');
  const [prefix, setPrefix] = useState('');
  const [found, setFound] = useState<StateEntries | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const textual = typeName(state.keySchema) === 'string' || typeName(state.keySchema) === '';
  const query = {
    uid: state.uid,
    name: state.name,
    key: keyJson(key.trim(), state.keySchema),
    prefix: prefix.trim(),
    limit: ENTRIES,
  };
  const look = async (): Promise<void> => {
    try {
      setFound(await stateEntries(jid, query));
      setError(null);
    } catch (caught) {
      setError(asApiError(caught));
    }
  };
  // On the command line state is read from files, also when the cluster is not there.
  const words = query.key === '' ? ['export', 'CHECKPOINTS'] : ['get', 'CHECKPOINTS'];
  const asked = [state.uid, state.name, ...(query.key === '' ? [] : [query.key])];
  return (
    <Panel
      title={`${state.uid} / ${state.name}`}
      note={`${state.kind}<${typeName(state.schema)}>`}
      actions={<Command cli={cli('state', ...words, ...asked)} rest={{ method: 'GET', path: statePath(jid, query) }} />}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void look();
        }}
      >
        <Field id="state-key" label={t('state.key')} hint={`${t('state.keyHint')} ${typeWords(state.keySchema)}`}>
          <TextInput id="state-key" value={key} change={setKey} placeholder={t('state.anyKey')} />
        </Field>
        {textual && (
          <Field id="state-prefix" label={t('state.prefix')}>
            <TextInput id="state-prefix" value={prefix} change={setPrefix} />
          </Field>
        )}
        <div class="row">
          <span class="spring" />
          <button type="submit" class="button primary" data-action="look-up">
            <Icon name="search" />
            {t('state.lookUp')}
          </button>
        </div>
      </form>
      <Refusal error={error} />
      {found !== null && <Entries found={found} />}
    </Panel>
  );
}

function Entries({ found }: { found: StateEntries }) {
  if (found.entries.length === 0) return <Empty>{t('state.noEntry')}</Empty>;
  const mapped = found.entries.some((entry) => entry.subKey !== '');
  return (
    <>
      <table class="table" aria-label={t('state.entries')} data-entries={found.entries.length}>
        <thead>
          <tr>
            <th>{t('state.key')}</th>
            {mapped && <th>{t('state.subKey')}</th>}
            <th>{t('state.value')}</th>
          </tr>
        </thead>
        <tbody>
          {found.entries.map((entry, index) => (
            <tr key={index}>
              <td class="mono">{entry.key}</td>
              {mapped && <td class="mono">{entry.subKey}</td>}
              <td class="mono">{entry.value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.truncated && <p class="faint">{t('state.truncated', { n: found.entries.length })}</p>}
    </>
  );
}
