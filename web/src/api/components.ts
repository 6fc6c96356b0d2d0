/** `/components`: what has been uploaded, what is in it, and running it. */
import { Fields } from './fields';
import { getFields, part, send, upload } from './http';
import { decodePlan, type Plan } from './plan';

export interface ComponentSummary {
  id: string;
  name: string;
  uploaded: number | null;
  size: number;
  digest: string;
  compileMs: number | null;
  languages: string[];
}

export interface Parameter {
  name: string;
  /** string, long, double or boolean. */
  type: string;
  /** As it is written on the command line; null if it must be given. */
  default: string | null;
  description: string;
}

export interface Port {
  name: string;
  schema: unknown;
  keySchema: unknown;
}

export interface StateDeclaration {
  name: string;
  kind: string;
  schema: unknown;
  version: number;
}

export interface DeclaredOperator {
  uid: string;
  name: string;
  kind: string;
  keyed: boolean;
  connector: string;
  inputs: Port[];
  outputs: Port[];
  states: StateDeclaration[];
  /** What it asks for beside records and state. */
  grants: string[];
}

export interface Component {
  id: string;
  file: string;
  name: string;
  world: string;
  digest: string;
  bytes: number;
  codeBytes: number;
  functions: number;
  compileMs: number | null;
  language: string;
  imports: string[];
  exports: string[];
  operators: DeclaredOperator[];
  parameters: Parameter[];
  /** The jobs that use it, by their ids. */
  jobs: string[];
}

function decodePort(json: Fields): Port {
  return { name: json.text('name'), schema: json.raw['schema'], keySchema: json.raw['key_schema'] ?? null };
}

function decodeDefault(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function decodeParameter(json: Fields): Parameter {
  return {
    name: json.text('name'),
    type: json.text('type', 'string'),
    default: decodeDefault(json.raw['default']),
    description: json.text('description'),
  };
}

function decodeDeclaredOperator(json: Fields): DeclaredOperator {
  return {
    uid: json.text('uid'),
    name: json.text('name'),
    kind: json.text('kind', 'operator'),
    keyed: json.flag('keyed'),
    connector: json.fields('connector').text('type'),
    inputs: json.list('inputs', decodePort),
    outputs: json.list('outputs', decodePort),
    states: json.list('states', (state) => ({
      name: state.text('name'),
      kind: state.text('kind'),
      schema: state.raw['schema'],
      version: state.number('version', 1),
    })),
    grants: json.texts('grants'),
  };
}

export function decodeComponent(json: Fields, id: string): Component {
  const manifest = json.fields('manifest');
  const sdk = manifest.fields('sdk');
  const file = json.text('name', json.text('file'));
  return {
    id: json.text('id', id),
    file: file.slice(file.lastIndexOf('/') + 1),
    name: manifest.text('name', json.text('name')),
    world: json.text('world'),
    digest: json.text('digest', id),
    bytes: json.number('bytes', json.number('size')),
    codeBytes: json.number('code_bytes'),
    functions: json.number('functions'),
    compileMs: json.numberOrNull('compile-ms') ?? json.numberOrNull('compile_ms'),
    language: [sdk.text('language'), sdk.text('version')].filter((word) => word !== '').join(' '),
    imports: json.texts('imports'),
    exports: json.texts('exports'),
    operators: manifest.list('operators', decodeDeclaredOperator),
    parameters: manifest.list('parameters', decodeParameter),
    jobs: [...json.texts('jobs'), ...json.list('jobs', (job) => job.text('jid'))].filter((jid) => jid !== ''),
  };
}

function decodeComponentSummary(json: Fields): ComponentSummary {
  return {
    id: json.text('id'),
    name: json.text('name'),
    uploaded: json.time('uploaded'),
    size: json.number('size'),
    digest: json.text('digest', json.text('id')),
    compileMs: json.numberOrNull('compile-ms'),
    languages: json.texts('languages'),
  };
}

/** What a run is asked for; also what a plan, a validation and a preview are of. */
export interface RunRequest {
  parallelism?: number;
  parameters: Record<string, string>;
  settings: Record<string, string>;
  grants: Record<string, string>;
  savepointPath?: string;
  allowNonRestoredState?: boolean;
}

export interface Validation {
  valid: boolean;
  errors: string[];
  warnings: string[];
  plan: Plan | null;
}

export function decodeValidation(json: Fields): Validation {
  const plan = json.maybe('plan');
  return {
    valid: json.flag('valid'),
    errors: json.texts('errors'),
    warnings: json.texts('warnings'),
    plan: plan && decodePlan(plan),
  };
}

/** The first records at every sink of a bounded trial run, by the uid of the sink. */
export function decodePreview(json: Fields): Map<string, unknown[]> {
  const sinks = json.fields('sinks').raw;
  return new Map(Object.entries(sinks).map(([uid, records]) => [uid, Array.isArray(records) ? records : [records]]));
}

export async function components(abort?: AbortSignal): Promise<ComponentSummary[]> {
  return (await getFields('/components', abort)).list('files', decodeComponentSummary);
}

export async function component(id: string, abort?: AbortSignal): Promise<Component> {
  const [inside, all] = await Promise.all([getFields(`/components/${part(id)}`, abort), components(abort)]);
  const decoded = decodeComponent(inside, id);
  // How long it took to compile is known where it was uploaded, not in the file.
  const uploaded = all.find((one) => one.id === decoded.id);
  return { ...decoded, compileMs: decoded.compileMs ?? uploaded?.compileMs ?? null, file: uploaded?.name ?? decoded.file };
}

/** Uploads a component; returns its id. */
export async function uploadComponent(file: File, progress: (share: number) => void): Promise<string> {
  return (await upload('/components/upload', file, 'file', progress)).text('id');
}

export async function validateComponent(id: string, request: RunRequest): Promise<Validation> {
  return decodeValidation(await send('POST', `/components/${part(id)}/validate`, request));
}

export async function previewComponent(
  id: string,
  request: RunRequest,
  records: number,
): Promise<Map<string, unknown[]>> {
  return decodePreview(await send('POST', `/components/${part(id)}/preview`, { ...request, records }));
}

/** Runs a component; returns the id of the job. */
export async function runComponent(id: string, request: RunRequest): Promise<string> {
  return (await send('POST', `/components/${part(id)}/run`, request)).text('jobid');
}

export async function deleteComponent(id: string): Promise<void> {
  await send('DELETE', `/components/${part(id)}`);
}
