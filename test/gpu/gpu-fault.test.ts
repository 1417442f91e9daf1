/** A device that fails in the middle: never wrong bytes without a fault, and the fault tells how to finish. */
import { expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { GpuFault, type Phase } from '../../src/gpu/gpu-fault.js';
import type { PhaseListener } from '../../src/gpu/strip-runner.js';
import type { Raster } from '../../src/image.js';
import type { Job } from '../../src/options.js';
import { transformReference } from '../../src/reference.js';
import { firstDifference, jobOf, referenceOf } from '../jobs.js';
import { differenceOf } from './comparisons.js';
import { describeOnGpu, openBackend } from './devices.js';

const PHASES: Phase[] = ['prepare', 'upload', 'dispatch', 'map', 'copy'];
const WIDTH = 40;
const HEIGHT = 24;
/** Of 6 rows computed: 4 strips. */
const STRIP_BYTES = 8 * WIDTH * 4;

/** Runs a transform that is to fail, over an output of 0xab. */
async function failingTransform(onPhase: PhaseListener, job: Job, bufferBytes?: number) {
  const backend = await openBackend(bufferBytes === undefined ? { onPhase } : { onPhase, bufferBytes });
  const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
  const output = { ...input, data: new Uint8Array(input.data.length).fill(0xab) };
  const error: unknown = await backend.transform(input, output, job).catch((reason) => reason);
  if (!(error instanceof GpuFault)) throw new Error(`expected a GpuFault, got ${error}`);
  return { backend, input, output, fault: error };
}

/** Does `act` when a phase is entered for the so-manieth time, counted from 1. */
function at(phase: Phase, time: number, act: (device: GPUDevice) => void): PhaseListener {
  let times = 0;
  return (entered, device) => {
    if (entered === phase && ++times === time) act(device);
  };
}

/** What the selection does with a fault: the passes that are left, on another backend. */
function finish({ progress }: GpuFault, output: Raster, job: Job): void {
  transformReference(progress.input, output, { ...job, passes: progress.passesLeft });
}

describeOnGpu('a device that is destroyed', () => {
  test.each(PHASES)('in the phase %s: nothing is written, and the device stays unusable', async (phase) => {
    const { backend, input, output, fault } = await failingTransform(
      at(phase, 1, (device) => device.destroy()),
      jobOf({ border: 'wrap' }),
    );
    expect(fault.code).toBe('BACKEND_FAILED');
    expect(fault.message).toMatch(/^The GPU failed in the phase \w+: .+ \(0 of 24 rows were finished\)\. Use /);
    expect(PHASES.indexOf(fault.phase)).toBeGreaterThanOrEqual(PHASES.indexOf(phase));
    expect(fault.progress).toEqual({ input, passesLeft: 1, rowsDone: 0, pixelsRedone: 0 });
    expect(output.data.every((sample) => sample === 0xab)).toBe(true);
    expect(backend.usable).toBe(false);
    await expect(backend.transform(input, output, jobOf({}))).rejects.toBeInstanceOf(GpuFault);
    expect(await backend.lost).toMatch(/^the device was destroyed/);
  });

  test.each(PHASES)(
    'in the phase %s of the fourth strip: those that came back are right, and the rest can follow',
    async (phase) => {
      const job = jobOf({ border: 'replicate' });
      const destroyed = at(phase, 4, (device) => device.destroy());
      const { input, output, fault } = await failingTransform(destroyed, job, STRIP_BYTES);
      const expected = referenceOf(input, job);
      // Until the fourth strip has a place, the first must have left it.
      expect(fault.progress.rowsDone).toBe(phase === 'copy' ? 18 : 6);
      const finished = WIDTH * 4 * fault.progress.rowsDone;
      expect(Buffer.compare(output.data.subarray(0, finished), expected.data.subarray(0, finished))).toBe(0);
      expect(output.data.subarray(finished).every((sample) => sample === 0xab)).toBe(true);
      finish(fault, output, job);
      expect(firstDifference(expected, output)).toBeUndefined();
    },
  );

  test.each(PHASES)('in the phase %s of the second pass over strips: the first pass is kept', async (phase) => {
    const job = jobOf({ border: 'reflect', passes: 3 });
    const destroyed = at(phase, 6, (device) => device.destroy());
    const { input, output, fault } = await failingTransform(destroyed, job, STRIP_BYTES);
    expect(fault.progress.passesLeft).toBe(2);
    expect(fault.progress.rowsDone).toBe(0);
    expect(firstDifference(referenceOf(input, { ...job, passes: 1 }), fault.progress.input)).toBeUndefined();
    finish(fault, output, job);
    expect(firstDifference(referenceOf(input, job), output)).toBeUndefined();
  });

  test('with the output over the input: what finished strips overwrote is kept', async () => {
    const backend = await openBackend({
      bufferBytes: STRIP_BYTES,
      onPhase: at('map', 4, (device) => device.destroy()),
    });
    const image = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
    const expected = referenceOf({ ...image, data: image.data.slice() }, jobOf({}));
    const error = await backend.transform(image, image, jobOf({})).catch((reason) => reason);
    expect(error).toBeInstanceOf(GpuFault);
    const output = { ...image, data: new Uint8Array(image.data.length) };
    finish(error, output, jobOf({}));
    expect(firstDifference(expected, output)).toBeUndefined();
  });

  test('while passes are submitted in portions', async () => {
    const job = jobOf({ border: 'wrap', passes: 1000 });
    const input = makeImage('photograph', 300, 300, 4, 1);
    const backend = await openBackend({ onPhase: at('dispatch', 2, (device) => device.destroy()) });
    await expect(backend.transform(input, { ...input }, job)).rejects.toBeInstanceOf(GpuFault);
  });

  test('by dispose, with transforms running and waiting', async () => {
    const backend = await openBackend();
    const input = makeImage('noise', 200, 200, 4, 1);
    const pending = [1, 2, 3].map(() => backend.transform(input, { ...input, data: input.data.slice() }, jobOf({})));
    backend.dispose();
    const outcomes = await Promise.allSettled(pending);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(GpuFault) });
    expect(backend.usable).toBe(false);
    backend.dispose();
  });
});

