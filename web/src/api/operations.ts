/** Operations on a job: what is begun by one request and asked about by another. */
import type { Fields } from './fields';
import { getFields, part, send } from './http';

export type OperationState =
  | { status: 'IN_PROGRESS' }
  | { status: 'COMPLETED'; gave: Fields }
  | { status: 'FAILED'; cause: string };

export function decodeOperation(json: Fields): OperationState {
  if (json.fields('status').text('id') !== 'COMPLETED') return { status: 'IN_PROGRESS' };
  const operation = json.fields('operation');
  const cause = operation.raw['failure-cause'];
  if (cause !== undefined && cause !== null) {
    const words = operation.fields('failure-cause');
    const text = typeof cause === 'string' ? cause : words.text('stack-trace', words.text('class'));
    return { status: 'FAILED', cause: text };
  }
  return { status: 'COMPLETED', gave: operation };
}

/** Which resource of a job an operation is asked about at. */
export type OperationKind = 'savepoints' | 'rescaling' | 'swap' | 'dead-letters/replay';

/** How far an operation is; the answer waits a little for its end. */
export async function operation(jid: string, kind: OperationKind, request: string): Promise<OperationState> {
  return decodeOperation(await getFields(`/jobs/${part(jid)}/${kind}/${part(request)}?wait-ms=1000`));
}

/** Begins to swap the component of an operator; returns the id to ask about it. */
export async function swapComponent(jid: string, operator: string, component: string): Promise<string> {
  return (await send('POST', `/jobs/${part(jid)}/swap`, { operator, component })).text('request-id');
}
