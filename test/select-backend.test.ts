import { describe, expect, test } from 'vitest';
import { makeImage } from '../src/conformance/images.js';
import { createRaster } from '../src/image.js';
import { type GpuOpener, Selector, selectWithoutGpu } from '../src/select-backend.js';
import { firstDifference, jobOf, referenceOf } from './jobs.js';

const input = makeImage('noise', 20, 10, 4, 1);

/** A machine whose only adapter computes in software. */
const softwareOnly: GpuOpener = async ({ acceptSoftware }) => ({
  reason: acceptSoftware ? 'opened, for this test' : 'only SwiftShader answers',
});

describe('auto', () => {
  test('does not take a software adapter, and says so', async () => {
    const output = createRaster(20, 10, 4);
    const run = await new Selector(softwareOnly).run(input, output, jobOf({}));
    expect(run).toMatchObject({ backend: 'cpu', reason: 'no GPU: only SwiftShader answers' });
    expect(run.fault).toBeUndefined();
    expect(firstDifference(referenceOf(input, jobOf({})), output)).toBeUndefined();
  });

  test('asks for a GPU once, not for every job', async () => {
    let asked = 0;
    const selector = new Selector(async () => {
      asked++;
      return { reason: 'no adapter answers' };
    });
    for (let round = 0; round < 3; round++) await selector.run(input, createRaster(20, 10, 4), jobOf({}));
    expect(asked).toBe(1);
  });
});

describe('a backend asked for by name', () => {
  const noGpu: GpuOpener = () => expect.fail('no GPU was asked for');

  test.each(['cpu', 'reference'] as const)('%s runs, and nothing of a GPU is loaded', async (backend) => {
    const run = await new Selector(noGpu).run(input, createRaster(20, 10, 4), jobOf({}, { backend }));
    expect(run).toMatchObject({ backend, reason: 'asked for' });
  });

  test('gpu takes software, and never falls back', async () => {
    const job = jobOf({}, { backend: 'gpu' });
    const run = new Selector(softwareOnly).run(input, createRaster(20, 10, 4), job);
    await expect(run).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringContaining('Expected a GPU, but there is none to use: opened, for this test.'),
    });
  });

  test('gpu cannot run on the calling thread', () => {
    expect(() => selectWithoutGpu('gpu')).toThrow(expect.objectContaining({ code: 'BACKEND_UNAVAILABLE' }));
  });
});
