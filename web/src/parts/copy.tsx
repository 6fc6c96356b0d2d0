/** A line of text with a button that copies it. */
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { Icon } from './icon';

async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Without TLS the browser has no clipboard for us; a selected text field still does it.
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

export function CopyButton({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  const copy = (): void => {
    void copyText(text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    });
  };
  return (
    <button
      type="button"
      class={`button bare small ${done ? 'tone-ok' : ''}`}
      aria-label={done ? t('common.copied') : t('common.copy')}
      title={t('common.copy')}
      onClick={copy}
    >
      <Icon name={done ? 'check' : 'copy'} />
    </button>
  );
}

export function CopyLine({ text }: { text: string }) {
  return (
    <div class="line-to-copy">
      <pre>{text}</pre>
      <CopyButton text={text} />
    </div>
  );
}
