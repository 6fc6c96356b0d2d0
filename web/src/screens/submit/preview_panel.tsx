/** A trial run on a few records that leaves nothing behind. */
import { useState } from 'preact/hooks';
import type { ApiError } from '../../api/http';
import { t } from '../../i18n';
import { asApiError } from '../../model/live';
import { Icon } from '../../parts/icon';
import { Empty, Panel, Refusal } from '../../parts/panel';

/** Records that a trial run takes from each source. */
const PREVIEW_RECORDS = 20;

export function PreviewPanel({
  ready,
  preview,
}: {
  ready: boolean;
  preview: (records: number) => Promise<Map<string, unknown[]>>;
}) {
  const [busy, setBusy] = useState(false);
  const [sinks, setSinks] = useState<Map<string, unknown[]> | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const run = async (): Promise<void> => {
    setBusy(true);
    try {
      setSinks(await preview(PREVIEW_RECORDS));
      setError(null);
    } catch (caught) {
      setError(asApiError(caught));
    }
    setBusy(false);
  };
  return (
    <Panel
      title={t('submit.preview')}
      note={t('submit.previewNote', { n: PREVIEW_RECORDS })}
      actions={
        <button type="button" class="button" data-action="preview" disabled={!ready || busy} onClick={() => void run()}>
          <Icon name="play" />
          {busy ? t('submit.previewing') : t('submit.previewRun')}
        </button>
      }
    >
      <Refusal error={error} />
      {sinks === null ? (
        error === null && <Empty>{t('submit.previewText')}</Empty>
      ) : (
        [...sinks].map(([uid, records]) => (
          <div class="stack tight" key={uid}>
            <h3>{uid}</h3>
            {records.length === 0 ? <p class="faint">{t('submit.previewNothing')}</p> : <Records records={records} />}
          </div>
        ))
      )}
    </Panel>
  );
}

function Records({ records }: { records: unknown[] }) {
  return (
    <pre class="records" data-preview>
      {records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record))).join('\n')}
    </pre>
  );
}
