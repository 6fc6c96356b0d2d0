/** `/taskmanagers`: who runs the tasks, with what memory and how many threads. */
import type { Fields } from './fields';
import { getFields, part } from './http';

/** A region of memory: what may be used and what is. */
export interface MemoryRegion {
  name: string;
  configured: number;
  used: number | null;
  /** How many have that much each, such as jobs or instances; null if unknown. */
  holders: number | null;
  /** What has that much: the process, each job, or each instance. */
  per: string;
}

export interface TaskManager {
  id: string;
  path: string;
  slots: number;
  freeSlots: number;
  lastHeartbeat: number | null;
  cpuCores: number;
  physicalMemory: number;
  memory: MemoryRegion[];
  threads: { name: string; count: number }[];
}

function decodeMemory(json: Fields): MemoryRegion[] {
  return Object.keys(json.raw).map((name) => {
    const region = json.fields(name);
    return {
      name,
      configured: region.number('configured'),
      used: region.numberOrNull('used'),
      holders: region.numberOrNull('instances'),
      per: region.text('per', 'process'),
    };
  });
}

function decodeThreads(json: Fields): { name: string; count: number }[] {
  const value = json.raw['threads'];
  if (Array.isArray(value)) {
    return json.list('threads', (thread) => ({ name: thread.text('name'), count: thread.number('count', 1) }));
  }
  if (typeof value === 'number') return [{ name: '', count: value }];
  return Object.entries(json.numbers('threads')).map(([name, count]) => ({ name, count }));
}

export function decodeTaskManager(json: Fields): TaskManager {
  const hardware = json.fields('hardware');
  return {
    id: json.text('id'),
    path: json.text('path'),
    slots: json.number('slotsNumber'),
    freeSlots: json.number('freeSlots'),
    lastHeartbeat: json.time('timeSinceLastHeartbeat'),
    cpuCores: hardware.number('cpuCores'),
    physicalMemory: hardware.number('physicalMemory'),
    memory: decodeMemory(json.fields('memory')),
    threads: decodeThreads(json),
  };
}

export async function taskManagers(abort?: AbortSignal): Promise<TaskManager[]> {
  return (await getFields('/taskmanagers', abort)).list('taskmanagers', decodeTaskManager);
}

export async function taskManager(id: string, abort?: AbortSignal): Promise<TaskManager> {
  return decodeTaskManager(await getFields(`/taskmanagers/${part(id)}`, abort));
}
