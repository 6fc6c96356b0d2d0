/** The states of jobs and tasks, in Flink's words. What a state looks like is decided in `parts/badge`. */
const JOB_STATES = [
  'INITIALIZING',
  'CREATED',
  'RUNNING',
  'FAILING',
  'FAILED',
  'CANCELLING',
  'CANCELED',
  'FINISHED',
  'RESTARTING',
  'SUSPENDED',
  'RECONCILING',
] as const;

export type JobState = (typeof JOB_STATES)[number];

export function decodeJobState(text: string): JobState {
  const upper = text.toUpperCase();
  if (upper === 'CANCELING') return 'CANCELLING';
  if (upper === 'CANCELLED') return 'CANCELED';
  return JOB_STATES.find((state) => state === upper) ?? 'INITIALIZING';
}

/** Whether a job in this state will never change again. */
export function hasEnded(state: JobState): boolean {
  return state === 'FAILED' || state === 'CANCELED' || state === 'FINISHED' || state === 'SUSPENDED';
}

/** Whether a job in this state runs its tasks. */
export function isRunning(state: JobState): boolean {
  return state === 'RUNNING';
}
