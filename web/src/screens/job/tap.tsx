/** Records as they leave a vertex, a few a second, while one looks. The job does not wait for the one who looks. */
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../../api/http';
import { tap, type TappedRecord } from '../../api/vertices';
import { t } from '../../i18n';
import { eventTime } from '../../i18n/format';
import { asApiError } from '../../model/live';
import { Icon } from '../../parts/icon';
import { Empty, Panel, Refusal } from '../../parts/panel';

/** Records shown; older ones go. */
const SHOWN = 200;

/** Records a second; more could not be read anyway. */
const RATE = 20;

export function Tap({ jid, vid }: { jid: string; vid: string }) {
  const [on, setOn] = useState(true);
  const [records, setRecords] = useState<readonly TappedRecord[]>([]);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    if (!on) return undefined;
    const abort = new AbortController();
    setError(null);
    tap(jid, vid, { output: '', limit: 10_000, rate: RATE }, abort.signal, (record) => {
      setRecords((before) => [record, ...before].slice(0, SHOWN));
    }).then(
      () => setOn(false),
      (caught: unknown) => {
        if (abort.signal.aborted) return;
        setError(asApiError(caught));
        setOn(false);
      },
    );
    return () => abort.abort();
  }, [on, jid, vid]);
  return (
    <Panel
      title={t('tap.title')}
      note={t('tap.note', { rate: RATE })}
      flush
      actions={
        <button type="button" class="button small" aria-pressed={on} onClick={() => setOn(!on)}>
          <Icon name={on ? 'stop' : 'play'} />
          {on ? t('tap.pause') : t('tap.go')}
        </button>
      }
    >
      <Refusal error={error} />
      {records.length === 0 ? (
        error === null && <Empty>{t('tap.none')}</Empty>
      ) : (
        <table class="table tap" aria-label={t('tap.title')}>
          <thead>
            <tr>
              <th class="num">#</th>
              <th>{t('tap.timestamp')}</th>
              <th>{t('tap.key')}</th>
              <th>{t('tap.value')}</th>
            </tr>
          </thead>
          <tbody>
            {records.map((record, index) => (
              <tr key={index}>
                <td class="num faint">{record.subtask}</td>
                <td class="mono faint nowrap">{eventTime(record.timestamp)}</td>
                <td class="mono">{record.key}</td>
                <td class="mono">{record.value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
