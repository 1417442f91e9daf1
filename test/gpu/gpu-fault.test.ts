/** A device that fails: never wrong bytes without a fault, and another backend can finish. */
import { describe, expect, test } from 'vitest';
import { type Backend, BackendFault } from '../../src/backend.js';
import { BACKENDS, type BackendName } from '../../src/backends.js';
import { makeImage } from '../../src/conformance/images.js';
import type { OpenedGpu } from '../../src/gpu/adapters.js';
import type { GpuSettings } from '../../src/gpu/gpu-backend.js';
import type { Phase } from '../../src/gpu/slot.js';
import { Host } from '../../src/host.js';
import { createImage } from '../../src/image.js';
import type { Operation } from '../../src/options.js';
import { type SelectedRun, Selector } from '../../src/selector.js';
import { differenceOf, firstDifference, operationOf, referenceOf } from '../transforms.js';
import { cpu as cpuOfTests, firstWorker } from '../workers.js';
import { describeOnGpu, openGpuForTests, openHost } from './devices.js';

const PHASES: Phase[] = ['prepare', 'upload', 'dispatch', 'map', 'copy'];
const WIDTH = 40;
const HEIGHT = 24;
/** Of 6 computed rows: 4 strips. */
const STRIP_BYTES = 8 * WIDTH * 4;

type PhaseListener = NonNullable<GpuSettings['onPhase']>;

/** Acts when a phase is entered for the given time, counted from 1. */
function at(phase: Phase, time: number, act: (device: GPUDevice) => void): PhaseListener {
  let times = 0;
  return (entered, device) => {
    if (entered === phase && ++times === time) act(device);
  };
}

const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);

/** Runs a transform that is to fail, over an output of 0xab. */
async function failingTransform(onPhase: PhaseListener, operation: Operation, bufferBytes?: number) {
  const host = await openHost(bufferBytes === undefined ? { onPhase } : { onPhase, bufferBytes });
  const output = { ...input, data: new Uint8Array(input.data.length).fill(0xab) };
  const error: unknown = await host.transform(input, output, operation).catch((reason) => reason);
  if (!(error instanceof BackendFault)) throw new Error(`expected a BackendFault, actual ${error}`);
  return { host, output, fault: error };
}

describeOnGpu('a device that is destroyed', () => {
  test.each(PHASES)('in the phase %s: nothing is written, and the device stays unusable', async (phase) => {
    const { host, output, fault } = await failingTransform(
      at(phase, 1, (device) => device.destroy()),
      operationOf({ border: 'wrap' }),
    );
    expect(fault.code).toBe('BACKEND_FAILED');
    expect(fault.message).toMatch(/^GPU failed while (\w+ )+\(.+\)\.$/);
    expect(fault.blamesDevice).toBe(true);
    expect(output.data.every((sample) => sample === 0xab)).toBe(true);
    expect(host.backend.usable).toBe(false);
    await expect(host.transform(input, output, operationOf())).rejects.toBeInstanceOf(BackendFault);
    expect(await host.lost).toMatch(/^the device was destroyed/);
  });

  test('while passes are submitted in portions', async () => {
    const large = makeImage('photograph', 300, 300, 4, 1);
    const host = await openHost({ onPhase: at('dispatch', 2, (device) => device.destroy()) });
    const running = host.transform(large, { ...large }, operationOf({ border: 'wrap', passes: 1000 }));
    await expect(running).rejects.toBeInstanceOf(BackendFault);
  });

  test('by dispose, with transforms running and waiting', async () => {
    const host = await openHost();
    const image = makeImage('noise', 200, 200, 4, 1);
    const pending = [1, 2, 3].map(() => host.transform(image, { ...image, data: image.data.slice() }, operationOf()));
    host.dispose();
    const outcomes = await Promise.allSettled(pending);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(BackendFault) });
    expect(host.backend.usable).toBe(false);
    host.dispose();
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
    const { host, output, fault } = await failingTransform(listener, operationOf());
    expect(fault.message).toMatch(/^GPU failed while preparing .*exceeds the max buffer size/);
    expect(output.data.every((sample) => sample === 0xab)).toBe(true);
    expect(host.backend.usable).toBe(true);
    expect(await differenceOf(host, input)).toBeUndefined();
  });

  test('memory: a code of its own', async () => {
    const listener = at('prepare', 1, (device) => {
      const { popErrorScope } = device;
      let scopes = 0;
      device.popErrorScope = async () => {
        const error = await popErrorScope.call(device);
        // Of the three scopes of the first call, the second is for memory.
        return ++scopes === 2 ? ({ message: 'no memory left' } as GPUError) : error;
      };
    });
    const { fault } = await failingTransform(listener, operationOf());
    expect(fault).toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: 'GPU failed while preparing (no memory left).',
    });
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
    const { host, output, fault } = await failingTransform(listener, operationOf());
    expect(fault.event).toBe('GPU failed while submitting work');
    expect(output.data.every((sample) => sample === 0xab)).toBe(true);
    expect(await differenceOf(host, input)).toBeUndefined();
  });

  test('something outside every call: later transforms fail, and nothing is printed', async () => {
    const listener = at('upload', 1, (device) => {
      queueMicrotask(() => device.createBuffer({ size: 2 ** 50, usage: 0x8 }));
    });
    const host = await openHost({ onPhase: listener });
    const image = makeImage('noise', 20, 20, 4, 1);
    const outcomes = await Promise.allSettled([1, 2].map(() => host.transform(image, { ...image }, operationOf())));
    expect(outcomes[1]).toMatchObject({ reason: expect.any(BackendFault) });
  });
});

/**
 * The registry with the GPU of these tests, which passes for hardware, beside a CPU that ends no strip before the GPU is open
 * and has ended those that it took, well or not: the GPU takes part however slow it is.
 */
