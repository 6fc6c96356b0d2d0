/** A question in front of the page. The browser keeps the focus inside and gives it back. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { onEscape } from '../model/shortcuts';
import { Icon } from './icon';

export function Dialog({
  title,
  close,
  foot,
  children,
}: {
  title: string;
  close: () => void;
  foot?: ComponentChildren;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    return onEscape(close);
  }, []);
  return (
    <dialog
      class="dialog"
      ref={dialog}
      aria-label={title}
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="panel-head">
        <h2>{title}</h2>
        <span class="spring" />
        <button type="button" class="button bare small" aria-label={t('common.close')} onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <div class="dialog-body">{children}</div>
      {foot !== undefined && <div class="dialog-foot">{foot}</div>}
    </dialog>
  );
}
