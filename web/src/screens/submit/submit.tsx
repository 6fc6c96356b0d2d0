/** Submit: drop a component or a job file, or take one that was uploaded before. */
import { useState } from 'preact/hooks';
import { components, uploadComponent } from '../../api/components';
import { t } from '../../i18n';
import { clusterCli } from '../../model/command_line';
import { asApiError } from '../../model/live';
import { useResource } from '../../model/resource';
import { goTo, link } from '../../model/route';
import { restoreFrom } from '../../model/run_form';
import type { ApiError } from '../../api/http';
import { Command } from '../../parts/command';
import { ComponentTable } from '../../parts/component_table';
import { DropZone } from '../../parts/drop_zone';
import { Icon } from '../../parts/icon';
import { Empty, Message, Page, Panel, Refusal, Waiting } from '../../parts/panel';
import { ComponentForm } from './component_form';
import { JobFileForm } from './job_file_form';

/** The text of a job file that was dropped, until its form takes it. */
let droppedJobFile = '';

export function SubmitScreen({ component }: { component: string | undefined }) {
  if (component === 'job-file') return <JobFileForm first={droppedJobFile} />;
  if (component !== undefined) return <ComponentForm id={component} />;
  return <Choose />;
}

function Choose() {
  const [progress, setProgress] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const take = async (file: File): Promise<void> => {
    setError(null);
    if (/\.ya?ml$/i.test(file.name)) {
      droppedJobFile = await file.text();
      goTo(link('submit', 'job-file'));
      return;
    }
    setProgress(0);
    try {
      goTo(link('submit', await uploadComponent(file, setProgress)));
    } catch (caught) {
      setError(asApiError(caught));
      setProgress(null);
    }
  };
  return (
    <Page
      title={t('nav.submit')}
      head={
        <>
          <span class="spring" />
          <Command
            cli={clusterCli(['components', 'upload', 'JOB.wasm'])}
            rest={{ method: 'POST', path: '/components/upload', file: 'JOB.wasm' }}
          />
        </>
      }
    >
      {restoreFrom.value !== '' && <RestoreNote />}
      <DropZone
        title={t('submit.drop')}
        text={t('submit.dropText')}
        accept=".wasm,.yaml,.yml"
        take={(file) => void take(file)}
        progress={progress}
      />
      <Refusal error={error} />
      <Uploaded />
    </Page>
  );
}

/** That the next run begins with a savepoint, and how to take that back. */
function RestoreNote() {
  return (
    <Message tone="info">
      {t('submit.restoring', { path: restoreFrom.value })}{' '}
      <button
        type="button"
        class="button small"
        onClick={() => {
          restoreFrom.value = '';
        }}
      >
        {t('submit.notRestoring')}
      </button>
    </Message>
  );
}

function Uploaded() {
  const { value, error } = useResource(components, []);
  return (
    <Panel
      title={t('submit.uploaded')}
      flush
      actions={
        <a class="button" href={link('submit', 'job-file')}>
          <Icon name="config" />
          {t('submit.writeJobFile')}
        </a>
      }
    >
      {value === null ? (
        <Waiting error={error} />
      ) : value.length === 0 ? (
        <Empty>{t('components.none')}</Empty>
      ) : (
        <ComponentTable rows={value} label={t('submit.uploaded')} href={(row) => link('submit', row.id)} />
      )}
    </Panel>
  );
}
