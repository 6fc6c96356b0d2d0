/** A sheet from the right with more about something on the page, closed by Escape or its button. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { onEscape } from '../model/shortcuts';
import { Icon } from './icon';

export function Drawer({
  title,
  close,
  about,
  tabs,
  children,
}: {
  title: string;
  close: () => void;
  /** Below the title. */
  about?: ComponentChildren;
  tabs?: ComponentChildren;
  children: ComponentChildren;
}) {
  useEffect(() => onEscape(close), [title]);
  return (
    <aside class="drawer" aria-label={title}>
      <div class="drawer-head">
        <div class="stack tight spring">
          <h2>{title}</h2>
          {about !== undefined && <div class="row">{about}</div>}
        </div>
        <button type="button" class="button bare" aria-label={t('common.close')} onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      {tabs}
      <div class="drawer-body">{children}</div>
    </aside>
  );
}