function selectorWith(open: () => Promise<OpenedGpu>): Selector<BackendName> {
  const [gpu, cpu, reference] = BACKENDS;
  let opening: Promise<unknown> | undefined;
  const underWay = new Set<Promise<unknown>>();
  const openWatched = async () => {
    const opened = await open();
    if ('transformer' in opened) watch(opened.transformer.backend!, underWay);
    return { ...opened, reason: 'a hardware GPU answers' };
  };
  const patient = firstWorker(0, async (strip, run) => {
    await opening;
    await new Promise((resolve) => setImmediate(resolve)); // it has joined
    while (underWay.size > 0) await Promise.allSettled(underWay);
    return cpuOfTests.computeSync!(strip, run);
  });
  return new Selector([
    { ...gpu, open: () => (opening = openWatched()) },
    { ...cpu, open: async () => ({ transformer: new Host(patient.backend) }), estimateMs: () => 1000 },
    reference,
  ]);
}

/** Has a set hold what a backend computes. */
function watch(backend: Backend, underWay: Set<Promise<unknown>>): void {
  const compute = backend.compute.bind(backend);
  backend.compute = (strip, run) => {
    const computing = compute(strip, run);
    const end = () => underWay.delete(computing);
    underWay.add(computing);
    computing.then(end, end);
    return computing;
  };
}

describeOnGpu('auto', () => {
  const transformWith = async (selector: Selector<BackendName>, operation = operationOf(), image = input, run = {}) => {
    const output = createImage(image.width, image.height, 4);
    const result = await selector.run(image, output, operation, run, 'auto');
    expect(firstDifference(referenceOf(image, operation), output)).toBeUndefined();
    return result;
  };

  /** Until the GPU has shown that it takes part. */
  const transformUntil = async (selector: Selector<BackendName>, isEnough: (result: SelectedRun) => boolean) => {
    for (let round = 0; round < 20; round++) {
      const result = await transformWith(selector);
      if (isEnough(result)) return result;
    }
    return expect.fail('it never happened');
  };

  test.each(PHASES)('does on the CPU what fails in the phase %s', async (phase) => {
    for (const border of ['skip', 'wrap'] as const) {
      const onPhase = at(phase, 1, (device) => device.destroy());
      const selector = selectorWith(() => openGpuForTests({ bufferBytes: STRIP_BYTES, onPhase }));
      const result = await transformWith(selector, operationOf({ border }));
      expect(result).toMatchObject({ backend: 'cpu', reason: expect.stringMatching(/^GPU failed while/) });
      expect(result.fault).toMatch(
        /^GPU failed while [\w ]+ \(.+\); the CPU addon did its work\. The output is correct\.$/,
      );
      await selector.dispose();
    }
  });

  test('opens a lost device again for later transforms, and says nothing', async () => {
    const devices: GPUDevice[] = [];
    const selector = selectorWith(() => openGpuForTests({ onPhase: (_phase, device) => devices.push(device) }));
    for (let round = 0; round < 2; round++) {
      const { fault } = await transformUntil(selector, ({ shares }) => shares.length > 1);
      expect(fault).toBeUndefined();
      devices.at(-1)!.destroy();
      await devices.at(-1)!.lost;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(new Set(devices).size).toBe(2);
    await selector.dispose();
  });

  test('takes the CPU for an image that is too wide, and the same device for the next one', async () => {
    let opened = 0;
    const selector = selectorWith(() => {
      opened++;
      return openGpuForTests({ bufferBytes: STRIP_BYTES });
    });
    const wide = makeImage('noise', 400, 4, 4, 1);
    for (let round = 0; round < 3; round++) {
      expect(await transformWith(selector, operationOf(), wide)).toMatchObject({ backend: 'cpu' });
    }
    await transformUntil(selector, ({ shares }) => shares.some(({ backend }) => backend === 'gpu'));
    expect(opened).toBe(1);
    await selector.dispose();
  });

  test('transforms at once share one device', async () => {
    let opened = 0;
    const selector = selectorWith(() => {
      opened++;
      return openGpuForTests({});
    });
    await Promise.all(Array.from({ length: 5 }, () => transformWith(selector)));
    expect(opened).toBe(1);
    await selector.dispose();
  });

  test('a device that does not answer is abandoned after the time that was set', async () => {
    const hang = () =>
      openGpuForTests({
        onPhase: (_phase, device) => {
          const { createBuffer } = device;
          device.createBuffer = (descriptor) => {
            const buffer = createBuffer.call(device, descriptor);
            if (descriptor.label === 'read back') buffer.mapAsync = () => new Promise(() => {});
            return buffer;
          };
        },
      });
    const selector = selectorWith(hang);
    const startMs = performance.now();
    await expect(
      selector.run(input, createImage(WIDTH, HEIGHT, 4), operationOf(), { gpuTimeoutMs: 1500 }, 'gpu'),
    ).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(
        /^GPU failed while [\w ]+ \(it did not answer for 1\.5 s\)\. Use the backend auto or another one\.$/,
      ),
    });
    expect(performance.now() - startMs).toBeLessThan(5000);
    const results = [];
    for (let round = 0; round < 3; round++) {
      results.push(await transformWith(selector, operationOf(), input, { gpuTimeoutMs: 1500 }));
    }
    expect(results.map(({ backend }) => backend)).toEqual(['cpu', 'cpu', 'cpu']);
  });
});

describe('a fault', () => {
  test('is printed without the image', async () => {
    const { inspect } = await import('node:util');
    const fault = new BackendFault('GPU failed while reading back', 'lost', { cause: new Error('lost') });
    expect(inspect(fault)).not.toMatch(/Uint8Array/);
    expect(fault.message).toBe('GPU failed while reading back (lost).');
  });
});
