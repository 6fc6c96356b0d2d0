/** A component before its run: what is in it, its parameters, how to run it, the plan that follows, and a preview. */
import { useEffect, useState } from 'preact/hooks';
import {
  component as fetchComponent,
  previewComponent,
  runComponent,
  validateComponent,
  type Component,
  type Validation,
} from '../../api/components';
import type { ApiError } from '../../api/http';
import { t } from '../../i18n';
import { cluster } from '../../model/cluster';
import { clusterCli } from '../../model/command_line';
import { asApiError } from '../../model/live';
import { useResource } from '../../model/resource';
import { goTo, link } from '../../model/route';
import { EMPTY_FORM, faultOf, restoreFrom, runCommand, runRequest, type RunForm } from '../../model/run_form';
import { Command } from '../../parts/command';
import { ComponentContents, ComponentFacts } from '../../parts/component_contents';
import { Icon } from '../../parts/icon';
import { Page, Panel, Refusal, Waiting } from '../../parts/panel';
import { ExecutionFields, GrantFields, ParameterFields } from './fields';
import { PlanPanel } from './plan_panel';
import { PreviewPanel } from './preview_panel';

/** The plan follows the form this long after the last key. */
const PLAN_DELAY_MS = 300;

export function ComponentForm({ id }: { id: string }) {
  const { value, error } = useResource((abort) => fetchComponent(id, abort), [id]);
  if (value === null) {
    return (
      <Page title={t('nav.submit')}>
        <Waiting error={error} />
      </Page>
    );
  }
  return <Form component={value} />;
}

function Form({ component }: { component: Component }) {
  const [form, setForm] = useState<RunForm>(() => ({ ...EMPTY_FORM, savepoint: restoreFrom.peek() }));
  const [starting, setStarting] = useState(false);
  const [refused, setRefused] = useState<ApiError | null>(null);
  const { validation, error } = usePlan(component, form);
  const change = (part: Partial<RunForm>): void => setForm({ ...form, ...part });
  const complete = component.parameters.every((one) => faultOf(one, form.parameters[one.name]) === null);

  const run = async (): Promise<void> => {
    setStarting(true);
    setRefused(null);
    try {
      const jid = await runComponent(component.id, runRequest(form));
      restoreFrom.value = '';
      cluster.refresh();
      goTo(link('job', jid, 'overview'));
    } catch (caught) {
      setRefused(asApiError(caught));
      setStarting(false);
    }
  };

  return (
    <Page
      title={component.name || component.file}
      head={
        <>
          <code class="faint">{component.file}</code>
          <span class="spring" />
          <span class="button-pair">
            <button
              type="button"
              class="button primary"
              data-action="run"
              disabled={!complete || starting || validation?.valid === false}
              onClick={() => void run()}
            >
              <Icon name="play" />
              {starting ? t('submit.starting') : t('submit.run')}
            </button>
            <Command
              cli={clusterCli(runCommand(component.file, form))}
              rest={{ method: 'POST', path: `/components/${component.id}/run`, body: runRequest(form) }}
            />
          </span>
        </>
      }
    >
      <Refusal error={refused} />
      <PlanPanel validation={validation} error={error} complete={complete} />
      <div class="split">
        <div class="stack">
          <Panel title={t('submit.parameters')}>
            <ParameterFields parameters={component.parameters} form={form} change={change} />
          </Panel>
          <Panel title={t('submit.execution')}>
            <ExecutionFields jobName={component.name} form={form} change={change} />
          </Panel>
          <GrantFields
            operators={component.operators.filter((operator) => operator.grants.includes('files'))}
            form={form}
            change={change}
          />
          <PreviewPanel
            ready={complete && validation?.valid === true}
            preview={(records) => previewComponent(component.id, runRequest(form), records)}
          />
        </div>
        <div class="stack">
          <Panel title={t('submit.component')}>
            <ComponentFacts component={component} />
          </Panel>
          <ComponentContents component={component} />
        </div>
      </div>
    </Page>
  );
}

/** The plan of the form as it is, asked for anew after each change. */
function usePlan(component: Component, form: RunForm): { validation: Validation | null; error: ApiError | null } {
  const [state, setState] = useState<{ validation: Validation | null; error: ApiError | null }>({
    validation: null,
    error: null,
  });
  const request = JSON.stringify(runRequest(form));
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      validateComponent(component.id, runRequest(form)).then(
        (validation) => {
          if (current) setState({ validation, error: null });
        },
        (caught: unknown) => {
          if (current) setState((old) => ({ validation: old.validation, error: asApiError(caught) }));
        },
      );
    }, PLAN_DELAY_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [component.id, request]);
  return state;
}
