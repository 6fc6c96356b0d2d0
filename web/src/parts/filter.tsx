/** A field that narrows a list; `/` leads to it. */
import { t } from '../i18n';
import { Icon } from './icon';

export function Filter({ value, change }: { value: string; change: (value: string) => void }) {
  return (
    <div class="filter">
      <Icon name="search" />
      <input
        class="input"
        type="search"
        data-filter
        value={value}
        placeholder={t('common.filter')}
        aria-label={t('common.filter')}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </div>
  );
}

/** Whether every word of the filter is in one of the texts. */
export function matches(filter: string, ...texts: readonly string[]): boolean {
  const whole = texts.join('\n').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => whole.includes(word));
}
