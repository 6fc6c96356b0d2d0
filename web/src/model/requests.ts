/** What takes the cluster a while: begin it, ask until it is done, say how it ended. */
import { operation, type OperationKind } from '../api/operations';
import type { Fields } from '../api/fields';
import { t, type Key } from '../i18n';
import { duration } from '../i18n/format';
import { asApiError } from './live';
import { notify } from './notices';

const ASK_EVERY_MS = 500;

/** Asks about an operation until it has ended. Returns what it gave, or throws what was wrong. */
export async function awaitOperation(jid: string, kind: OperationKind, request: string): Promise<Fields> {
  for (;;) {
    const state = await operation(jid, kind, request);
    if (state.status === 'COMPLETED') return state.gave;
    if (state.status === 'FAILED') throw new Error(state.cause);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}

async function told(failed: Key, done: () => Promise<string>): Promise<boolean> {
  try {
    notify('ok', await done());
    return true;
  } catch (error) {
    notify('bad', t(failed, { cause: asApiError(error).message }));
    return false;
  }
}

/** Asks about a savepoint until it is there, and says how it ended. */
export function awaitSavepoint(jid: string, request: string): Promise<boolean> {
  return told('actions.savepointFailed', async () => {
    const gave = await awaitOperation(jid, 'savepoints', request);
    return t('actions.savepointDone', { path: gave.text('location') });
  });
}

/** Asks about a rescaling until it has ended, and says how. */
export function awaitRescaling(jid: string, request: string, parallelism: number): Promise<boolean> {
  return told('actions.rescaleFailed', async () => {
    const gave = await awaitOperation(jid, 'rescaling', request);
    return t('actions.rescaleDone', { n: parallelism, pause: duration(Math.ceil(gave.number('pause-ms'))) });
  });
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
