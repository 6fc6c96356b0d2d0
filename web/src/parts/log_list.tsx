/** What operators of a job have logged, newest first. */
import { useState } from 'preact/hooks';
import { jobLogs, type LogEntry } from '../api/diagnosis';
import { t } from '../i18n';
import { time } from '../i18n/format';
import { useResource } from '../model/resource';
import { Choices } from './choices';
import { Filter, matches } from './filter';
import { Empty, Panel, Waiting } from './panel';

const LEVELS = ['', 'INFO', 'WARN', 'ERROR'] as const;

/** Lines asked for at once. */
const LINES = 500;

export function LogList({ jid, operators }: { jid: string; operators: readonly string[] }) {
  const [level, setLevel] = useState<(typeof LEVELS)[number]>('');
  const [filter, setFilter] = useState('');
  // The API narrows to one operator; a chain of several is narrowed here.
  const operator = operators.length === 1 ? (operators[0] ?? '') : '';
  const { value, error } = useResource(
    (abort) => jobLogs(jid, { level, operator, limit: LINES }, abort),
    [jid, level, operator],
    3000,
  );
  const shown = value?.filter(
    (entry) =>
      (operators.length === 0 || operators.includes(entry.operator)) &&
      matches(filter, entry.message, entry.operator, entry.level),
  );
  return (
    <Panel
      title={t('logs.title')}
      note={shown?.length}
      flush
      actions={
        <>
          <Filter value={filter} change={setFilter} />
          <Choices
            label={t('logs.level')}
            choices={LEVELS.map((id) => ({ id, words: id === '' ? t('jobs.all') : id }))}
            chosen={level}
            choose={setLevel}
          />
        </>
      }
    >
      {shown === undefined ? (
        <Waiting error={error} />
      ) : shown.length === 0 ? (
        <Empty>{t('logs.none')}</Empty>
      ) : (
        <ol class="log">
          {shown.map((entry, index) => (
            <LogLine entry={entry} key={index} />
          ))}
        </ol>
      )}
    </Panel>
  );
}

const TONES: Record<string, string> = { ERROR: 'tone-bad', WARN: 'tone-warn', INFO: 'tone-info' };

function LogLine({ entry }: { entry: LogEntry }) {
  return (
    <li class="log-line">
      <span class="faint">{time(entry.time)}</span>
      <span class={TONES[entry.level] ?? 'tone-off'}>{entry.level}</span>
      <span class="muted cut" title={entry.operator}>
        {entry.operator}
        {entry.subtask === null ? '' : `/${entry.subtask}`}
      </span>
      <span>{entry.message}</span>
    </li>
  );
}
