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
  'test/docs/{api,readme}.test.ts',
  'test/examples/{cluster,queue-worker}.test.ts',
  'test/formats/png/{decode,fuzz}.test.ts',
  'test/gpu/{binary64,gpu-backend,gpu-fault,node-gpu,shaders,slots}.test.ts',
  'test/tools/{check-large,prove,shader-cost}.test.ts',
  'test/web/{access,conformance,page}.test.ts',
  'test/wasm/wasm-backend.test.ts',
];

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.test.ts'],
    exclude: isFast ? LONG : [],
    // The addon and Dawn are native: with a process for each file, a crash does not hide other results.
    pool: 'forks',
    // By default one core stays free, which steadies the tests that measure time; those are long.
    ...(isFast && { maxWorkers: '100%' }),
    testTimeout: 60_000,
  },
});
