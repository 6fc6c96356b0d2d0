/** Why a job failed or restarted: the root cause, the history, and what the restart strategy did. */
import { exceptions, type Exceptions, type TaskException } from '../../api/exceptions';
import type { Job } from '../../api/job';
import { t } from '../../i18n';
import { duration, time } from '../../i18n/format';
import { useResource } from '../../model/resource';
import { CopyButton } from '../../parts/copy';
import { Empty, Panel, Refusal, Waiting } from '../../parts/panel';

export function ExceptionsTab({ job }: { job: Job }) {
  const { value, error } = useResource((abort) => exceptions(job.jid, abort), [job.jid, job.state], 3000);
  if (value === null) return <Waiting error={error} />;
  if (value.root === '' && value.entries.length === 0 && value.restarts.length === 0) {
    return (
      <Panel>
        <Empty>{t('exceptions.none')}</Empty>
      </Panel>
    );
  }
  return (
    <>
      <Refusal error={error} />
      {value.root !== '' && (
        <Panel
          title={t('exceptions.root')}
          note={time(value.rootTime)}
          actions={<CopyButton text={value.root} />}
        >
          <pre class="trace" data-root-exception>
            {value.root}
          </pre>
        </Panel>
      )}
      <Restarts value={value} />
      <Panel title={t('exceptions.history')} note={value.truncated ? t('exceptions.truncated') : undefined} flush>
        {value.entries.length === 0 ? (
          <Empty>{t('exceptions.none')}</Empty>
        ) : (
          <ul class="list">
            {value.entries.map((entry, index) => (
              <li key={index}>
                <Entry entry={entry} />
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </>
  );
}

function Restarts({ value }: { value: Exceptions }) {
  if (value.restarts.length === 0) return null;
  return (
    <Panel title={t('exceptions.restarts')} note={value.restarts.length} flush>
      <table class="table" aria-label={t('exceptions.restarts')}>
        <thead>
          <tr>
            <th>{t('exceptions.time')}</th>
            <th class="num">{t('exceptions.delay')}</th>
            <th>{t('exceptions.cause')}</th>
          </tr>
        </thead>
        <tbody>
          {value.restarts.map((restart, index) => (
            <tr key={index}>
              <td class="nowrap">{time(restart.time)}</td>
              <td class="num">{duration(restart.delay)}</td>
              <td>{restart.cause}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Entry({ entry }: { entry: TaskException }) {
  const first = entry.stacktrace.split('\n')[0] ?? '';
  return (
    <details class="exception">
      <summary class="list-line">
        <span class="faint nowrap">{time(entry.time)}</span>
        {entry.name !== '' && <span class="tag tone-bad">{entry.name}</span>}
        <span class="cut">{first}</span>
        <span class="spring" />
        <span class="muted nowrap">{entry.task}</span>
      </summary>
      <pre class="trace">{entry.stacktrace}</pre>
      {entry.concurrent.map((other, index) => (
        <pre class="trace" key={index}>
          {other.task}
          {'\n'}
          {other.stacktrace}
        </pre>
      ))}
    </details>
  );
}
