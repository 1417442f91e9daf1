import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const isFast = process.env.NEIGHBOR_PRODUCT_TEST === 'fast';

/**
 * Tests that take several seconds each or measure time: `npm test` runs them, `npm run test:fast` does not. Every folder of
 * tests keeps others, and test/conformance/backends.test.ts compares every backend in both, on fewer cases when fast.
 */
const LONG = [
  'test/bench/{candidates,measure,whole-runs}.test.ts',
  'test/cli/{bench,conformance,files,flow,hanging,interruption,main,mistakes,report-files,suggestions,trees}.test.ts',
  'test/conformance/{faulty-backends,images}.test.ts',
  'test/cpu/{cpu-backend,hostile-system,worker}.test.ts',
  'test/deno.test.ts',
  'test/docs/{api,readme}.test.ts',
  'test/examples/{cluster,queue-worker}.test.ts',
  'test/formats/png/{decode,fuzz}.test.ts',
  'test/gpu/{adversary,binary64,gpu-backend,gpu-fault,node-gpu,shaders,slots}.test.ts',
  'test/tools/{check-large,hard-cases,prove,shader-cost,stacks}.test.ts',
  'test/web/{access,conformance,page}.test.ts',
  'test/wasm/wasm-backend.test.ts',
];

/** Tests that measure time: one file after another, when nothing else runs. */
const TIMED = [
  'test/bench/{device-times,in-turn,measure,whole-runs}.test.ts',
  'test/gpu/node-gpu.test.ts',
  'test/wasm/page.test.ts',
  'test/web/page.test.ts',
];

const long = isFast ? LONG : [];

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    // The addon and Dawn are native: with a process for each file, a crash does not hide other results.
    pool: 'forks',
    setupFiles: ['test/equal-bytes.ts'],
    // For what hangs: a busy machine may take ten times as long as a quiet one.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'side by side',
          include: ['test/**/*.test.ts'],
          exclude: [...TIMED, ...long],
          maxWorkers: '100%',
          // Threads of the addon that wait for each other would else spin, on cores that other files use.
          env: { OMP_WAIT_POLICY: 'passive' },
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'timed', include: TIMED, exclude: long, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
