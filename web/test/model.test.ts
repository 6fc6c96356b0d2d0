/** Judgements and words that the screens take from the model. */
import { expect, test } from 'vitest';
import type { PlanNode, Vertex } from '../src/api/job';
import { culprits, level } from '../src/model/back_pressure';
import { cli, clusterCli, curl, quote } from '../src/model/command_line';
import { health } from '../src/model/health';
import { link, splitPath } from '../src/model/route';
import { EMPTY_FORM, faultOf, runCommand, runRequest } from '../src/model/run_form';
import { typeName, typeWords } from '../src/model/schema';
import { Series } from '../src/model/series';
import { holder, type SubtaskWatermark } from '../src/model/watermark_holder';

function chain(...figures: { busy: number; backPressured: number }[]): { vertices: Vertex[]; plan: PlanNode[] } {
  return {
    vertices: figures.map((metrics, id) => ({ id: String(id), metrics }) as unknown as Vertex),
    plan: figures.map((_, id) => ({ id: String(id), inputs: id === 0 ? [] : [{ id: String(id - 1) }] }) as unknown as PlanNode),
  };
}

test('the culprit of back-pressure is the last busy one behind those that wait', () => {
  const { vertices, plan } = chain(
    { busy: 0.2, backPressured: 0.7 },
    { busy: 0.3, backPressured: 0.6 },
    { busy: 0.98, backPressured: 0 },
    { busy: 0.1, backPressured: 0 },
  );
  expect(culprits(vertices, plan)).toEqual(['2']);
});

test('without back-pressure nobody is to blame, however busy', () => {
  const { vertices, plan } = chain({ busy: 0.4, backPressured: 0.02 }, { busy: 0.99, backPressured: 0 });
  expect(culprits(vertices, plan)).toEqual([]);
  expect([0.1, 0.11, 0.5, 0.51].map(level)).toEqual(['ok', 'low', 'low', 'high']);
});

const PLAN = [
  { id: 'a', inputs: [] },
  { id: 'b', inputs: [] },
  { id: 'join', inputs: [{ id: 'a' }, { id: 'b' }] },
  { id: 'out', inputs: [{ id: 'join' }] },
];

function marks(values: Record<string, (number | null | 'idle')[]>): Map<string, SubtaskWatermark[]> {
  return new Map(
    Object.entries(values).map(([vertex, list]) => [
      vertex,
      list.map((value, subtask) => ({
        vertex, subtask, watermark: typeof value === 'number' ? value : null, idle: value === 'idle',
      })),
    ]),
  );
}

test('event time is held by the slow source, not by those who wait for it', () => {
  expect(holder(PLAN, marks({ a: [900, 905], b: [100], join: [99, 98], out: [97] }))).toMatchObject({ vertex: 'b', subtask: 0 });
});

test('event time is held by an operator that is far behind its inputs', () => {
  expect(holder(PLAN, marks({ a: [900, 905], b: [890], join: [880, 300], out: [295] }))).toMatchObject({ vertex: 'join', subtask: 1 });
});

test('an idle subtask and one without a watermark hold nobody', () => {
  expect(holder(PLAN, marks({ a: ['idle', 905], b: [700], join: [null, 690], out: [690] }))).toMatchObject({ vertex: 'b' });
  expect(holder(PLAN, marks({ a: [null], b: ['idle'], join: [null], out: [] }))).toBeNull();
});

test('words of a command line survive the shell', () => {
  expect(quote('plain/path-1.wasm')).toBe('plain/path-1.wasm');
  expect(quote("it's")).toBe("'it'\\''s'");
  expect(cli('submit', 'a b.wasm')).toBe("wasmill submit 'a b.wasm'");
  expect(curl({ method: 'POST', path: '/jobs/1/stop', body: { drain: false } }, 'http://localhost:8081/v1')).toBe(
    `curl -X POST -H 'X-Requested-With: wasmill' -H 'Content-Type: application/json' -d '{"drain":false}' http://localhost:8081/v1/jobs/1/stop`,
  );
});

test('a command names its cluster unless that is where a client looks anyway', () => {
  expect(clusterCli(['list'], { protocol: 'http:', host: 'localhost:8081' })).toBe('wasmill list');
  expect(clusterCli(['list'], { protocol: 'http:', host: '10.0.0.1:80' })).toBe('wasmill list --address 10.0.0.1:80');
  expect(clusterCli(['list'], { protocol: 'https:', host: 'mill' })).toBe('wasmill list --address https://mill');
});

