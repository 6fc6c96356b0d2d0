/** What the user has filled in before a run, and what becomes of it: the request and the command line. */
import { signal } from '@preact/signals';
import type { Parameter, RunRequest } from '../api/components';

export interface RunForm {
  /** What was typed, by parameter; what was not touched is absent. */
  parameters: Record<string, string>;
  /** Empty: what the configuration says. */
  parallelism: string;
  checkpointInterval: string;
  restartStrategy: string;
  stateBackend: string;
  /** Path of a savepoint or checkpoint; empty: begin with nothing. */
  savepoint: string;
  allowNonRestoredState: boolean;
  /** Directories by the uid of the operator that asks. */
  grants: Record<string, string>;
}

export const EMPTY_FORM: RunForm = {
  parameters: {},
  parallelism: '',
  checkpointInterval: '',
  restartStrategy: '',
  stateBackend: '',
  savepoint: '',
  allowNonRestoredState: false,
  grants: {},
};

/** The savepoint or checkpoint that the next run is to begin with, chosen on another screen. */
export const restoreFrom = signal('');

/** Configuration keys behind the fields of the form. */
const SETTINGS = [
  ['execution.checkpointing.interval', 'checkpointInterval'],
  ['restart-strategy.type', 'restartStrategy'],
  ['state.backend', 'stateBackend'],
] as const;

export const RESTART_STRATEGIES = ['auto', 'exponential-delay', 'fixed-delay', 'failure-rate', 'none'] as const;
export const STATE_BACKENDS = ['filesystem', 'rocksdb', 'memory'] as const;

export function runRequest(form: RunForm): RunRequest {
  const request: RunRequest = { parameters: { ...form.parameters }, settings: {}, grants: grantsOf(form) };
  const parallelism = Number.parseInt(form.parallelism, 10);
  if (Number.isInteger(parallelism) && parallelism > 0) request.parallelism = parallelism;
  for (const [key, field] of SETTINGS) {
    if (form[field].trim() !== '') request.settings[key] = form[field].trim();
  }
  if (form.savepoint.trim() !== '') {
    request.savepointPath = form.savepoint.trim();
    if (form.allowNonRestoredState) request.allowNonRestoredState = true;
  }
  return request;
}

function grantsOf(form: RunForm): Record<string, string> {
  const given = Object.entries(form.grants).filter(([, directory]) => directory.trim() !== '');
  return Object.fromEntries(given.map(([uid, directory]) => [`files:${uid}`, directory.trim()]));
}

/** The words after `wasmill` that run the same. */
export function runCommand(file: string, form: RunForm): string[] {
  const request = runRequest(form);
  const words = ['submit', file];
  for (const [name, value] of Object.entries(request.parameters)) words.push('--param', `${name}=${value}`);
  if (request.parallelism !== undefined) words.push('-p', String(request.parallelism));
  for (const [key, value] of Object.entries(request.settings)) words.push('-D', `${key}=${value}`);
  for (const [grant, directory] of Object.entries(request.grants)) words.push('--grant', `${grant}=${directory}`);
  if (request.savepointPath !== undefined) words.push('--restore', request.savepointPath);
  if (request.allowNonRestoredState === true) words.push('--allow-non-restored-state');
  return words;
}

export type Fault = 'missing' | 'long' | 'double' | 'boolean';

/** What is wrong with the value of a parameter, if anything. */
export function faultOf(parameter: Parameter, value: string | undefined): Fault | null {
  if (value === undefined) return parameter.default === null ? 'missing' : null;
  switch (parameter.type) {
    case 'long':
    case 'int':
      return /^\s*[+-]?\d+\s*$/.test(value) ? null : 'long';
    case 'double':
    case 'float':
      return value.trim() !== '' && Number.isFinite(Number(value)) ? null : 'double';
    case 'boolean':
      return /^(true|false)$/.test(value) ? null : 'boolean';
    default:
      return null;
  }
}
