/** `/jobs/:jid/exceptions`: why tasks failed, and what the job did about it. */
import type { Fields } from './fields';
import { getFields, part } from './http';

export interface TaskException {
  name: string;
  stacktrace: string;
  time: number | null;
  task: string;
  location: string;
  concurrent: TaskException[];
}

export interface Restart {
  time: number | null;
  delay: number;
  cause: string;
}

export interface Exceptions {
  root: string;
  rootTime: number | null;
  entries: TaskException[];
  truncated: boolean;
  restarts: Restart[];
}

function decodeException(json: Fields): TaskException {
  return {
    name: json.text('exceptionName'),
    stacktrace: json.text('stacktrace'),
    time: json.time('timestamp'),
    task: json.text('taskName'),
    location: json.text('location', json.text('endpoint')),
    concurrent: json.list('concurrentExceptions', decodeException),
  };
}

export function decodeExceptions(json: Fields): Exceptions {
  const history = json.fields('exceptionHistory');
  return {
    root: json.text('root-exception'),
    rootTime: json.time('timestamp'),
    entries: history.list('entries', decodeException),
    truncated: history.flag('truncated'),
    restarts: json.list('restarts', (restart) => ({
      time: restart.time('timestamp'),
      delay: restart.number('delay'),
      cause: restart.text('cause'),
    })),
  };
}

export async function exceptions(jid: string, abort?: AbortSignal): Promise<Exceptions> {
  return decodeExceptions(await getFields(`/jobs/${part(jid)}/exceptions`, abort));
}