test('a form becomes a request and the same command line', () => {
  const form = {
    ...EMPTY_FORM, parameters: { path: 'a b' }, parallelism: '2', checkpointInterval: '1s', savepoint: '/sp/1', grants: { files: '/data' },
  };
  expect(runRequest(form)).toEqual({
    parameters: { path: 'a b' }, settings: { 'execution.checkpointing.interval': '1s' }, parallelism: 2,
    grants: { 'files:files': '/data' }, savepointPath: '/sp/1',
  });
  expect(cli(...runCommand('x.wasm', form))).toBe(
    "wasmill submit x.wasm --param 'path=a b' -p 2 -D execution.checkpointing.interval=1s --grant files:files=/data --restore /sp/1",
  );
  expect(runRequest({ ...EMPTY_FORM, parallelism: 'many' })).toEqual({ parameters: {}, settings: {}, grants: {} });
});

test('a value of a parameter must have its type', () => {
  const parameter = (type: string, byDefault: string | null = null) => ({ name: 'p', type, default: byDefault, description: '' });
  expect(faultOf(parameter('string'), undefined)).toBe('missing');
  expect(faultOf(parameter('string', ''), undefined)).toBeNull();
  expect(['1', '-20', '1.5', 'x', ''].map((value) => faultOf(parameter('long'), value))).toEqual([null, null, 'long', 'long', 'long']);
  expect(['1.5', '1e3', 'x'].map((value) => faultOf(parameter('double'), value))).toEqual([null, null, 'double']);
  expect(['true', 'yes'].map((value) => faultOf(parameter('boolean'), value))).toEqual([null, 'boolean']);
});

test('schemas in few words', () => {
  const payment = { type: 'record', name: 'Payment', fields: [{ name: 'id', type: 'long' }, { name: 'tags', type: { type: 'array', items: 'string' } }, { name: 'note', type: ['null', 'string'] }] };
  expect(typeName('long')).toBe('long');
  expect(typeName(payment)).toBe('Payment');
  expect(typeWords(payment)).toBe('Payment { id: long, tags: array<string>, note: string? }');
  expect(typeName({ type: 'map', values: 'int' })).toBe('map<int>');
  expect(typeName(undefined)).toBe('');
});

test('addresses survive strange names', () => {
  expect(splitPath(link('job', 'a/b c', 'state', 'ü').slice(1))).toEqual(['job', 'a/b c', 'state', 'ü']);
  expect(splitPath('#/jobs?x=1')).toEqual(['jobs']);
  expect(splitPath('#/%E0%A4%A')).toEqual(['%E0%A4%A']);
});

test('a series keeps the last values and joins what came at once', () => {
  const series = new Series(3);
  series.push('a', 0, 1);
  series.push('a', 100, 2);
  for (const time of [1000, 2000, 3000]) series.push('a', time, time);
  series.push('b', 3000, 7);
  expect(series.values('a')).toEqual([1000, 2000, 3000]);
  expect(series.columns(['a', 'b'])).toEqual([[1, 2, 3], [1000, 2000, 3000], [null, null, 7]]);
});

test('health is one sentence, the worst first', () => {
  const overview = { version: '', taskManagers: 1, slotsTotal: 4, slotsAvailable: 2, jobsRunning: 1, jobsFinished: 0, jobsCanceled: 0, jobsFailed: 0, cpu: null, submitEnabled: true };
  const job = (state: string, endTime: number | null = null) => ({ name: 'j', state, endTime }) as never;
  expect(health({ ...overview, taskManagers: 0 }, [], 0).key).toBe('health.noTaskManager');
  expect(health(overview, [job('FAILED', 1000), job('RESTARTING')], 2000).key).toBe('health.restarting');
  expect(health(overview, [job('FAILED', 1000), job('RUNNING')], 2000).key).toBe('health.failed');
  expect(health(overview, [job('FAILED', 1000), job('RUNNING')], 9_000_000).key).toBe('health.well');
  expect(health({ ...overview, slotsAvailable: 0 }, [job('RUNNING')], 0).key).toBe('health.full');
  expect(health(overview, [], 0).key).toBe('health.idle');
});
