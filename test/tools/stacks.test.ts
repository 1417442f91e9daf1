/** Deno's WebGPU, wgpu, is another implementation and another compiler, naga, than the Dawn of all other tests. */
import { expect, test } from 'vitest';
import { softwareGpuExists, unpackSoftwareGpu } from '../../tools/software-gpu.mjs';
import { inDeno } from '../../tools/stacks/combinations.mjs';

test.skipIf(!softwareGpuExists)('Deno on SwiftShader computes the same bytes', { timeout: 120_000 }, async () => {
  const found = await inDeno(unpackSoftwareGpu(), 'quick', 100_000);
  expect(found).toMatchObject({ adapter: 'SwiftShader Device (Subzero) (in software)', differing: 0 });
  const { cases, bytes, exactPixels, errorOfT } = found as Exclude<typeof found, { missing: string }>;
  expect(cases).toBeGreaterThan(300);
  expect(bytes).toBeGreaterThan(1_900_000);
  expect(exactPixels).toBeGreaterThan(100_000);
  expect(errorOfT).toBeGreaterThan(1);
  expect(errorOfT).toBeLessThan(9.52);
});
