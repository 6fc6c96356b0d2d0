/** Numbers, sizes, times and durations as people read them. The same width for the same kind, so that columns line up. */
import { language } from '../model/settings';

const NONE = '–';

/** 0.26, 9.8, 950, 12.3k, 4.56M: three digits are enough to see a change. */
export function count(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  if (size < 1000) return Number.isInteger(value) ? String(value) : value.toFixed(size < 1 ? 2 : size < 100 ? 1 : 0);
  for (const [unit, letter] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    // 999,950 is one million when it is rounded to three digits.
    if (size >= unit * 0.9995) {
      const scaled = value / unit;
      return `${scaled.toFixed(Math.abs(scaled) < 9.995 ? 2 : Math.abs(scaled) < 99.95 ? 1 : 0)}${letter}`;
    }
  }
  return String(value);
}

/** The whole number, with separators. */
export function exact(value: number | null): string {
  return value === null ? NONE : new Intl.NumberFormat(language.value).format(value);
}

export function rate(value: number | null): string {
  return value === null ? NONE : `${count(value)}/s`;
}

export function bytes(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1023.5 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || Math.abs(size) >= 99.95 ? size.toFixed(0) : size.toFixed(1)} ${units[unit]}`;
}

/** 12 ms, 1.2 s, 3 m 4 s, 2 h 5 m, 3 d 4 h, 365 d. */
export function duration(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return NONE;
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s`;
  const seconds = Math.round(ms / 1000);
  const [d, h, m, s] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  if (d >= 100) return `${d} d`;
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${m} m`;
  return `${m} m ${s} s`;
}

export function percent(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return NONE;
  const value = share * 100;
  return `${value > 0 && value < 1 ? '<1' : Math.round(value)}%`;
}

/** The hour today, with the date on other days. */
export function time(ms: number | null, now = Date.now()): string {
  if (ms === null) return NONE;
  const at = new Date(ms);
  const sameDay = at.toDateString() === new Date(now).toDateString();
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return sameDay ? clock : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
}

/** Event time, always with its date, to the millisecond, in UTC: what a record says, not when it was seen. */
export function eventTime(ms: number | null): string {
  if (ms === null) return NONE;
  // The watermark of an input that has ended is the greatest number there is.
  if (ms > 8.64e15) return '∞';
  const at = new Date(ms);
  return Number.isNaN(at.getTime()) ? String(ms) : at.toISOString().replace('T', ' ').replace('Z', '');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
