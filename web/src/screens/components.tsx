/** Components that were uploaded: what is in them, which jobs use them, run or delete them. */
import { useState } from 'preact/hooks';
import { component, components, deleteComponent, type Component } from '../api/components';
import { t } from '../i18n';
import { jobs } from '../model/cluster';
import { clusterCli } from '../model/command_line';
import { attempt } from '../model/requests';
import { useResource } from '../model/resource';
import { goTo, link } from '../model/route';
import { Badge } from '../parts/badge';
import { Command } from '../parts/command';
import { ComponentContents, ComponentFacts } from '../parts/component_contents';
import { ComponentTable } from '../parts/component_table';
import { Dialog } from '../parts/dialog';
import { Filter, matches } from '../parts/filter';
import { Icon } from '../parts/icon';
import { Empty, Page, Panel, Refusal, Waiting } from '../parts/panel';

export function ComponentsScreen({ id }: { id: string | undefined }) {
  return id === undefined ? <All /> : <One id={id} key={id} />;
}

function All() {
  const { value, error } = useResource(components, [], 5000);
  const [filter, setFilter] = useState('');
  const shown = value?.filter((one) => matches(filter, one.name, one.digest, ...one.languages));
  return (
    <Page
      title={t('nav.components')}
      head={
        <>
          <span class="spring" />
          <Filter value={filter} change={setFilter} />
          <a class="button primary" href={link('submit')}>
            <Icon name="submit" />
            {t('components.upload')}
          </a>
        </>
      }
    >
      <Refusal error={value === null ? null : error} />
      <Panel flush label={t('nav.components')}>
        {shown === undefined ? (
          <Waiting error={error} />
        ) : shown.length === 0 ? (
          <Empty>{value?.length === 0 ? t('components.none') : t('components.noMatch')}</Empty>
        ) : (
          <ComponentTable rows={shown} label={t('nav.components')} href={(row) => link('components', row.id)} />
        )}
      </Panel>
    </Page>
  );
}

function One({ id }: { id: string }) {
  const { value, error } = useResource((abort) => component(id, abort), [id]);
  const [asked, ask] = useState(false);
  if (value === null) {
    return (
      <Page title={t('nav.components')}>
        <Waiting error={error} />
      </Page>
    );
  }
  return (
    <Page
      title={value.name || value.file}
      head={
        <>
          <code class="faint">{value.file}</code>
          <span class="spring" />
          <a class="button primary" href={link('submit', value.id)}>
            <Icon name="play" />
            {t('submit.run')}
          </a>
          <span class="button-pair">
            <button type="button" class="button danger" onClick={() => ask(true)}>
              <Icon name="trash" />
              {t('components.delete')}
            </button>
            <Command
              cli={clusterCli(['components', 'delete', value.id])}
              rest={{ method: 'DELETE', path: `/components/${value.id}` }}
            />
          </span>
        </>
      }
    >
      <div class="split">
        <ComponentContents component={value} />
        <div class="stack">
          <Panel title={t('submit.component')}>
            <ComponentFacts component={value} />
          </Panel>
          <Users component={value} />
        </div>
      </div>
      {asked && <Delete component={value} close={() => ask(false)} />}
    </Page>
  );
}

function Users({ component }: { component: Component }) {
  const own = jobs.value?.filter((job) => component.jobs.includes(job.jid)) ?? [];
  return (
    <Panel title={t('nav.jobs')} flush>
      {own.length === 0 ? (
        <Empty>{t('components.unused')}</Empty>
      ) : (
        <ul class="list">
          {own.map((job) => (
            <li key={job.jid}>
              <a class="list-line" href={link('job', job.jid, 'overview')}>
                <Badge state={job.state} />
                <span class="name cut">{job.name}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Delete({ component, close }: { component: Component; close: () => void }) {
  const act = async (): Promise<void> => {
    if (await attempt(() => deleteComponent(component.id))) goTo(link('components'));
    close();
  };
  return (
    <Dialog
      title={t('components.delete')}
      close={close}
      foot={
        <>
          <button type="button" class="button" onClick={close}>
            {t('common.back')}
          </button>
          <button type="button" class="button danger" onClick={() => void act()}>
            {t('components.delete')}
          </button>
        </>
      }
    >
      <p>{t('components.deleteText', { name: component.file })}</p>
    </Dialog>
  );
}
