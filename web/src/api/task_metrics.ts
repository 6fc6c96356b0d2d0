/** The figures of a vertex or of one of its subtasks. */
import type { Fields } from './fields';

export interface TaskMetrics {
  readRecords: number;
  writeRecords: number;
  readBytes: number;
  writeBytes: number;
  /** Shares of the last seconds, 0 to 1. */
  busy: number;
  idle: number;
  backPressured: number;
  /** Records a second. */
  recordsIn: number;
  recordsOut: number;
  /** Event time in milliseconds; null before the first watermark. */
  watermark: number | null;
  /** How full the input queues are, 0 to 1. */
  queueFill: number;
  stateBytes: number;
  timers: number;
}

/** A watermark that says nothing yet: the least, or Flink's word for it. */
const NO_WATERMARK = -9_000_000_000_000_000;

export function decodeWatermark(json: Fields, name: string): number | null {
  const value = json.numberOrNull(name);
  return value === null || value < NO_WATERMARK ? null : value;
}

export function decodeTaskMetrics(json: Fields): TaskMetrics {
  return {
    readRecords: json.number('read-records'),
    writeRecords: json.number('write-records'),
    readBytes: json.number('read-bytes'),
    writeBytes: json.number('write-bytes'),
    busy: json.number('busy-ratio'),
    idle: json.number('idle-ratio'),
    backPressured: json.number('backpressured-ratio'),
    recordsIn: json.number('records-in-per-second'),
    recordsOut: json.number('records-out-per-second'),
    watermark: decodeWatermark(json, 'watermark'),
    queueFill: json.number('queue-fill'),
    stateBytes: json.number('state-bytes'),
    timers: json.number('timers'),
  };
}
