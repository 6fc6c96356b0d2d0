/** Which answer belongs to which request of the mock cluster. */
import type { MockCluster } from './mock_cluster.ts';
import type { MockJob } from './mock_jobs.ts';

type Json = Record<string, unknown>;

export function answers(
  cluster: MockCluster,
  method: string,
  path: readonly string[],
  body: string,
  query: URLSearchParams,
): Json | Json[] | null {
  const [first, second] = path;
  switch (first) {
    case 'overview':
      return cluster.overview();
    case 'jobs': {
      if (second === 'overview') return cluster.jobsOverview();
      const job = cluster.find(second ?? '');
      return job === undefined ? null : ofJob(cluster, job, method, path.slice(2), query);
    }
    case 'components':
      return ofComponents(cluster, path.slice(1), body);
    case 'job-files':
      return second === 'run' ? cluster.run('word-count-file') : validation(cluster.components[1]?.plan ?? {}, []);
    case 'taskmanagers': {
      const all = cluster.taskManagers();
      return second === undefined ? all : ((all['taskmanagers'] as Json[])[0] ?? null);
    }
    case 'jobmanager':
      return ofJobManager(second ?? '');
    default:
      return null;
  }
}

function validation(plan: Json, errors: string[]): Json {
  return { valid: errors.length === 0, errors, warnings: [], plan: errors.length === 0 ? plan : null };
}

function ofComponents(cluster: MockCluster, path: readonly string[], body: string): Json | null {
  const [id, verb] = path;
  if (id === undefined) {
    return {
      files: cluster.components.map(({ name, inspect }) => ({
        id: inspect['digest'], name: `${name}.wasm`, uploaded: Date.now() - 900_000, size: inspect['bytes'],
        digest: inspect['digest'], 'compile-ms': 412, languages: ['rust'],
      })),
    };
  }
  if (id === 'upload') return { filename: 'word_count.wasm', status: 'success', id: cluster.components[1]?.inspect['digest'] };
  const found = cluster.components.find((one) => one.inspect['digest'] === id);
  if (found === undefined) return null;
  const request = (body === '' ? {} : JSON.parse(body)) as { parameters?: Record<string, string> };
  const missing = found.name === 'word_count' && request.parameters?.['path'] === undefined;
  switch (verb) {
    case undefined:
      return { ...found.inspect, id, 'compile-ms': 412, jobs: cluster.jobs.slice(0, 1).map((job) => ({ jid: job.jid, name: job.name, state: job.state })) };
    case 'validate':
      return validation(found.plan, missing ? ['parameter path: it is missing, give a string'] : []);
    case 'preview':
      return { sinks: { alerts: Array.from({ length: 8 }, (_, n) => ({ account: `acct-${n}`, small_id: n, large_id: n + 9, cents: 99 })) } };
    case 'run':
      return cluster.run(found.name.replace('_', '-'));
    default:
      return null;
  }
}

function ofJob(cluster: MockCluster, job: MockJob, method: string, path: readonly string[], query: URLSearchParams): Json | Json[] | null {
  const [what, id, inner] = path;
  if (method === 'PATCH' && what === undefined) {
    cluster.end(job, 'CANCELED');
    return {};
  }
  if (method === 'DELETE') {
    cluster.jobs = cluster.jobs.filter((one) => one !== job);
    return {};
  }
  switch (what) {
    case undefined:
      return cluster.job(job);
    case 'vertices':
      return inner === 'watermarks' ? cluster.watermarks(job, id ?? '') : cluster.vertex(job, id ?? '');
    case 'checkpoints':
      if (id === 'details') return cluster.checkpointSubtasks(job, path[4] ?? '');
      if (id === 'config') return { mode: 'exactly_once', interval: job.checkpointMs, timeout: 600_000, min_pause: 0, max_concurrent: 1, state_backend: 'rocksdb', tolerable_failed_checkpoints: 3 };
      return cluster.checkpoints(job);
    case 'savepoints':
      return id === undefined ? cluster.begin() : cluster.progress(job, id);
    case 'rescaling':
    case 'swap':
      return id === undefined ? cluster.begin() : cluster.progress(job, id);
    case 'stop':
      cluster.end(job, 'FINISHED');
      return cluster.begin();
    default:
      return ofJobDetails(job, path, query);
  }
}

