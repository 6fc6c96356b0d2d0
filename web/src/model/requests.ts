/** What takes the cluster a while: begin it, ask until it is done, say how it ended. */
import { savepoint } from '../api/checkpoints';
import { t } from '../i18n';
import { asApiError } from './live';
import { notify } from './notices';

const ASK_EVERY_MS = 500;

/** Asks about a savepoint until it is there; returns its path, or null if it failed. */
export async function awaitSavepoint(jid: string, request: string): Promise<string | null> {
  for (;;) {
    const state = await savepoint(jid, request);
    if (state.status === 'COMPLETED') {
      notify('ok', t('actions.savepointDone', { path: state.location }));
      return state.location;
    }
    if (state.status === 'FAILED') {
      notify('bad', t('actions.savepointFailed', { cause: state.cause }));
      return null;
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

/** Does something and reports a refusal. Returns whether it went well. */
export async function attempt(act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    notify('bad', asApiError(error).message);
    return false;
  }
}
