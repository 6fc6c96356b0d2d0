/** All jobs: filter by words and by state. */
import { useEffect, useState } from 'preact/hooks';
import { hasEnded } from '../api/states';
import { t } from '../i18n';
import { cluster, clusterEvents, jobs } from '../model/cluster';
import { clusterCli } from '../model/command_line';
import { Choices } from '../parts/choices';
import { Command } from '../parts/command';
import { Filter, matches } from '../parts/filter';
import { JobTable } from '../parts/job_table';
import { Empty, Page, Panel, Refusal, Waiting } from '../parts/panel';
import { SubmitButton } from '../parts/submit_button';

type Which = 'all' | 'active' | 'ended' | 'failed';

export function JobsScreen() {
  useEffect(() => clusterEvents.use(), []);
  const [filter, setFilter] = useState('');
  const [which, setWhich] = useState<Which>('all');
  const list = jobs.value;
  const choices = (['all', 'active', 'ended', 'failed'] as const).map((id) => ({ id, words: t(`jobs.${id}`) }));
  const shown = list?.filter(
    (job) =>
      matches(filter, job.name, job.jid, job.state) &&
      (which === 'all' ||
        (which === 'failed' ? job.state === 'FAILED' : hasEnded(job.state) === (which === 'ended'))),
  );
  return (
    <Page
      title={t('nav.jobs')}
      head={
        <>
          <span class="spring" />
          <Filter value={filter} change={setFilter} />
          <Choices label={t('jobs.state')} choices={choices} chosen={which} choose={setWhich} />
          <Command cli={clusterCli(['list'])} rest={{ method: 'GET', path: '/jobs/overview' }} />
          <SubmitButton />
        </>
      }
    >
      {shown === undefined ? (
        <Waiting error={cluster.error.value} />
      ) : (
        <>
          <Refusal error={cluster.error.value} />
          <Panel flush label={t('nav.jobs')}>
            {shown.length === 0 ? (
              <Empty>
                <p>{list?.length === 0 ? t('jobs.none') : t('jobs.noMatch')}</p>
              </Empty>
            ) : (
              <JobTable jobs={shown} label={t('nav.jobs')} />
            )}
          </Panel>
        </>
      )}
    </Page>
  );
}
