/** The shell: navigation, the screen of the present address, and what lies above it. */
import { useEffect } from 'preact/hooks';
import { t } from './i18n';
import { cluster } from './model/cluster';
import { route } from './model/route';
import { Boundary } from './parts/boundary';
import { Help } from './parts/help';
import { Navigation } from './parts/navigation';
import { Notices } from './parts/notices';
import { Empty, Page } from './parts/panel';
import { TokenDialog } from './parts/token_dialog';
import { ComponentsScreen } from './screens/components';
import { JobScreen } from './screens/job/job';
import { JobManagerScreen } from './screens/job_manager';
import { JobsScreen } from './screens/jobs';
import { OverviewScreen } from './screens/overview';
import { SubmitScreen } from './screens/submit/submit';
import { TaskManagersScreen } from './screens/task_managers';

export function App() {
  useEffect(() => cluster.use(), []);
  return (
    <div class="shell" data-screen={route.value.join('/')}>
      <a
        class="skip"
        href="#page"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('page')?.focus();
        }}
      >
        {t('nav.skip')}
      </a>
      <Navigation />
      <Boundary place={route.value.join('/')}>
        <Screen path={route.value} />
      </Boundary>
      <Notices />
      <Help />
      <TokenDialog />
    </div>
  );
}

function Screen({ path }: { path: readonly string[] }) {
  const [first, second, ...rest] = path;
  switch (first) {
    case 'overview':
      return <OverviewScreen />;
    case 'jobs':
      return <JobsScreen />;
    case 'submit':
      return <SubmitScreen component={second} key={second} />;
    case 'components':
      return <ComponentsScreen id={second} />;
    case 'task-manager':
      return <TaskManagersScreen id={second} />;
    case 'job-manager':
      return <JobManagerScreen tab={second ?? 'config'} />;
    case 'job':
      if (second !== undefined) return <JobScreen jid={second} path={rest} key={second} />;
      return <NotFound />;
    default:
      return <NotFound />;
  }
}

function NotFound() {
  return (
    <Page title={t('notFound.title')}>
      <Empty>
        <p>{t('notFound.text')}</p>
        <p>
          <a href="#/overview">{t('nav.overview')}</a>
        </p>
      </Empty>
    </Page>
  );
}
