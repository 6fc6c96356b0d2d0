/** `/jobs/:jid`: one job with its vertices (operator chains) and its plan. */
import { Fields } from './fields';
import { getFields, part, send } from './http';
import { decodeTaskMetrics, type TaskMetrics } from './task_metrics';
import { decodeJobState, type JobState } from './states';

export interface Operator {
  uid: string;
  name: string;
  /** source, operator or sink. */
  kind: string;
  inputs: string[];
  outputs: string[];
  states: string[];
  lateDropped: number;
}

export interface PlanInput {
  id: string;
  /** Index among the inputs of its node. */
  num: number;
  /** HASH, FORWARD, REBALANCE, BROADCAST. */
  shipStrategy: string;
}

export interface PlanNode {
  id: string;
  parallelism: number;
  description: string;
  inputs: PlanInput[];
  operators: Operator[];
}

export interface Vertex {
  id: string;
  name: string;
  parallelism: number;
  maxParallelism: number;
  status: string;
  startTime: number | null;
  endTime: number | null;
  duration: number;
  tasks: Record<string, number>;
  metrics: TaskMetrics;
}

export interface Job {
  jid: string;
  name: string;
  state: JobState;
  isStoppable: boolean;
  startTime: number | null;
  endTime: number | null;
  duration: number;
  now: number;
  maxParallelism: number;
  timestamps: Record<string, number>;
  vertices: Vertex[];
  plan: PlanNode[];
}

function label(value: unknown): string {
  if (typeof value === 'string') return value;
  const fields = new Fields(value);
  const name = fields.text('name');
  const schema = fields.raw['schema'] ?? fields.raw['type'];
  const type = schema === undefined ? '' : typeof schema === 'string' ? schema : new Fields(schema).text('name');
  return [name, type].filter((word) => word !== '').join(': ');
}

function labels(json: Fields, name: string): string[] {
  const value = json.raw[name];
  return Array.isArray(value) ? value.map(label) : [];
}

function decodeOperator(json: Fields): Operator {
  return {
    uid: json.text('uid'),
    name: json.text('name'),
    kind: json.text('kind', 'operator'),
    inputs: labels(json, 'inputs'),
    outputs: labels(json, 'outputs'),
    states: labels(json, 'states'),
    lateDropped: json.number('late-dropped'),
  };
}

export function decodePlanNode(json: Fields): PlanNode {
  return {
    id: json.text('id'),
    parallelism: json.number('parallelism', 1),
    description: json.text('description'),
    inputs: json.list('inputs', (input) => ({
      id: input.text('id'),
      num: input.number('num'),
      shipStrategy: input.text('ship_strategy').toUpperCase(),
    })),
    operators: json.list('operators', decodeOperator),
  };
}

function decodeVertex(json: Fields): Vertex {
  return {
    id: json.text('id'),
    name: json.text('name'),
    parallelism: json.number('parallelism', 1),
    maxParallelism: json.number('maxParallelism'),
    status: json.text('status'),
    startTime: json.time('start-time'),
    endTime: json.time('end-time'),
    duration: json.number('duration'),
    tasks: json.numbers('tasks'),
    metrics: decodeTaskMetrics(json.fields('metrics')),
  };
}

export function decodeJob(json: Fields): Job {
  return {
    jid: json.text('jid'),
    name: json.text('name'),
    state: decodeJobState(json.text('state')),
    isStoppable: json.flag('isStoppable'),
    startTime: json.time('start-time'),
    endTime: json.time('end-time'),
    duration: json.number('duration'),
    now: json.number('now', Date.now()),
    maxParallelism: json.number('maxParallelism'),
    timestamps: json.numbers('timestamps'),
    vertices: json.list('vertices', decodeVertex),
    plan: json.fields('plan').list('nodes', decodePlanNode),
  };
}

export async function job(jid: string, abort?: AbortSignal): Promise<Job> {
  return decodeJob(await getFields(`/jobs/${part(jid)}`, abort));
}

export async function cancelJob(jid: string): Promise<void> {
  await send('PATCH', `/jobs/${part(jid)}?mode=cancel`);
}

export async function forgetJob(jid: string): Promise<void> {
  await send('DELETE', `/jobs/${part(jid)}`);
}

/** Starts a rescaling; returns the id to ask about it. */
export async function rescaleJob(jid: string, parallelism: number): Promise<string> {
  return (await send('PATCH', `/jobs/${part(jid)}/rescaling?parallelism=${parallelism}`)).text('request-id');
}

/** What the job was submitted with: parameters, restart strategy, parallelism. */
export interface JobConfiguration {
  restartStrategy: string;
  parallelism: number;
  parameters: [name: string, value: string][];
  settings: [name: string, value: string][];
  /** Directories by grant. */
  grants: [name: string, value: string][];
  /** Digests of its components. */
  components: string[];
}

function pairs(json: Fields): [string, string][] {
  return Object.entries(json.raw).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
}

export async function jobConfiguration(jid: string, abort?: AbortSignal): Promise<JobConfiguration> {
  const json = await getFields(`/jobs/${part(jid)}/config`, abort);
  const execution = json.fields('execution-config');
  return {
    restartStrategy: execution.text('restart-strategy'),
    parallelism: execution.number('job-parallelism', 1),
    parameters: pairs(execution.fields('user-config')),
    settings: pairs(json.fields('settings')),
    grants: pairs(json.fields('grants')),
    components: json.texts('components'),
  };
}
