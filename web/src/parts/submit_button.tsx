/** The way to a new job, where the cluster takes any. */
import { t } from '../i18n';
import { overview } from '../model/cluster';
import { link } from '../model/route';
import { Icon } from './icon';

export function SubmitButton() {
  if (overview.value?.submitEnabled === false) return null;
  return (
    <a class="button primary" href={link('submit')}>
      <Icon name="submit" />
      {t('nav.submit')}
    </a>
  );
}
