/** What parts of screens decide by themselves. */
import { expect, test } from 'vitest';
import { decodePreview } from '../src/api/components';
import { Fields } from '../src/api/fields';
import { matches } from '../src/parts/filter';
import { curve } from '../src/parts/sparkline';
import { sorted, type Column } from '../src/parts/table';
import { keyJson } from '../src/screens/job/state';

interface Row {
  name: string;
  size: number;
}

const COLUMNS: Column<Row>[] = [
  { id: 'name', head: '', sort: (row) => row.name, cell: () => null },
  { id: 'size', head: '', sort: (row) => row.size, cell: () => null },
  { id: 'plain', head: '', cell: () => null },
];

const ROWS: Row[] = [
  { name: 'b', size: 10 },
  { name: 'a', size: 9 },
  { name: 'c', size: 9 },
];

test('rows are sorted by what a column says, equal ones stay in their order', () => {
  const names = (column: string, down: boolean): string =>
    sorted(ROWS, COLUMNS, { column, down }).map((row) => row.name).join('');
  expect(names('name', false)).toBe('abc');
  expect(names('size', true)).toBe('bac');
  expect(names('size', false)).toBe('acb');
  expect(names('plain', true)).toBe('bac');
  expect(sorted(ROWS, COLUMNS, null)).toBe(ROWS);
});

test('a filter wants every word, anywhere', () => {
  expect(matches('', 'x')).toBe(true);
  expect(matches('word RUN', 'word-count', 'RUNNING')).toBe(true);
  expect(matches('word failed', 'word-count', 'RUNNING')).toBe(false);
});

test('a curve goes from the left to the right edge and stays inside', () => {
  expect(curve([5], 80, 20)).toBe('');
  expect(curve([0, 10], 80, 20)).toBe('M0.0 18.5L80.0 1.5');
  expect(curve([0, 0], 80, 20)).toBe('M0.0 18.5L80.0 18.5');
});

test('a key that is no JSON is meant as text', () => {
  const json = (typed: string): string => keyJson(typed, 'long');
  expect(['7', '"x"', 'x y', '{"a":1}', ''].map(json)).toEqual(['7', '"x"', '"x y"', '{"a":1}', '']);
  expect(['7', '"7"'].map((typed) => keyJson(typed, 'string'))).toEqual(['"7"', '"7"']);
});

test('records of a preview by sink', () => {
  expect([...decodePreview(new Fields({ sinks: { out: [1, 'a'], none: [] } }))]).toEqual([['out', [1, 'a']], ['none', []]]);
});
