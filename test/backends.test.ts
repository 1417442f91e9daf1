import { describe, expect, test } from 'vitest';
import type { Opened } from '../src/backend.js';
import { BACKEND_NAMES, BACKENDS, type BackendName, isOracle, type RegisteredBackend } from '../src/backends.js';
import { makeImage } from '../src/conformance/images.js';
import { availableCores } from '../src/cores.js';
import { cpuEntry } from '../src/cpu/cpu-backend.js';
import { Host } from '../src/host.js';
import { createImage } from '../src/image.js';
import { type SelectedRun, Selector, selectSync } from '../src/selector.js';
import { firstDifference, operationOf, referenceOf } from './transforms.js';
import { firstWorker, type Mishap, TestDevice } from './workers.js';

const [gpu, ...others] = BACKENDS;
/** A CPU that takes 20 ms for the image of these tests, and says that it takes longer. */
const slowCpu = async () => ({ transformer: new Host(firstWorker(1e5).backend) });
const rest = others.map(
  (entry): RegisteredBackend => (entry.estimateMs ? { ...entry, open: slowCpu, estimateMs: () => 1e4 } : entry),
);
const input = makeImage('noise', 20, 10, 4, 1);
const run = (selector: Selector<BackendName>, choice: BackendName | 'auto' = 'auto') => {
  const output = createImage(20, 10, 4);
  return selector.run(input, output, operationOf(), {}, choice).then((result) => ({ result, output }));
};

/** The registry with another way to open a GPU. */
function withGpu(open: RegisteredBackend['open']): RegisteredBackend[] {
  return [{ ...gpu, open }, ...rest];
}

const undefinedGpu = () => expect.fail('a GPU was asked for');

/** A machine whose only adapter computes in software. */
const softwareOnly = withGpu(async ({ isAutomatic } = {}): Promise<Opened> => {
  return { reason: isAutomatic ? 'only SwiftShader answers' : 'opened, for this test', advice: 'Buy one.' };
});

test('the registry: an order, unique names, and one oracle, the last', () => {
  expect(BACKEND_NAMES).toEqual(['gpu', 'cpu', 'wasm', 'reference']);
  expect(BACKEND_NAMES.map(isOracle)).toEqual([false, false, false, true]);
});

