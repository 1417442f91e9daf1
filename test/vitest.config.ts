import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    // The addon and Dawn are native: a process of its own for each file keeps a crash from hiding other results.
    pool: 'forks',
    testTimeout: 60_000,
  },
});
