/** Both languages say everything, with the same parameters. */
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fill } from '../src/i18n';
import { en } from '../src/i18n/en';
import { zh } from '../src/i18n/zh';

const source = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !/i18n\/(en|zh)\.ts$/.test(name))
  .map((name) => readFileSync(new URL(`../src/${name}`, import.meta.url), 'utf8'))
  .join('\n');

test('both dictionaries have the same keys', () => {
  expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
});

test('the words of a key have the same parameters in both', () => {
  const parameters = (words: string): string[] => [...words.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    expect(parameters(zh[key]), key).toEqual(parameters(en[key]));
  }
});

test('no key is left over', () => {
  const whole = new Set([...source.matchAll(/'([\w.-]+)'/g)].map(([, key]) => key));
  // Keys that are put together: t(`theme.${name}`), tName('state', name).
  const begun = [...source.matchAll(/`([\w.]+)\.\$\{|tName\('([\w.]+)'/g)].map(([, one, other]) => `${one ?? other}.`);
  const left = Object.keys(en).filter((key) => !whole.has(key) && !begun.some((prefix) => key.startsWith(prefix)));
  expect(left).toEqual([]);
});

test('parameters are filled in, unknown ones stay', () => {
  expect(fill('{n} of {m}', { n: 3 })).toBe('3 of {m}');
});
