/** The device dies under `auto`: the job is finished on the CPU, with the right bytes and the reason. */
import { expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import type { Phase } from '../../src/gpu/gpu-fault.js';
import { createRaster } from '../../src/image.js';
import { BORDER_MODES } from '../../src/options.js';
import { Selector } from '../../src/select-backend.js';
import { firstDifference, jobOf, referenceOf } from '../jobs.js';
import { describeOnGpu, openGpuForTests } from './devices.js';

const PHASES: Phase[] = ['prepare', 'upload', 'dispatch', 'map', 'copy'];
const input = makeImage('photograph', 40, 24, 4, 1);
/** Of 6 rows computed: 4 strips. */
const bufferBytes = 8 * 40 * 4;

/** A selector whose GPU, taken for hardware, is destroyed when a phase is entered for the given time. */
function selectorWithDyingGpu(phase: Phase, time: number): Selector {
  let times = 0;
  const onPhase = (entered: Phase, device: GPUDevice) => {
    if (entered === phase && ++times === time) device.destroy();
  };
  return new Selector(() => openGpuForTests({ bufferBytes, onPhase }));
}

describeOnGpu('auto, with a device that is destroyed', () => {
  for (const phase of PHASES) {
    test.each(BORDER_MODES)(`in the phase ${phase} of any strip: border %s`, async (border) => {
      for (const strip of [1, 2, 4]) {
        const selector = selectorWithDyingGpu(phase, strip);
        const output = createRaster(40, 24, 4);
        const run = await selector.run(input, output, jobOf({ border }));
        expect(firstDifference(referenceOf(input, jobOf({ border })), output)).toBeUndefined();
        expect(run).toMatchObject({ backend: 'cpu', fault: expect.stringMatching(/^The GPU failed in the phase/) });
        expect(run.reason).toMatch(/^the GPU failed after \d+ of 24 rows, the rest is the cpu backend's$/);
        await selector.dispose();
      }
    });
  }

  test('in place, between passes', async () => {
    const selector = selectorWithDyingGpu('copy', 7);
    const image = { ...input, data: input.data.slice() };
    const job = jobOf({ border: 'wrap', passes: 3 });
    const run = await selector.run(image, image, job);
    expect(run.fault).toBeDefined();
    expect(firstDifference(referenceOf(input, job), image)).toBeUndefined();
    await selector.dispose();
  });

  test('the next job opens a device again; after three faults it stays on the CPU', async () => {
    let opened = 0;
    const selector = new Selector(() => {
      opened++;
      return openGpuForTests({ onPhase: (phase, device) => phase === 'map' && device.destroy() });
    });
    const expected = referenceOf(input, jobOf({}));
    for (let round = 1; round <= 5; round++) {
      const output = createRaster(40, 24, 4);
      const run = await selector.run(input, output, jobOf({}));
      expect(firstDifference(expected, output)).toBeUndefined();
      if (round > 3) expect(run.reason).toBe('no GPU: it failed too often in this process');
    }
    expect(opened).toBe(3);
  });

  test('a device that dies between two jobs is opened again, and nothing is said', async () => {
    const devices: GPUDevice[] = [];
    const selector = new Selector(() => openGpuForTests({ onPhase: (_phase, device) => devices.push(device) }));
    for (let round = 0; round < 2; round++) {
      const run = await selector.run(input, createRaster(40, 24, 4), jobOf({}));
      expect(run).toMatchObject({ backend: 'gpu', reason: 'a hardware GPU answers' });
      devices.at(-1)!.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(new Set(devices).size).toBe(2);
  });

  test('gpu does not fall back: the fault is the error', async () => {
    const selector = selectorWithDyingGpu('map', 1);
    const job = jobOf({}, { backend: 'gpu' });
    await expect(selector.run(input, createRaster(40, 24, 4), job)).rejects.toMatchObject({ code: 'BACKEND_FAILED' });
  });

  test('a picture too wide for the device is no fault of the device', async () => {
    let opened = 0;
    const selector = new Selector(() => {
      opened++;
      return openGpuForTests({ bufferBytes: 8 * 40 * 4 });
    });
    const wide = makeImage('noise', 400, 4, 4, 1);
    for (let round = 0; round < 5; round++) {
      const output = createRaster(400, 4, 4);
      const run = await selector.run(wide, output, jobOf({}));
      expect(run).toMatchObject({ backend: 'cpu', fault: expect.stringContaining('3 rows of 400 pixels exceed') });
      expect(firstDifference(referenceOf(wide, jobOf({})), output)).toBeUndefined();
    }
    expect(await selector.run(input, createRaster(40, 24, 4), jobOf({}))).toMatchObject({ backend: 'gpu' });
    expect(opened).toBe(1);
    await selector.dispose();
  });

  test('a device that failed is freed', async () => {
    const devices: GPUDevice[] = [];
    const onPhase = (phase: Phase, device: GPUDevice) => {
      if (phase === 'map') throw new Error('out of patience');
      devices.push(device);
    };
    const selector = new Selector(() => openGpuForTests({ onPhase }));
    await selector.run(input, createRaster(40, 24, 4), jobOf({}));
    expect(await devices[0].lost).toMatchObject({ reason: 'destroyed' });
  });

  test('jobs at once share one device', async () => {
    let opened = 0;
    const selector = new Selector(() => {
      opened++;
      return openGpuForTests({});
    });
    const outputs = Array.from({ length: 5 }, () => createRaster(40, 24, 4));
    await Promise.all(outputs.map((output) => selector.run(input, output, jobOf({}))));
    for (const output of outputs) expect(firstDifference(referenceOf(input, jobOf({})), output)).toBeUndefined();
    expect(opened).toBe(1);
    await selector.dispose();
  });
});
