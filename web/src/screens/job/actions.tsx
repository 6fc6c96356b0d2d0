/** What one can do with a job: savepoint, rescale, swap, stop, cancel; forget it when it has ended. Each asks first. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { stopJob, triggerSavepoint } from '../../api/checkpoints';
import { cancelJob, forgetJob, rescaleJob, type Job } from '../../api/job';
import { hasEnded } from '../../api/states';
import { t, type Key } from '../../i18n';
import { cluster } from '../../model/cluster';
import { clusterCli, type RestCall } from '../../model/command_line';
import { notify } from '../../model/notices';
import { attempt, awaitRescaling, awaitSavepoint } from '../../model/requests';
import { goTo, link } from '../../model/route';
import { Command } from '../../parts/command';
import { Dialog } from '../../parts/dialog';
import { Field, TextInput } from '../../parts/field';
import { Icon, type IconName } from '../../parts/icon';
import { SwapQuestion, swappable } from './swap';

type Action = 'savepoint' | 'rescale' | 'swap' | 'stop' | 'cancel' | 'forget';

const ICONS: Record<Action, IconName> = {
  savepoint: 'savepoint',
  rescale: 'scale',
  swap: 'component',
  stop: 'stop',
  cancel: 'cancel',
  forget: 'trash',
};

export function Actions({ job, changed }: { job: Job; changed: () => void }) {
  const [asked, ask] = useState<Action | null>(null);
  const actions: Action[] = hasEnded(job.state) ? ['forget'] : ['savepoint', 'rescale', 'swap', 'stop', 'cancel'];
  return (
    <span class="row row-wrap">
      {actions.map((action) => (
        <span class="button-pair" key={action}>
          <button
            type="button"
            class={`button ${action === 'cancel' || action === 'forget' ? 'danger' : ''}`}
            data-action={action}
            disabled={job.state !== 'RUNNING' && action !== 'cancel' && action !== 'forget'}
            onClick={() => ask(action)}
          >
            <Icon name={ICONS[action]} />
            {t(`actions.${action}` satisfies Key)}
          </button>
          <Command {...terminal(action, job)} />
        </span>
      ))}
      {asked !== null && <Question action={asked} job={job} close={() => ask(null)} changed={changed} />}
    </span>
  );
}

function terminal(action: Action, job: Job): { cli?: string; rest: RestCall } {
  const path = `/jobs/${job.jid}`;
  switch (action) {
    case 'savepoint':
      return {
        cli: clusterCli(['savepoint', job.jid]),
        rest: { method: 'POST', path: `${path}/savepoints`, body: { 'cancel-job': false } },
      };
    case 'rescale':
      return {
        cli: clusterCli(['rescale', job.jid, '-p', '4']),
        rest: { method: 'PATCH', path: `${path}/rescaling?parallelism=4` },
      };
    case 'swap': {
      const operator = swappable(job)[0] ?? 'UID';
      return {
        cli: clusterCli(['swap', job.jid, operator, 'new.wasm']),
        rest: { method: 'POST', path: `${path}/swap`, body: { operator, component: 'ID' } },
      };
    }
    case 'stop':
      return { cli: clusterCli(['stop', job.jid]), rest: { method: 'POST', path: `${path}/stop`, body: { drain: false } } };
    case 'cancel':
      return { cli: clusterCli(['cancel', job.jid]), rest: { method: 'PATCH', path: `${path}?mode=cancel` } };
    case 'forget':
      return { rest: { method: 'DELETE', path } };
  }
}

interface QuestionProps {
  job: Job;
  close: () => void;
  changed: () => void;
}

function Question({ action, ...props }: QuestionProps & { action: Action }) {
  switch (action) {
    case 'savepoint':
    case 'stop':
      return <SavepointQuestion stop={action === 'stop'} {...props} />;
    case 'rescale':
      return <RescaleQuestion {...props} />;
    case 'swap':
      return <SwapQuestion {...props} />;
    case 'cancel':
    case 'forget':
      return <EndQuestion action={action} {...props} />;
  }
}

/** The frame of a question: its words, its fields, and the button that does it. */
function Ask({
  action,
  close,
  act,
  ready = true,
  children,
}: {
  action: Exclude<Action, 'swap'>;
  close: () => void;
  act: () => Promise<void>;
  ready?: boolean;
  children?: ComponentChildren;
}) {
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    if (await attempt(act)) close();
    else setBusy(false);
  };
  return (
    <Dialog
      title={t(`actions.${action}.title` satisfies Key)}
      close={close}
      foot={
        <>
          <button type="button" class="button" onClick={close}>
            {t('common.back')}
          </button>
          <button
            type="button"
            class={`button ${action === 'cancel' || action === 'forget' ? 'danger' : 'primary'}`}
            data-confirm={action}
            disabled={busy || !ready}
            onClick={() => void go()}
          >
            {t(`actions.${action}` satisfies Key)}
          </button>
        </>
      }
    >
      <p>{t(`actions.${action}.text` satisfies Key)}</p>
      {children}
    </Dialog>
  );
}

function SavepointQuestion({ stop, job, close, changed }: QuestionProps & { stop: boolean }) {
  const [directory, setDirectory] = useState('');
  const [drain, setDrain] = useState(false);
  const act = async (): Promise<void> => {
    const request = stop
      ? await stopJob(job.jid, directory.trim(), drain)
      : await triggerSavepoint(job.jid, directory.trim(), false);
    notify('info', t('actions.savepointBegun'));
    void awaitSavepoint(job.jid, request).then(() => {
      changed();
      cluster.refresh();
    });
  };
  return (
    <Ask action={stop ? 'stop' : 'savepoint'} close={close} act={act}>
      <Field id="directory" label={t('actions.directory')} hint={t('actions.directoryHint')}>
        <TextInput
          id="directory"
          value={directory}
          change={setDirectory}
          placeholder={t('submit.byConfig')}
        />
      </Field>
      {stop && (
        <Field id="drain" label={t('actions.drain')} hint={t('actions.drainHint')}>
          <input
            id="drain"
            type="checkbox"
            checked={drain}
            onChange={(event) => setDrain(event.currentTarget.checked)}
          />
        </Field>
      )}
    </Ask>
  );
}

function RescaleQuestion({ job, close, changed }: QuestionProps) {
  const now = Math.max(...job.vertices.map((vertex) => vertex.parallelism), 1);
  const [parallelism, setParallelism] = useState(String(now));
  const wanted = /^[1-9]\d*$/.test(parallelism) ? Number(parallelism) : 0;
  const act = async (): Promise<void> => {
    const request = await rescaleJob(job.jid, wanted);
    notify('info', t('actions.rescaleBegun', { n: wanted }));
    void awaitRescaling(job.jid, request, wanted).then(changed);
  };
  return (
    <Ask action="rescale" close={close} act={act} ready={wanted > 0 && wanted !== now}>
      <Field
        id="new-parallelism"
        label={t('vertex.parallelism')}
        hint={t('actions.rescaleHint', { now, max: job.maxParallelism })}
      >
        <TextInput
          id="new-parallelism"
          value={parallelism}
          change={setParallelism}
          fault={wanted === 0}
          numeric
        />
      </Field>
    </Ask>
  );
}

function EndQuestion({ action, job, close, changed }: QuestionProps & { action: 'cancel' | 'forget' }) {
  const act = async (): Promise<void> => {
    if (action === 'cancel') {
      await cancelJob(job.jid);
      changed();
    } else {
      await forgetJob(job.jid);
      goTo(link('jobs'));
    }
    cluster.refresh();
  };
  return <Ask action={action} close={close} act={act} />;
}
