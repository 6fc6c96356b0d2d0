/** What a state of a job, task or checkpoint looks like: always the word, the colour only helps. */
import { t, tName } from '../i18n';

export type Tone = 'ok' | 'info' | 'warn' | 'bad' | 'off';

const TONES: Record<string, Tone> = {
  RUNNING: 'ok',
  COMPLETED: 'ok',
  FINISHED: 'info',
  FAILED: 'bad',
  FAILING: 'bad',
  RESTARTING: 'warn',
  CANCELLING: 'warn',
  CANCELING: 'warn',
  INITIALIZING: 'warn',
  RECONCILING: 'warn',
  DEPLOYING: 'warn',
  SCHEDULED: 'warn',
  IN_PROGRESS: 'warn',
  CREATED: 'off',
  CANCELED: 'off',
  SUSPENDED: 'off',
};

export function toneOf(state: string): Tone {
  return TONES[state] ?? 'off';
}

export function Badge({ state }: { state: string }) {
  return (
    <span class={`badge tone-${toneOf(state)}`} data-state={state}>
      {tName('state', state)}
    </span>
  );
}

/** How many tasks are in each state, without the states that have none. */
export function TaskCounts({ tasks }: { tasks: Record<string, number> }) {
  const present = Object.entries(tasks).filter(([state, number]) => state !== 'total' && number > 0);
  return (
    <span class="row tight">
      {present.map(([state, number]) => {
        const name = tName('state', state.toUpperCase());
        return (
          <span class={`badge tone-${toneOf(state.toUpperCase())}`} title={t('tasks.inState', { number, state: name })}>
            {number}
          </span>
        );
      })}
    </span>
  );
}
