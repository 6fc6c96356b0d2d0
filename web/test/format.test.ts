/** What people read: three digits, one unit, columns that line up. */
import { expect, test } from 'vitest';
import { bytes, count, duration, eventTime, percent, rate, time } from '../src/i18n/format';

test('counts have three digits and the unit they are rounded into', () => {
  expect([0, 7, 999, 0.256, 12.34, 120.4].map(count)).toEqual(['0', '7', '999', '0.26', '12.3', '120']);
  expect([1000, 12_345, 999_949, 999_950, 4_560_000, 1.17e9].map(count)).toEqual([
    '1.00k', '12.3k', '1.00M', '1.00M', '4.56M', '1.17G',
  ]);
  expect(count(null)).toBe('–');
  expect(rate(48_200)).toBe('48.2k/s');
});

test('no count is written with more than three digits', () => {
  for (let exponent = 0; exponent < 14; exponent += 0.037) {
    const words = count(10 ** exponent);
    expect(words.replace(/\D/g, '').length, words).toBeLessThanOrEqual(3);
  }
});

test('sizes are in binary units', () => {
  expect([0, 512, 1023, 1024, 1536, 104_857_600, 1_812_345_678].map(bytes)).toEqual([
    '0 B', '512 B', '1023 B', '1.0 KiB', '1.5 KiB', '100 MiB', '1.7 GiB',
  ]);
});

test('durations have at most two units', () => {
  expect([0, 412, 1450, 12_000, 59_949, 59_960, 184_000, 7_500_000, 100_800_000].map(duration)).toEqual([
    '0 ms', '412 ms', '1.4 s', '12 s', '60 s', '1 m 0 s', '3 m 4 s', '2 h 5 m', '1 d 4 h',
  ]);
  expect(duration(-1500)).toBe('-1.5 s');
  expect(duration(null)).toBe('–');
});

test('a small share is not said to be nothing', () => {
  expect([0, 0.004, 0.5, 1].map(percent)).toEqual(['0%', '<1%', '50%', '100%']);
});

test('times of today have no date, others do', () => {
  const noon = new Date(2026, 10, 21, 12, 0, 5).getTime();
  expect(time(noon, noon + 1000)).toBe('12:00:05');
  expect(time(noon, noon + 86_400_000)).toBe('2026-11-21 12:00:05');
});

test('event time is written in UTC, and the end of an input as such', () => {
  expect(eventTime(0)).toBe('1970-01-01 00:00:00.000');
  expect(eventTime(9.2e18)).toBe('∞');
  expect(eventTime(null)).toBe('–');
});