function ofJobDetails(job: MockJob, path: readonly string[], query: URLSearchParams): Json | null {
  const now = Date.now();
  switch (path[0]) {
    case 'config':
      return {
        jid: job.jid,
        name: job.name,
        'execution-config': {
          'restart-strategy': 'exponential delay, from 1s to 1m', 'job-parallelism': 2,
          'user-config': { path: 'data/payments.jsonl', out: '', rate: '50000' },
        },
        settings: { 'execution.checkpointing.interval': '10s', 'state.backend': 'rocksdb' },
        grants: {},
        components: ['4d0bd67f8f419fb03be80463d063c70b32e8c8f34c8a1cbb15482e43b4023fa3'],
      };
    case 'exceptions': {
      const entries = Array.from({ length: job.restarts }, (_, n) => ({
        exceptionName: 'guest trap', timestamp: now - n * 61_000, taskName: 'detect -> print (2/2)', location: 'localhost', endpoint: 'localhost',
        stacktrace: 'operator "detect" subtask 1: the guest trapped: wasm `unreachable` instruction executed\n  at detect::on_record (sample_fraud_detection.wasm + 0x1c3f2)\n  at wasmill_sdk::operator::process_batch',
        concurrentExceptions: [],
      }));
      return {
        'root-exception': entries[0]?.stacktrace ?? null, timestamp: entries[0]?.timestamp ?? null,
        exceptionHistory: { entries, truncated: false },
        restarts: entries.map((entry, n) => ({ timestamp: entry.timestamp, delay: 1000 * 2 ** n, cause: 'operator "detect" subtask 1: the guest trapped' })),
      };
    }
    case 'states':
      return path[1] === undefined ? { checkpoint: 1164, 'trigger-timestamp': now - 4000, states: states(job) } : lookup(job, path, query);
    case 'dead-letters':
      return {
        entries: Array.from({ length: 3 }, (_, n) => ({
          at: now - n * 5000, job: job.name, operator: 'detect', uids: ['detect'], input: 0, timestamp: now - n * 5000, key: `acct-${n}`,
          value: { id: n, cents: -1 }, error: { kind: 'trapped', message: 'the guest trapped: integer overflow', backtrace: [] },
        })),
      };
    case 'limits':
      return { operators: job.vertices.flatMap((vertex) => vertex.operators.map(([uid]) => ({ uid, limits: [{ name: 'guest.memory', limit: 268435456, used: 21_000_000 }, { name: 'guest.call-timeout', limit: 10_000, used: 12 }] }))) };
    case 'why':
      return { answers: answersOf(job) };
    case 'logs':
      return {
        entries: Array.from({ length: 40 }, (_, n) => ({
          time: now - n * 2300, level: n % 9 === 4 ? 'WARN' : n % 13 === 7 ? 'ERROR' : 'INFO', operator: 'detect', subtask: n % 2,
          message: n % 9 === 4 ? 'suspicious payment of acct-17: 3 cents, then 120,000' : `habit of acct-${n} is ${n + 10} payments`,
        })),
      };
    default:
      return null;
  }
}

function states(job: MockJob): Json[] {
  return job.vertices.flatMap((vertex) =>
    vertex.operators.flatMap(([uid, , , names]) =>
      (names ?? []).map((name) => ({ uid, name, kind: 'value', 'key-schema': 'string', schema: 'Habit', entries: 1200, bytes: 91_000 })),
    ),
  );
}

function lookup(job: MockJob, path: readonly string[], query: URLSearchParams): Json {
  const key = query.get('key');
  const keys = key === null ? Array.from({ length: Number(query.get('limit') ?? 20) }, (_, n) => `acct-${n}`) : [JSON.parse(key) as string];
  return {
    checkpoint: 1164, 'trigger-timestamp': Date.now() - 4000, job: job.name, state: path.slice(1).join('/'),
    entries: keys.map((one, n) => ({ key: one, value: { payments: n + 3, cents: 1200 * n } })), truncated: key === null,
  };
}

function answersOf(job: MockJob): Json[] {
  if (!job.vertices.some((vertex) => vertex.backPressured > 0.5)) {
    return [{ question: 'slow', sentence: 'Nothing holds this job up: no task is back-pressured.', severity: 'info', operator: null, evidence: {} }];
  }
  return [
    { question: 'slow', sentence: 'The operator "customer sessions" is the bottleneck: it is busy 97% of the time and its input queue is 98% full.', severity: 'warning', operator: 'sessions', evidence: { 'busy-ratio': 0.97, 'queue-fill': 0.98 } },
    { question: 'no-output', sentence: 'Windows of "customer sessions" wait for the watermark, which is held by "exchange rates": its last record is 61 s old.', severity: 'info', operator: 'rates', evidence: { 'watermark-lag-ms': 61_000 } },
  ];
}

function ofJobManager(what: string): Json | Json[] | null {
  if (what === 'config') {
    return [
      { key: 'parallelism.default', value: '1', origin: 'default' },
      { key: 'state.backend', value: 'rocksdb', origin: 'file' },
      { key: 'execution.checkpointing.interval', value: '10s', origin: 'environment' },
      { key: 'rest.port', value: '8081', origin: 'flag' },
      { key: 'guest.memory', value: '256MiB', origin: 'default' },
    ];
  }
  if (what === 'logs') return { logs: [{ name: 'wasmill.log', size: 120_394, mtime: Date.now() }] };
  return null;
}
