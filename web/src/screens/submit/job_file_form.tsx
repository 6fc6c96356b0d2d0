/** A job file before its run: its text, what is wrong with it, and the plan. */
import { useEffect, useState } from 'preact/hooks';
import type { Validation } from '../../api/components';
import type { ApiError } from '../../api/http';
import { runJobFile, validateJobFile } from '../../api/job_files';
import { t } from '../../i18n';
import { cluster } from '../../model/cluster';
import { clusterCli } from '../../model/command_line';
import { asApiError } from '../../model/live';
import { goTo, link } from '../../model/route';
import { Command } from '../../parts/command';
import { Icon } from '../../parts/icon';
import { Page, Panel, Refusal } from '../../parts/panel';
import { PlanPanel } from './plan_panel';

const EXAMPLE = `name: my-job
operators:
  - uid: lines
    source: { type: text-files, path: "/path/to/*.txt" }
  - uid: errors
    component: standard
    parameters: { operator: filter, where: 'value.contains("ERROR")' }
    input: lines
  - uid: out
    sink: { type: print }
    input: errors
`;

const VALIDATE_DELAY_MS = 400;

export function JobFileForm({ first }: { first: string }) {
  const [yaml, setYaml] = useState(first === '' ? EXAMPLE : first);
  const [validation, setValidation] = useState<Validation | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [refused, setRefused] = useState<ApiError | null>(null);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      validateJobFile(yaml).then(
        (result) => {
          if (!current) return;
          setValidation(result);
          setError(null);
        },
        (caught: unknown) => {
          if (current) setError(asApiError(caught));
        },
      );
    }, VALIDATE_DELAY_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [yaml]);

  const run = async (): Promise<void> => {
    setRefused(null);
    try {
      const jid = await runJobFile(yaml);
      cluster.refresh();
      goTo(link('job', jid, 'overview'));
    } catch (caught) {
      setRefused(asApiError(caught));
    }
  };
  return (
    <Page
      title={t('submit.jobFile')}
      head={
        <>
          <span class="spring" />
          <span class="button-pair">
            <button
              type="button"
              class="button primary"
              data-action="run"
              disabled={validation?.valid !== true}
              onClick={() => void run()}
            >
              <Icon name="play" />
              {t('submit.run')}
            </button>
            <Command
              cli={clusterCli(['submit', 'job.yaml'])}
              rest={{ method: 'POST', path: '/job-files/run', body: { yaml } }}
            />
          </span>
        </>
      }
    >
      <Refusal error={refused} />
      <PlanPanel validation={validation} error={error} complete />
      <Panel title="YAML">
        <textarea
          class="textarea"
          rows={Math.min(Math.max(yaml.split('\n').length + 1, 12), 34)}
          spellcheck={false}
          aria-label="YAML"
          value={yaml}
          onInput={(event) => setYaml(event.currentTarget.value)}
        />
      </Panel>
    </Page>
  );
}