/** Runs transforms until a GPU that is opened beside them has taken part, or was not taken. */
async function runUntil(selector: Selector<BackendName>, isEnough: (result: SelectedRun) => boolean) {
  for (let round = 0; round < 200; round++) {
    const { result, output } = await run(selector);
    expect(firstDifference(referenceOf(input), output)).toBeUndefined();
    if (isEnough(result)) return result;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return expect.fail('it never happened');
}

/** A GPU in good order, which opens at once. */
const working = (device = new TestDevice()) => withGpu(async () => ({ transformer: new Host(device) }));

describe('auto', () => {
  test('does not take a software adapter, and says so', async () => {
    const result = await runUntil(new Selector(softwareOnly), ({ reason }) => reason.startsWith('no '));
    expect(result).toMatchObject({ backend: 'cpu', reason: 'no GPU: only SwiftShader answers' });
    expect(result.fault).toBeUndefined();
  });

  test('asks for a GPU once, not for every transform', async () => {
    let asked = 0;
    const selector = new Selector(
      withGpu(async () => {
        asked++;
        return { reason: 'no adapter answers' };
      }),
    );
    for (let round = 0; round < 3; round++) await run(selector);
    expect(asked).toBe(1);
  });

  test('waits for no GPU, and says that it was not open in time', async () => {
    const { result } = await run(new Selector(withGpu(() => new Promise(() => {}))));
    expect(result).toMatchObject({ backend: 'cpu', reason: 'the GPU was not open in time' });
  });

  test('deals strips to a GPU that is open, and tells the shares', async () => {
    const result = await runUntil(new Selector(working()), ({ shares }) => shares.length > 1);
    expect(result).toMatchObject({
      reason: 'strips went to whoever was free',
      auditSeed: expect.any(Number),
      shares: expect.arrayContaining([
        { backend: 'gpu', device: 'test device', rows: expect.any(Number), elapsedMs: expect.any(Number) },
      ]),
    });
    expect(result.backend).toBe(result.shares[0].backend);
    expect(result.shares.reduce((sum, { rows }) => sum + rows, 0)).toBe(8);
  });

  test('a further GPU joins, too', async () => {
    const devices = ['one', 'other'].map((name) => new TestDevice({}, name));
    const [one, other] = devices.map((device) => ({ transformer: new Host(device) }));
    const selector = new Selector(
      withGpu(async () => ({ ...one, openOthers: async () => [other, { reason: 'too old' }] })),
    );
    await runUntil(selector, () => devices.every(({ strips }) => strips.length > 0));
    await selector.dispose();
    expect(devices.map(({ isDisposed }) => isDisposed)).toEqual([true, true]);
  });

  test('each device takes part once, also after another one failed', async () => {
    let [underWay, most, asked] = [0, 0, 0];
    const steady = new TestDevice({}, 'steady');
    const compute = steady.compute.bind(steady);
    steady.compute = async (strip, run) => {
      most = Math.max(most, ++underWay);
      return compute(strip, run).finally(() => underWay--);
    };
    const openOthers = async () => {
      asked++;
      return [{ transformer: new Host(new TestDevice({ mishap: () => 'is lost' }, 'failing')) }];
    };
    const opened = { transformer: new Host(steady), openOthers };
    const selector = new Selector(withGpu(async () => opened));
    await runUntil(selector, ({ fault }) => fault !== undefined);
    for (let round = 0; round < 5; round++) await run(selector);
    expect({ most, asked }).toEqual({ most: 1, asked: 1 });
    await selector.dispose();
  });

  test('what opens after the devices were given back is given back, too', async () => {
    const [one, other] = [new TestDevice({}, 'one'), new TestDevice({}, 'other')];
    let finish = () => {};
    const openOthers = () =>
      new Promise<Opened[]>((resolve) => {
        finish = () => resolve([{ transformer: new Host(other) }]);
      });
    const selector = new Selector(withGpu(async () => ({ transformer: new Host(one), openOthers })));
    await runUntil(selector, () => one.strips.length > 0);
    await selector.dispose();
    finish();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([one.isDisposed, other.isDisposed]).toEqual([true, true]);
  });

  test('a backend by name uses the device that takes part already', async () => {
    const device = new TestDevice();
    const selector = new Selector(working(device));
    await runUntil(selector, () => device.strips.length > 0);
    expect((await run(selector, 'gpu')).result).toMatchObject({
      backend: 'gpu',
      reason: 'asked for',
      device: 'test device',
    });
  });

  test('without one that begins at once: the order of the registry, and every reason', async () => {
    const [, cpu, , reference] = softwareOnly;
    const noCpu = { ...cpu, estimateMs: () => undefined, open: async () => ({ reason: 'it was removed' }) };
    const { result } = await run(new Selector([softwareOnly[0], noCpu, reference]));
    expect(result).toMatchObject({
      backend: 'reference',
      reason: 'no GPU: only SwiftShader answers; no CPU addon: it was removed',
    });
    const hardware = await run(new Selector([working()[0], noCpu, reference]));
    expect(hardware.result).toMatchObject({ backend: 'gpu', device: 'test device' });
  });

  describe('without the CPU addon', () => {
    const warnings: unknown[] = [];
    const withoutCpu = (entries: readonly RegisteredBackend[]) =>
      entries.map((entry) => ({
        ...entry,
        ...(entry.name === 'cpu' && { open: async () => ({ reason: 'it was removed', advice: 'Build it.' }) }),
        onFallback: (...why: unknown[]) => warnings.push([entry.name, ...why]),
      }));

    test('WebAssembly begins, and it is said why and what to do', async () => {
      const { result, output } = await run(new Selector(withoutCpu([{ ...gpu, open: undefinedGpu }, ...others])));
      expect(result).toMatchObject({
        backend: 'wasm',
        reason: 'no CPU addon: it was removed; the work is too short to open a GPU for; the backend gpu asks for one',
      });
      expect(firstDifference(referenceOf(input), output)).toBeUndefined();
      expect(warnings).toEqual([['wasm', 'no CPU addon: it was removed', 'Build it.']]);
    });

    test('a GPU joins it', async () => {
      const result = await runUntil(new Selector(withoutCpu(working())), ({ shares }) => shares.length > 1);
      expect(result.shares.map(({ backend }) => backend).sort()).toEqual(['gpu', 'wasm']);
      expect(result.reason).toBe('no CPU addon: it was removed; strips went to whoever was free');
    });

    test('what auto would do', async () => {
      const hardware = withGpu(async () => ({
        transformer: new Host(new TestDevice()),
        reason: 'a hardware GPU answers',
      }));
      expect(await new Selector(withoutCpu(hardware)).survey()).toEqual({
        backend: 'wasm',
        joining: ['gpu'],
        reason: 'a hardware GPU answers; no CPU addon: it was removed',
      });
    });
  });

  test('the output over the input', async () => {
    const selector = new Selector(working());
    await runUntil(selector, ({ shares }) => shares.length > 1);
    for (const passes of [1, 3]) {
      const image = { ...input, data: input.data.slice() };
      await selector.run(image, image, operationOf({ border: 'wrap', passes }), {}, 'auto');
      expect(firstDifference(referenceOf(input, { border: 'wrap', passes }), image)).toBeUndefined();
    }
  });
});

describe('work that is short', () => {
  const untouched = { ...gpu, open: () => expect.fail('a GPU was asked for') };
  /** @param estimateMs for each transform */
  const selectorFor = (estimateMs: number, gpuEntry: RegisteredBackend = untouched) =>
    new Selector([
      gpuEntry,
      ...others.map((entry) => ({ ...entry, ...(entry.estimateMs && { estimateMs: () => estimateMs }) })),
    ]);

  test('opens no GPU, and the reason says how to ask for one', async () => {
    const { result } = await run(selectorFor(99));
    expect(result).toMatchObject({
      backend: 'cpu',
      reason: 'the work is too short to open a GPU for; the backend gpu asks for one',
    });
  });

  test('opens one once there was enough of it', async () => {
    let asked = 0;
    const open = async () => {
      asked++;
      return { reason: 'no adapter answers' };
    };
    const selector = selectorFor(30, { ...gpu, open });
    for (let round = 0; round < 3; round++) await run(selector);
    expect(asked).toBe(0);
    await run(selector);
    expect(asked).toBe(1);
  });

  test('opens one for the whole work that is announced', async () => {
    let asked = 0;
    const [, cpu, , reference] = BACKENDS;
    const open = async () => {
      asked++;
      return { reason: 'no adapter answers' };
    };
    const selector = new Selector([{ ...gpu, open }, cpu, reference]);
    await selector.prepare('auto', { pixels: 1e6, passes: 1, threads: 1 });
    expect(asked).toBe(0);
    await selector.prepare('auto', { pixels: 1e9, passes: 1, threads: 1 });
    expect(asked).toBe(1);
  });

  test('the estimate is told the size, the passes and the threads', async () => {
    const works: unknown[] = [];
    const estimateMs = (work: unknown) => {
      works.push(work);
      return 0;
    };
    const selector = new Selector([untouched, ...others.map((entry) => ({ ...entry, estimateMs }))]);
    await selector.run(input, createImage(20, 10, 4), operationOf({ passes: 3 }), { threads: 2 }, 'auto');
    expect(works.at(-1)).toEqual({ pixels: 200, passes: 3, threads: 2 });
  });

  test('the CPU: more pixels and passes take longer, more threads less', () => {
    const estimateMs = (pixels: number, passes: number, threads: number) => {
      return cpuEntry.estimateMs({ pixels, passes, threads })!;
    };
    expect(estimateMs(2 ** 20, 1, 1)).toBeGreaterThan(0.5);
    expect(estimateMs(2 ** 20, 1, 1)).toBeLessThan(5);
    expect(estimateMs(2 ** 21, 1, 1)).toBe(2 * estimateMs(2 ** 20, 1, 1));
    expect(estimateMs(2 ** 20, 4, 1)).toBe(4 * estimateMs(2 ** 20, 1, 1));
    expect(estimateMs(2 ** 20, 1, 256)).toBe(estimateMs(2 ** 20, 1, 1) / availableCores());
  });
});

describe('what auto would do', () => {
  test('with a GPU', async () => {
    const hardware = withGpu(async () => ({
      transformer: new Host(new TestDevice()),
      reason: 'a hardware GPU answers',
    }));
    expect(await new Selector(hardware).survey()).toEqual({
      backend: 'cpu',
      joining: ['gpu'],
      reason: 'a hardware GPU answers',
    });
  });

  test('without one', async () => {
    expect(await new Selector(softwareOnly).survey()).toEqual({
      backend: 'cpu',
      joining: [],
      reason: 'no GPU: only SwiftShader answers',
    });
  });

  test('with nothing', async () => {
    const reference = softwareOnly.at(-1)!;
    expect(await new Selector([softwareOnly[0], reference]).survey()).toMatchObject({
      backend: 'reference',
      joining: [],
    });
  });
});

describe('a backend chosen by name', () => {
  const noGpu = withGpu(() => expect.fail('a GPU was asked for'));

  test.each(['cpu', 'wasm', 'reference'] as const)('%s runs, and nothing of a GPU is loaded', async (backend) => {
    const { result } = await run(new Selector(noGpu), backend);
    expect(result).toMatchObject({ backend, reason: 'asked for' });
  });

  test('gpu takes software, and never falls back', async () => {
    await expect(run(new Selector(softwareOnly), 'gpu')).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: 'No usable GPU: opened, for this test. Buy one. Or use the backend auto.',
    });
  });
});