describeOnGpu('a device that refuses', () => {
  test('a buffer: a fault, and the next transform is right', async () => {
    const listener = at('prepare', 1, (device) => {
      const { createBuffer } = device;
      device.createBuffer = (descriptor) => {
        const isInput = descriptor.label === 'input';
        if (isInput) device.createBuffer = createBuffer;
        return createBuffer.call(device, isInput ? { ...descriptor, size: 2 ** 50 } : descriptor);
      };
    });
    const { backend, input, output, fault } = await failingTransform(listener, jobOf({}));
    expect(fault.phase).toBe('prepare');
    expect(fault.message).toMatch(/exceeds the max buffer size/);
    expect(output.data.every((sample) => sample === 0xab)).toBe(true);
    expect(backend.usable).toBe(true);
    expect(await differenceOf(backend, input, {})).toBeUndefined();
  });

  test('a submission: a fault, not zeros', async () => {
    const listener = at('dispatch', 1, (device) => {
      const { createCommandEncoder } = device;
      device.createCommandEncoder = (descriptor) => {
        device.createCommandEncoder = createCommandEncoder;
        const encoder = createCommandEncoder.call(device, descriptor);
        const small = device.createBuffer({ size: 4, usage: 0x4 });
        encoder.copyBufferToBuffer(small, 0, small, 8, 4);
        return encoder;
      };
    });
    const { backend, input, output, fault } = await failingTransform(listener, jobOf({}));
    expect(fault.phase).toBe('dispatch');
    expect(output.data.every((sample) => sample === 0xab)).toBe(true);
    expect(await differenceOf(backend, input, {})).toBeUndefined();
  });

  test('something outside every call: later transforms fault, and nothing is printed', async () => {
    const listener = at('upload', 1, (device) => {
      queueMicrotask(() => device.createBuffer({ size: 2 ** 50, usage: 0x8 }));
    });
    const backend = await openBackend({ onPhase: listener });
    const input = makeImage('noise', 20, 20, 4, 1);
    const outcomes = await Promise.allSettled([1, 2].map(() => backend.transform(input, { ...input }, jobOf({}))));
    expect(outcomes[1]).toMatchObject({ reason: expect.any(GpuFault) });
  });
});

test('a fault is printed without the picture', async () => {
  const input = makeImage('noise', 20, 20, 4, 1);
  const fault = new GpuFault('map', { input, passesLeft: 1, rowsDone: 3, pixelsRedone: 0 }, new Error('lost'));
  const { inspect } = await import('node:util');
  expect(inspect(fault)).not.toMatch(/Uint8Array/);
  expect(fault.message).toBe(
    'The GPU failed in the phase map: lost (3 of 20 rows were finished). Use the backend auto or cpu.',
  );
});
