/** Answers of the API become what the screens show; what is missing or strange never throws. */
import { expect, test } from 'vitest';
import { decodeCheckpoints, decodeSubtaskSnapshots } from '../src/api/checkpoints';
import { decodeOverview } from '../src/api/cluster';
import { decodeComponent, decodeValidation } from '../src/api/components';
import { decodeAnswers, decodeLimits, decodeLogs } from '../src/api/diagnosis';
import { decodeDeadLetters } from '../src/api/dead_letters';
import { decodeExceptions } from '../src/api/exceptions';
import { Fields } from '../src/api/fields';
import { decodeJob } from '../src/api/job';
import { decodeConfig } from '../src/api/job_manager';
import { decodeStateEntries, decodeStateList } from '../src/api/job_states';
import { decodeJobs } from '../src/api/jobs';
import { decodeOperation } from '../src/api/operations';
import { decodePlan } from '../src/api/plan';
import { decodeTaskManager } from '../src/api/task_managers';
import { decodeTapped, decodeVertexDetail, decodeWatermarks } from '../src/api/vertices';
import { answers } from '../dev/mock_answers';
import { MockCluster } from '../dev/mock_cluster';

const cluster = new MockCluster();
const job = cluster.jobs[1]!;

function ask(path: string): Fields {
  return new Fields(answers(cluster, 'GET', path.split('/'), '', new URLSearchParams({ limit: '5' })));
}

test('the overview of the cluster', () => {
  expect(decodeOverview(ask('overview'))).toMatchObject({ taskManagers: 1, slotsTotal: 16, version: '0.1.0' });
});

test('jobs with their states, rates and last checkpoint', () => {
  const list = decodeJobs(ask('jobs/overview'));
  expect(list.map((one) => one.state)).toContain('RESTARTING');
  expect(list[1]).toMatchObject({ name: 'orders-by-customer', parallelism: 4, restarts: 2 });
  expect(list[1]?.recordsIn).toBeGreaterThan(0);
  expect(list[1]?.lastCheckpoint?.bytes).toBeGreaterThan(0);
});

test('a job with its plan and the figures of its vertices', () => {
  const one = decodeJob(ask(`jobs/${job.jid}`));
  expect(one.vertices).toHaveLength(6);
  expect(one.plan[2]?.inputs.map((input) => input.shipStrategy)).toEqual(['HASH', 'BROADCAST']);
  expect(one.plan[3]?.operators[0]).toMatchObject({ uid: 'sessions', states: ['panes', 'merging-windows'], lateDropped: 1234 });
  expect(one.vertices[3]?.metrics.busy).toBeGreaterThan(0.5);
  expect(one.vertices[0]?.metrics.watermark).not.toBeNull();
});

test('subtasks and their watermarks', () => {
  expect(decodeVertexDetail(ask(`jobs/${job.jid}/vertices/3`)).subtasks.map((one) => one.subtask)).toEqual([0, 1, 2, 3]);
  const marks = decodeWatermarks([
    { id: '0.currentInputWatermark', value: '1700' },
    { id: '1.currentInputWatermark', value: '-9223372036854775808' },
    { id: '2.currentInputWatermark', value: '5', idle: true },
  ]);
  expect([...marks]).toEqual([
    [0, { watermark: 1700, idle: false }],
    [1, { watermark: null, idle: false }],
    [2, { watermark: 5, idle: true }],
  ]);
});

test('checkpoints, their subtasks, and how an operation goes', () => {
  const all = decodeCheckpoints(ask(`jobs/${job.jid}/checkpoints`));
  expect(all.history[0]?.status).toBe('IN_PROGRESS');
  expect(all.history.some((one) => one.status === 'FAILED' && one.failure !== '')).toBe(true);
  expect(all.summary.map((row) => row.name)).toEqual(['end_to_end_duration', 'checkpointed_size', 'state_size']);
  expect(decodeSubtaskSnapshots(ask(`jobs/${job.jid}/checkpoints/details/9/subtasks/3`))[1]).toMatchObject({
    subtask: 1, alignment: 20, sync: 3, async: 56,
  });
  expect(decodeOperation(new Fields({ status: { id: 'IN_PROGRESS' } }))).toEqual({ status: 'IN_PROGRESS' });
  const done = decodeOperation(new Fields({ status: { id: 'COMPLETED' }, operation: { location: '/sp' } }));
  expect(done.status === 'COMPLETED' && done.gave.text('location')).toBe('/sp');
  const failed = { status: { id: 'COMPLETED' }, operation: { 'failure-cause': { 'stack-trace': 'no room' } } };
  expect(decodeOperation(new Fields(failed))).toEqual({ status: 'FAILED', cause: 'no room' });
});

