/** The shell: navigation, the screen of the present address, and what lies above it. */
import { useEffect } from 'preact/hooks';
import { t } from './i18n';
import { cluster } from './model/cluster';
import { route } from './model/route';
import { Help } from './parts/help';
import { Navigation } from './parts/navigation';
import { Notices } from './parts/notices';
import { Empty, Page } from './parts/panel';
import { TokenDialog } from './parts/token_dialog';
import { JobsScreen } from './screens/jobs';
import { OverviewScreen } from './screens/overview';
import { SubmitScreen } from './screens/submit/submit';

export function App() {
  useEffect(() => cluster.use(), []);
  return (
    <div class="shell">
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
      <Screen path={route.value} />
      <Notices />
      <Help />
      <TokenDialog />
    </div>
  );
}

function Screen({ path }: { path: readonly string[] }) {
  const [first, second] = path;
  switch (first) {
    case 'overview':
      return <OverviewScreen />;
    case 'jobs':
      return <JobsScreen />;
    case 'submit':
      return <SubmitScreen component={second} key={second} />;
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
