/** The mock cluster as a plugin of the development server: `npm run dev` shows the console without a cluster. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connect, Plugin } from 'vite';
import { MockCluster } from './mock_cluster.ts';
import { answers } from './mock_answers.ts';

export function mock(): Plugin {
  const cluster = new MockCluster();
  const handle: Connect.NextHandleFunction = (request, response, next) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith('/v1/')) {
      next();
      return;
    }
    void body(request).then((text) => serve(cluster, request.method ?? 'GET', url, text, response));
  };
  return {
    name: 'mock-cluster',
    configureServer: (server) => {
      server.middlewares.use(handle);
    },
    configurePreviewServer: (server) => {
      server.middlewares.use(handle);
    },
  };
}

function serve(cluster: MockCluster, method: string, url: URL, text: string, response: ServerResponse): void {
  const path = url.pathname.slice('/v1'.length).split('/').filter((piece) => piece !== '').map(decodeURIComponent);
  if (path.at(-1) === 'events' || path.at(-1) === 'tap') {
    stream(cluster, path, response);
    return;
  }
  if (path[0] === 'jobmanager' && path[1] === 'log') {
    response.setHeader('Content-Type', 'text/plain');
    response.end('INFO the cluster is up\n');
    return;
  }
  const answer = answers(cluster, method, path, text, url.searchParams);
  response.statusCode = answer === null ? 404 : 'errors' in answer && !('valid' in answer) ? 400 : 200;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(answer ?? { errors: [`there is no ${path.join('/')}`] }));
}

function stream(cluster: MockCluster, path: string[], response: ServerResponse): void {
  response.setHeader('Content-Type', 'text/event-stream');
  const say = (event: string, data: unknown): void => {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  let number = 0;
  const timer = setInterval(
    () => {
      const job = cluster.find(path[1] ?? '');
      number += 1;
      if (path.length === 1) say('overview', { ...cluster.overview(), ...cluster.jobsOverview() });
      else if (job !== undefined && path.at(-1) === 'events') say('job', cluster.job(job));
      else say('record', { subtask: number % 2, timestamp: Date.now() - 900, key: `acct-${number % 7}`, value: { id: number, cents: 100 * number, note: 'ok' } });
    },
    path.at(-1) === 'tap' ? 200 : 1000,
  );
  response.on('close', () => clearInterval(timer));
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