test('what is in a component', () => {
  const id = String(cluster.components[1]?.inspect['digest']);
  const one = decodeComponent(ask(`components/${id}`), id);
  expect(one).toMatchObject({ name: 'word-count', world: 'job', language: 'rust 0.1.0', file: 'word_count.wasm' });
  expect(one.parameters[0]).toMatchObject({ name: 'path', default: null });
  expect(one.operators[3]?.states[0]).toMatchObject({ name: 'seen', kind: 'value', schema: 'long' });
});

test('a plan as `wasmill plan --json` gives it', () => {
  const plan = decodePlan(new Fields(cluster.components[0]?.plan));
  expect(plan.tasks).toBe(4);
  expect(plan.nodes[1]?.inputs).toEqual([{ id: '0', num: 0, shipStrategy: 'HASH' }]);
  expect(plan.nodes[1]?.operators[0]?.states).toEqual(['habit', 'suspicion']);
  expect(plan.nodes.flatMap((node) => node.operators.map((operator) => operator.kind))).toEqual([
    'source', 'operator', 'operator', 'operator', 'sink',
  ]);
  expect(decodeValidation(new Fields({ valid: false, errors: ['no'] }))).toEqual({
    valid: false, errors: ['no'], warnings: [], plan: null,
  });
});

test('exceptions, answers, limits, logs, dead letters, state, configuration, task managers, tapped records', () => {
  expect(decodeExceptions(ask(`jobs/${job.jid}/exceptions`)).restarts).toHaveLength(2);
  expect(decodeAnswers(ask(`jobs/${job.jid}/why`))[0]).toMatchObject({ question: 'slow', severity: 'warning' });
  expect(decodeLimits(ask(`jobs/${job.jid}/limits`))[0]).toMatchObject({ name: 'guest.memory', unit: 'bytes' });
  expect(decodeLogs(ask(`jobs/${job.jid}/logs`))[4]?.level).toBe('WARN');
  const logs = [1, 2, 3].map((time) => ({ time, level: 'info', message: 'x' }));
  expect(decodeLogs(new Fields({ entries: logs })).map((entry) => entry.time)).toEqual([3, 2, 1]);
  expect(decodeDeadLetters(ask(`jobs/${job.jid}/dead-letters`)).entries[0]).toMatchObject({
    operator: 'detect', key: 'acct-0', record: '{"id":0,"cents":-1}', error: 'the guest trapped: integer overflow',
  });
  expect(decodeStateList(ask(`jobs/${job.jid}/states`)).asOf?.id).toBe(1164);
  expect(decodeStateEntries(ask(`jobs/${job.jid}/states/sessions/panes`)).entries).toHaveLength(5);
  expect(decodeConfig([{ key: 'a', value: 3, origin: 'flag' }])).toEqual([{ key: 'a', value: '3', origin: 'flag' }]);
  expect(decodeTaskManager(new Fields(answers(cluster, 'GET', ['taskmanagers', 'local'], '', new URLSearchParams()))).memory).toHaveLength(3);
  expect(decodeTapped('{"subtask":1,"timestamp":5,"key":"a","value":{"n":1}}')).toEqual({
    subtask: 1, timestamp: 5, key: '"a"', value: '{"n":1}',
  });
  expect(decodeTapped('no json')).toBeNull();
});

test('nothing that a cluster may answer breaks a screen', () => {
  const decoders = [
    decodeOverview, decodeJobs, decodeJob, decodeVertexDetail, decodeCheckpoints, decodeSubtaskSnapshots, decodeOperation,
    (json: Fields) => decodeComponent(json, 'x'), decodeValidation, decodePlan, decodeExceptions, decodeAnswers,
    decodeLimits, decodeLogs, decodeDeadLetters, decodeStateList, decodeStateEntries, decodeTaskManager,
  ];
  const strange = [null, 7, 'text', [], {}, { jobs: 3, vertices: {}, plan: [], history: [null], manifest: 'x', operators: [1], latest: 1 }];
  for (const decode of decoders) {
    for (const value of strange) expect(() => decode(new Fields(value))).not.toThrow();
  }
});
