/**
 * Swapping the component of an operator: which operator, which component (uploaded before or now), how far it is, and how it
 * ended. The dialog stays until it has: a refusal is read where one can choose anew.
 */
import { useRef, useState } from 'preact/hooks';
import { components, uploadComponent } from '../../api/components';
import type { Job } from '../../api/job';
import { swapComponent } from '../../api/operations';
import { t } from '../../i18n';
import { duration, percent } from '../../i18n/format';
import { asApiError } from '../../model/live';
import { awaitOperation } from '../../model/requests';
import { useResource } from '../../model/resource';
import { Dialog } from '../../parts/dialog';
import { Field, Select } from '../../parts/field';
import { Icon } from '../../parts/icon';
import { Message } from '../../parts/panel';

type Stage =
  | { at: 'choose' }
  | { at: 'upload'; share: number }
  | { at: 'swap' }
  | { at: 'done'; words: string }
  | { at: 'refused'; words: string };

/** Operators that run in a component; the host's own sinks of dead letters do not. */
export function swappable(job: Job): string[] {
  const operators = job.plan.flatMap((node) => node.operators);
  const own = operators.filter((operator) => operator.kind === 'operator' && operator.uid !== '');
  return [...new Set(own.map((operator) => operator.uid))];
}

export function SwapQuestion({ job, close, changed }: { job: Job; close: () => void; changed: () => void }) {
  const operators = swappable(job);
  const { value: known, error, reload } = useResource(components, []);
  const [operator, setOperator] = useState(operators[0] ?? '');
  const [chosen, setChosen] = useState('');
  const [stage, setStage] = useState<Stage>({ at: 'choose' });
  const input = useRef<HTMLInputElement>(null);
  const component = chosen !== '' ? chosen : (known?.[0]?.id ?? '');
  const busy = stage.at === 'upload' || stage.at === 'swap';

  const guarded = async (act: () => Promise<Stage>): Promise<void> => {
    try {
      setStage(await act());
    } catch (caught) {
      setStage({ at: 'refused', words: asApiError(caught).message });
    }
  };
  const take = (file: File): Promise<void> =>
    guarded(async () => {
      setStage({ at: 'upload', share: 0 });
      setChosen(await uploadComponent(file, (share) => setStage({ at: 'upload', share })));
      reload();
      return { at: 'choose' };
    });
  const swap = (): Promise<void> =>
    guarded(async () => {
      setStage({ at: 'swap' });
      const gave = await awaitOperation(job.jid, 'swap', await swapComponent(job.jid, operator, component));
      changed();
      const how = gave.flag('in-place') ? 'actions.swapInPlace' : 'actions.swapDeployed';
      return { at: 'done', words: t(how, { pause: duration(Math.ceil(gave.number('pause-ms'))) }) };
    });

  const foot = (
    <>
      <button type="button" class="button" onClick={close}>
        {t(stage.at === 'done' ? 'common.close' : 'common.back')}
      </button>
      {stage.at !== 'done' && (
        <button
          type="button"
          class="button primary"
          data-confirm="swap"
          disabled={busy || operator === '' || component === ''}
          onClick={() => void swap()}
        >
          {t('actions.swap')}
        </button>
      )}
    </>
  );
  return (
    <Dialog title={t('actions.swap.title')} close={close} foot={foot}>
      <p>{t('actions.swap.text')}</p>
      <Field id="swap-operator" label={t('vertex.operator')}>
        <Select
          id="swap-operator"
          value={operator}
          change={setOperator}
          options={operators.map((uid) => ({ id: uid, words: uid }))}
        />
      </Field>
      <Field
        id="swap-component"
        label={t('actions.swapComponent')}
        hint={t('actions.swapHint')}
        fault={error === null ? null : error.message}
      >
        <Select
          id="swap-component"
          value={component}
          change={setChosen}
          options={(known ?? []).map((it) => ({ id: it.id, words: `${it.name} (${it.digest.slice(0, 8)})` }))}
        />
      </Field>
      <span>
        <button type="button" class="button" disabled={busy} onClick={() => input.current?.click()}>
          <Icon name="submit" />
          {t('actions.swapUpload')}
        </button>
        <input
          id="swap-file"
          ref={input}
          type="file"
          hidden
          accept=".wasm"
          aria-label={t('actions.swapUpload')}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file !== undefined) void take(file);
            event.currentTarget.value = '';
          }}
        />
      </span>
      <Progress stage={stage} />
    </Dialog>
  );
}

function Progress({ stage }: { stage: Stage }) {
  switch (stage.at) {
    case 'choose':
      return null;
    case 'upload':
      return (
        <p role="status" data-swap="upload">
          {stage.share < 1 ? percent(stage.share) : t('submit.compiling')}
        </p>
      );
    case 'swap':
      return (
        <p role="status" data-swap="swap">
          {t('actions.swapBegun')}
        </p>
      );
    case 'done':
      return (
        <div data-swap="done">
          <Message tone="ok">{stage.words}</Message>
        </div>
      );
    case 'refused':
      return (
        <div data-swap="refused">
          <Message tone="bad">{t('actions.swapFailed', { cause: stage.words })}</Message>
        </div>
      );
  }
}
