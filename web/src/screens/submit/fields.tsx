/** The fields of a run: parameters of the job, how it is executed, and what it is granted. */
import type { DeclaredOperator, Parameter } from '../../api/components';
import { checkpoints } from '../../api/checkpoints';
import { t } from '../../i18n';
import { time } from '../../i18n/format';
import { jobs } from '../../model/cluster';
import { useResource } from '../../model/resource';
import { faultOf, RESTART_STRATEGIES, STATE_BACKENDS, type RunForm } from '../../model/run_form';
import { Field, Select, TextInput } from '../../parts/field';
import { Empty, Panel } from '../../parts/panel';

interface FormProps {
  form: RunForm;
  change: (part: Partial<RunForm>) => void;
}

export function ParameterFields({ parameters, form, change }: FormProps & { parameters: readonly Parameter[] }) {
  if (parameters.length === 0) return <Empty>{t('submit.noParameters')}</Empty>;
  return (
    <>
      {parameters.map((parameter) => (
        <ParameterField key={parameter.name} parameter={parameter} form={form} change={change} />
      ))}
    </>
  );
}

function ParameterField({ parameter, form, change }: FormProps & { parameter: Parameter }) {
  const id = `parameter-${parameter.name}`;
  const typed = form.parameters[parameter.name];
  const fault = faultOf(parameter, typed);
  const set = (value: string): void => {
    const { [parameter.name]: _, ...others } = form.parameters;
    // A field that is emptied again means the default, unless an empty text is all the parameter can be given.
    const untouched = value === '' && (parameter.type !== 'string' || parameter.default !== null);
    change({ parameters: untouched ? others : { ...others, [parameter.name]: value } });
  };
  const label = (
    <>
      {parameter.name} <span class="faint">{parameter.type}</span>
    </>
  );
  // That a parameter is missing is said by the mark of the field; that it is wrong, in words.
  const words = fault === null || fault === 'missing' ? null : t(`fault.${fault}`);
  const hint = fault === 'missing' ? `${parameter.description} (${t('fault.missing')})` : parameter.description;
  return (
    <Field id={id} label={label} hint={hint} fault={words}>
      {parameter.type === 'boolean' ? (
        <Select
          id={id}
          value={typed ?? ''}
          change={set}
          options={[
            { id: '', words: t('submit.default', { value: parameter.default ?? '' }) },
            { id: 'true', words: 'true' },
            { id: 'false', words: 'false' },
          ]}
        />
      ) : (
        <TextInput
          id={id}
          value={typed ?? ''}
          change={set}
          placeholder={parameter.default ?? ''}
          fault={fault !== null}
          numeric={parameter.type === 'long'}
        />
      )}
    </Field>
  );
}

export function ExecutionFields({ jobName, form, change }: FormProps & { jobName: string }) {
  const byDefault = { id: '', words: t('submit.byConfig') };
  return (
    <>
      <Field id="parallelism" label={t('submit.parallelism')} hint={t('submit.parallelismHint')}>
        <TextInput
          id="parallelism"
          value={form.parallelism}
          change={(parallelism) => change({ parallelism })}
          placeholder={t('submit.byConfig')}
          fault={form.parallelism !== '' && !/^[1-9]\d*$/.test(form.parallelism)}
          numeric
        />
      </Field>
      <Field id="checkpoint-interval" label={t('submit.checkpointInterval')} hint={t('submit.checkpointIntervalHint')}>
        <TextInput
          id="checkpoint-interval"
          value={form.checkpointInterval}
          change={(checkpointInterval) => change({ checkpointInterval })}
          placeholder={t('submit.byConfig')}
        />
      </Field>
      <Field id="restart-strategy" label={t('submit.restartStrategy')}>
        <Select
          id="restart-strategy"
          value={form.restartStrategy}
          change={(restartStrategy) => change({ restartStrategy })}
          options={[byDefault, ...RESTART_STRATEGIES.map((id) => ({ id, words: id }))]}
        />
      </Field>
      <Field id="state-backend" label={t('submit.stateBackend')}>
        <Select
          id="state-backend"
          value={form.stateBackend}
          change={(stateBackend) => change({ stateBackend })}
          options={[byDefault, ...STATE_BACKENDS.map((id) => ({ id, words: id }))]}
        />
      </Field>
      <SavepointField jobName={jobName} form={form} change={change} />
    </>
  );
}

/** Where a run can begin: what earlier runs of the same job have left is suggested. */
function SavepointField({ jobName, form, change }: FormProps & { jobName: string }) {
  const { value: known } = useResource((abort) => restorable(jobName, abort), [jobName]);
  return (
    <>
      <Field id="savepoint" label={t('submit.savepoint')} hint={t('submit.savepointHint')}>
        <TextInput
          id="savepoint"
          value={form.savepoint}
          change={(savepoint) => change({ savepoint })}
          placeholder={t('submit.noSavepoint')}
          list="savepoints"
        />
      </Field>
      <datalist id="savepoints">
        {known?.map((one) => (
          <option key={one.path} value={one.path}>
            {one.words}
          </option>
        ))}
      </datalist>
      {form.savepoint !== '' && (
        <Field id="allow-non-restored-state" label={t('submit.allowNonRestored')} hint={t('submit.allowNonRestoredHint')}>
          <input
            id="allow-non-restored-state"
            type="checkbox"
            checked={form.allowNonRestoredState}
            onChange={(event) => change({ allowNonRestoredState: event.currentTarget.checked })}
          />
        </Field>
      )}
    </>
  );
}

/** The runs of a job that are looked at for savepoints. */
const RUNS_SEARCHED = 5;

async function restorable(name: string, abort: AbortSignal): Promise<{ path: string; words: string }[]> {
  const runs = (jobs.peek() ?? []).filter((job) => job.name === name).slice(0, RUNS_SEARCHED);
  const found = await Promise.all(runs.map((job) => checkpoints(job.jid, abort)));
  return found
    .flatMap((one) => one.history)
    .filter((one) => one.status === 'COMPLETED' && one.path !== '')
    .sort((a, b) => Number(b.isSavepoint) - Number(a.isSavepoint) || (b.triggerTime ?? 0) - (a.triggerTime ?? 0))
    .map((one) => ({
      path: one.path,
      words: `${one.isSavepoint ? t('checkpoints.savepoint') : t('checkpoints.checkpoint')} ${one.id}, ${time(one.latestAck)}`,
    }));
}

/** Directories for the operators that ask for one. */
export function GrantFields({ operators, form, change }: FormProps & { operators: readonly DeclaredOperator[] }) {
  if (operators.length === 0) return null;
  return (
    <Panel title={t('submit.grants')} note={t('submit.grantsNote')}>
      {operators.map(({ uid, name }) => (
        <Field key={uid} id={`grant-${uid}`} label={uid} hint={t('submit.grantHint', { name })}>
          <TextInput
            id={`grant-${uid}`}
            value={form.grants[uid] ?? ''}
            change={(directory) => change({ grants: { ...form.grants, [uid]: directory } })}
            placeholder={t('submit.noGrant')}
          />
        </Field>
      ))}
    </Panel>
  );
}