describe('on the calling thread', () => {
  test('auto skips what cannot, and says so', () => {
    expect(selectSync('auto', BACKENDS)).toMatchObject({
      entry: { name: 'cpu' },
      reason: 'no GPU: it cannot run synchronously',
    });
    expect(selectSync('reference', BACKENDS)).toMatchObject({ reason: 'asked for' });
  });

  test('gpu cannot, and the error says what can', () => {
    expect(() => selectSync('gpu', BACKENDS)).toThrow(
      expect.objectContaining({
        code: 'BACKEND_UNAVAILABLE',
        message:
          'No usable GPU: it cannot run synchronously. Call transform instead of transformSync. Or use the backend auto.',
      }),
    );
  });
});

describe('a GPU that fails', () => {
  const opened: TestDevice[] = [];
  const failing = (what: Mishap) => {
    opened.length = 0;
    return withGpu(async () => {
      opened.push(new TestDevice({ mishap: () => what }));
      return { transformer: new Host(opened.at(-1)!) };
    });
  };

  test('auto does its work on the CPU, and says what happened', async () => {
    const result = await runUntil(new Selector(failing('is lost')), ({ fault }) => fault !== undefined);
    expect(result).toMatchObject({
      backend: 'cpu',
      reason: 'GPU failed while computing (the device was lost)',
      fault: 'GPU failed while computing (the device was lost); the CPU addon did its work. The output is correct.',
    });
  });

  test('by name, the fault is the error', async () => {
    await expect(run(new Selector(failing('is lost')), 'gpu')).rejects.toMatchObject({
      code: 'BACKEND_FAILED',
      message: 'GPU failed while computing (the device was lost). Use the backend auto or another one.',
    });
  });

  test('is opened again, three times in a process; each device is freed', async () => {
    const selector = new Selector(failing('has no memory'));
    await runUntil(selector, ({ reason }) => reason === 'no GPU: it failed too often in this process');
    expect(opened.map(({ isDisposed }) => isDisposed)).toEqual([true, true, true]);
  });

  test('with wrong bytes, it is not used again, not even by name', async () => {
    const selector = new Selector(failing('is wrong'));
    const result = await runUntil(selector, ({ fault }) => fault !== undefined);
    expect(result.fault).toMatch(
      /^GPU computed wrong bytes \(row \d was computed again and differed; audit seed \d+\); /,
    );
    expect(selector.isDistrusted('test device')).toBe(true);
    const after = await runUntil(selector, ({ reason }) =>
      reason.startsWith('no GPU: it computed wrong bytes in this process'),
    );
    expect(after).toMatchObject({ backend: 'cpu' });
    await expect(run(selector, 'gpu')).rejects.toMatchObject({
      code: 'BACKEND_UNAVAILABLE',
      message: expect.stringMatching(/^No usable GPU: it computed wrong bytes in this process/),
    });
    expect(opened).toHaveLength(1);
  });

  test('with nothing else, the reference does its work', async () => {
    const [gpuEntry, , , reference] = failing('is lost');
    const { result, output } = await run(new Selector([gpuEntry, reference]));
    expect(result).toMatchObject({
      backend: 'reference',
      reason: 'GPU failed while computing (the device was lost)',
      fault: expect.stringMatching(/^GPU failed .*; the (\w+ ?)+ did its work\. The output is correct\.$/),
    });
    expect(firstDifference(referenceOf(input), output)).toBeUndefined();
  });

  test('the CPU addon that finds no memory: the reference does its work, also over the input', async () => {
    const broken = new TestDevice({ mishap: () => 'has no memory' });
    const cpuLike = Object.assign(new Host(broken), { backend: Object.assign(broken, { computeSync: () => ({}) }) });
    const [gpuEntry, cpu, , reference] = softwareOnly;
    const selector = new Selector([gpuEntry, { ...cpu, open: async () => ({ transformer: cpuLike }) }, reference]);
    const image = { ...input, data: input.data.slice() };
    const result = await selector.run(image, image, operationOf({ border: 'wrap', passes: 2 }), {}, 'auto');
    expect(result).toMatchObject({ backend: 'reference', fault: expect.stringMatching(/^GPU failed while preparing/) });
    expect(firstDifference(referenceOf(input, { border: 'wrap', passes: 2 }), image)).toBeUndefined();
  });
});
