/** The left column: where one can go, and the switches for theme and language. */
import mill from '../style/mill.svg';
import { t } from '../i18n';
import { cluster, jobs, overview } from '../model/cluster';
import { link, route } from '../model/route';
import { language, theme, type Theme } from '../model/settings';
import { helpShown } from '../model/shortcuts';
import { Icon, type IconName } from './icon';

export function Navigation() {
  const running = jobs.value?.filter((job) => job.state === 'RUNNING').length;
  return (
    <nav class="nav" aria-label={t('nav.label')}>
      <a class="nav-brand" href={link('overview')}>
        <img src={mill} alt="" />
        Wasmill
      </a>
      <Place icon="overview" words={t('nav.overview')} path={['overview']} />
      <Place icon="jobs" words={t('nav.jobs')} path={['jobs']} also="job" {...(running ? { count: running } : {})} />
      {overview.value?.submitEnabled !== false && (
        <>
          <Place icon="submit" words={t('nav.submit')} path={['submit']} />
          <Place icon="component" words={t('nav.components')} path={['components']} />
        </>
      )}
      <h3 class="nav-group">{t('nav.cluster')}</h3>
      <Place icon="worker" words={t('nav.taskManagers')} path={['task-manager']} />
      <Place icon="config" words={t('nav.jobManager')} path={['job-manager', 'config']} />
      <div class="nav-foot">
        <Connection />
        <div class="nav-switches">
          <ThemeSwitch />
          <button
            type="button"
            class="button bare small"
            aria-label={t('nav.language')}
            title={t('nav.language')}
            onClick={() => {
              language.value = language.value === 'en' ? 'zh' : 'en';
            }}
          >
            {language.value === 'en' ? '中文' : 'English'}
          </button>
          <button
            type="button"
            class="button bare small"
            aria-label={t('help.title')}
            title={`${t('help.title')} (?)`}
            onClick={() => {
              helpShown.value = true;
            }}
          >
            <Icon name="question" />
          </button>
        </div>
      </div>
    </nav>
  );
}

function Place({
  icon,
  words,
  path,
  also,
  count,
}: {
  icon: IconName;
  words: string;
  path: string[];
  also?: string;
  count?: number;
}) {
  const here = route.value[0] === path[0] || route.value[0] === also;
  return (
    <a class="nav-link" href={link(...path)} aria-current={here ? 'page' : undefined}>
      <Icon name={icon} />
      {words}
      {count !== undefined && <span class="nav-count">{count}</span>}
    </a>
  );
}

const NEXT_THEME: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const THEME_ICON: Record<Theme, IconName> = { system: 'system', light: 'sun', dark: 'moon' };

function ThemeSwitch() {
  const label = t(`theme.${theme.value}`);
  return (
    <button
      type="button"
      class="button bare small"
      aria-label={label}
      title={label}
      onClick={() => {
        theme.value = NEXT_THEME[theme.value];
      }}
    >
      <Icon name={THEME_ICON[theme.value]} />
    </button>
  );
}

function Connection() {
  const error = cluster.error.value;
  const version = overview.value?.version ?? '';
  return (
    <div class="nav-state" role="status">
      <span class={`dot tone-${error !== null ? 'bad' : overview.value === null ? 'off' : 'ok'}`} />
      <span class="cut">{error === null ? (version === '' ? t('nav.connecting') : version) : t('nav.lost')}</span>
    </div>
  );
}
