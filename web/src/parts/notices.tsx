/** The messages in the corner. */
import { t } from '../i18n';
import { dismiss, notices } from '../model/notices';
import { Icon } from './icon';

export function Notices() {
  return (
    <div class="notices" aria-live="polite">
      {notices.value.map((notice) => (
        <div class={`message tone-${notice.tone}`} key={notice.id}>
          <Icon name={notice.tone === 'ok' ? 'check' : notice.tone === 'bad' ? 'warning' : 'info'} />
          <div class="spring">{notice.text}</div>
          <button
            type="button"
            class="button bare small"
            aria-label={t('common.close')}
            onClick={() => dismiss(notice.id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
