/** `/jobmanager`: configuration with the origin of each value, and logs. */
import { Fields } from './fields';
import { get, getFields, getText, part } from './http';

export interface ConfigEntry {
  key: string;
  value: string;
  /** default, file, environment or flag. */
  origin: string;
}

export function decodeConfig(json: unknown): ConfigEntry[] {
  if (!Array.isArray(json)) return [];
  return json.map((item) => {
    const entry = new Fields(item);
    const value = entry.raw['value'];
    return {
      key: entry.text('key'),
      value: typeof value === 'string' ? value : JSON.stringify(value ?? null),
      origin: entry.text('origin', 'default'),
    };
  });
}

export async function clusterConfig(abort?: AbortSignal): Promise<ConfigEntry[]> {
  return decodeConfig(await get('/jobmanager/config', abort));
}

export interface LogFile {
  name: string;
  size: number;
  modified: number | null;
}

export async function logFiles(abort?: AbortSignal): Promise<LogFile[]> {
  return (await getFields('/jobmanager/logs', abort)).list('logs', (file) => ({
    name: file.text('name'),
    size: file.number('size'),
    modified: file.time('mtime'),
  }));
}

export async function logText(name: string, abort?: AbortSignal): Promise<string> {
  return getText(`/jobmanager/log/${part(name)}`, abort);
}
