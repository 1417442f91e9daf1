import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/package/**/*.check.ts'],
    globalSetup: ['test/package/build.ts'],
    pool: 'forks',
    // Installing and compiling: one at a time, or each waits for the others' processor time.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
