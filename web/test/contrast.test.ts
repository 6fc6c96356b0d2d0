/** Words can be read on what they stand on, in both themes: WCAG AA for text of any size. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const LEAST = 4.5;

/** Which words stand on which ground. */
const GROUNDS: Record<string, readonly string[]> = {
  text: ['bg', 'panel', 'raised', 'hover', 'accent-soft'],
  muted: ['bg', 'panel', 'raised', 'hover'],
  faint: ['bg', 'panel', 'raised', 'hover'],
  accent: ['bg', 'panel', 'accent-soft'],
  'on-accent': ['accent'],
  ok: ['ok-soft', 'panel'],
  info: ['info-soft', 'panel'],
  warn: ['warn-soft', 'panel'],
  bad: ['bad-soft', 'panel', 'bg'],
  off: ['off-soft'],
  panel: ['bad'],
};

const css = readFileSync(new URL('../src/style/tokens.css', import.meta.url), 'utf8');
const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [name, { light, dark }]),
);

function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high! + 0.05) / (low! + 0.05);
}

test.each(['light', 'dark'] as const)('every pair of colours that meets is far enough apart: %s', (theme) => {
  for (const [words, grounds] of Object.entries(GROUNDS)) {
    for (const ground of grounds) {
      const value = contrast(tokens.get(words)![theme]!, tokens.get(ground)![theme]!);
      expect(value, `${words} on ${ground}`).toBeGreaterThanOrEqual(LEAST);
    }
  }
});
