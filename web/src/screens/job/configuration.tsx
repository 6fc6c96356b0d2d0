/** What a job was submitted with. */
import { jobConfiguration } from '../../api/job';
import { t } from '../../i18n';
import { useResource } from '../../model/resource';
import { link } from '../../model/route';
import { Empty, Facts, Panel, Waiting } from '../../parts/panel';

export function ConfigurationTab({ jid }: { jid: string }) {
  const { value, error } = useResource((abort) => jobConfiguration(jid, abort), [jid]);
  if (value === null) return <Waiting error={error} />;
  return (
    <div class="columns">
      <Panel title={t('submit.parameters')}>
        {value.parameters.length === 0 ? (
          <Empty>{t('submit.noParameters')}</Empty>
        ) : (
          <Facts facts={value.parameters.map(([name, text]) => [name, <code>{text === '' ? '""' : text}</code>])} />
        )}
      </Panel>
      <Panel title={t('submit.execution')}>
        <Facts
          facts={[
            [t('submit.parallelism'), value.parallelism],
            [t('submit.restartStrategy'), value.restartStrategy || '–'],
            ...[...value.settings, ...value.grants].map(([name, text]) => [name, <code>{text}</code>] as const),
            [t('nav.components'), <Components digests={value.components} />],
          ]}
        />
      </Panel>
    </div>
  );
}

function Components({ digests }: { digests: readonly string[] }) {
  return (
    <span class="row row-wrap">
      {digests.map((digest) => (
        <a key={digest} href={link('components', digest)}>
          <code>{digest.slice(0, 16)}</code>
        </a>
      ))}
    </span>
  );
}
