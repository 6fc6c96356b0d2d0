/** Asks for a token when the cluster wants one. */
import { useState } from 'preact/hooks';
import { setToken, tokenWanted } from '../api/http';
import { t } from '../i18n';
import { cluster } from '../model/cluster';
import { Dialog } from './dialog';

export function TokenDialog() {
  const [token, change] = useState('');
  if (!tokenWanted.value) return null;
  const close = (): void => {
    tokenWanted.value = false;
  };
  return (
    <Dialog title={t('token.title')} close={close}>
      <p>{t('token.text')}</p>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          setToken(token.trim());
          cluster.refresh();
        }}
      >
        <input
          class="input"
          type="password"
          autocomplete="off"
          aria-label={t('token.title')}
          value={token}
          onInput={(event) => change(event.currentTarget.value)}
        />
        <button type="submit" class="button primary">
          {t('token.use')}
        </button>
      </form>
    </Dialog>
  );
}
