/** How the console is built: one page, files named by their content, the same bytes from the same sources. */
import { defineConfig } from 'vitest/config';
import { mock } from './dev/mock.ts';

export default defineConfig({
  base: './',
  plugins: [mock()],
  build: {
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.txt' },
  },
  test: { include: ['test/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
