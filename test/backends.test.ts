import { describe, expect, test } from 'vitest';
import { type Backend, BackendFault, type Opened } from '../src/backend.js';
import { BACKEND_NAMES, BACKENDS, type BackendName, isOracle, type RegisteredBackend } from '../src/backends.js';
import { makeImage } from '../src/conformance/images.js';
import { availableCores } from '../src/cpu/cores.js';
import { cpuEntry } from '../src/cpu/cpu-backend.js';
import { Host } from '../src/host.js';
import { createImage } from '../src/image.js';
import { referenceTransformer } from '../src/reference.js';
import { Selector, selectSync } from '../src/selector.js';
import { firstDifference, operationOf, referenceOf } from './transforms.js';

const [gpu, ...others] = BACKENDS;
/** As for work that takes each of them long. */
const rest = others.map((entry): RegisteredBackend => ({ ...entry, estimateMs: () => Number.POSITIVE_INFINITY }));
const input = makeImage('noise', 20, 10, 4, 1);
const run = (selector: Selector<BackendName>, choice: 'auto' | 'gpu' | 'cpu' | 'reference' = 'auto') => {
  const output = createImage(20, 10, 4);
  return selector.run(input, output, operationOf(), {}, choice).then((result) => ({ result, output }));
};

/** The registry with another way to open a GPU. */
function withGpu(open: RegisteredBackend['open']): RegisteredBackend[] {
  return [{ ...gpu, open }, ...rest];
}

/** A machine whose only adapter computes in software. */
const softwareOnly = withGpu(async ({ isAutomatic } = {}): Promise<Opened> => {
  return { reason: isAutomatic ? 'only SwiftShader answers' : 'opened, for this test', advice: 'Buy one.' };
});

test('the registry: an order, unique names, and one oracle, the last', () => {
  expect(BACKEND_NAMES).toEqual(['gpu', 'cpu', 'reference']);
  expect(BACKEND_NAMES.map(isOracle)).toEqual([false, false, true]);
});

describe('auto', () => {
  test('does not take a software adapter, and says so', async () => {
    const { result, output } = await run(new Selector(softwareOnly));
    expect(result).toMatchObject({ backend: 'cpu', reason: 'no GPU: only SwiftShader answers' });
    expect(result.fault).toBeUndefined();
    expect(firstDifference(referenceOf(input), output)).toBeUndefined();
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

  test('goes through all backends, and gives every reason', async () => {
    const [, cpu, reference] = softwareOnly;
    const noCpu = { ...cpu, open: async () => ({ reason: 'it was removed' }) };
    const { result } = await run(new Selector([softwareOnly[0], noCpu, reference]));
    expect(result).toMatchObject({
      backend: 'reference',
      reason: 'no GPU: only SwiftShader answers; no CPU addon: it was removed',
    });
  });
});

describe('auto and a backend that knows how long it takes', () => {
  const hardware = withGpu(async () => ({ transformer: referenceTransformer, reason: 'a hardware GPU answers' }));
  const estimating = (estimateMs: NonNullable<RegisteredBackend['estimateMs']>) => {
    return new Selector(hardware.map((entry) => (entry.name === 'cpu' ? { ...entry, estimateMs } : entry)));
  };

  test.each([
    [499, 'cpu', 'it takes less than 0.5 s'],
    [500, 'gpu', 'a hardware GPU answers'],
    [undefined, 'gpu', 'a hardware GPU answers'],
  ])('%s ms: %s, since %s', async (estimateMs, backend, reason) => {
    expect((await run(estimating(() => estimateMs))).result).toMatchObject({ backend, reason });
  });

  test('it is told the size, the passes and the threads', async () => {
    const works: unknown[] = [];
    const selector = estimating((work) => {
      works.push(work);
      return 0;
    });
    const output = createImage(20, 10, 4);
    await selector.run(input, output, operationOf({ passes: 3 }), { threads: 2 }, 'auto');
    expect(works).toEqual([{ pixels: 200, passes: 3, threads: 2 }]);
  });

  test('a GPU is not even asked for', async () => {
    const [, cpu, reference] = BACKENDS;
    const untouched = { ...gpu, open: () => expect.fail('a GPU was asked for') };
    const { result } = await run(new Selector([untouched, cpu, reference]));
    expect(result).toMatchObject({ backend: 'cpu', reason: 'it takes less than 0.5 s' });
  });

  test('one that does not open: the order of the registry', async () => {
    const [, cpu, reference] = hardware;
    const missing = { ...cpu, estimateMs: () => 0, open: async () => ({ reason: 'it was removed' }) };
    expect((await run(new Selector([hardware[0], missing, reference]))).result.backend).toBe('gpu');
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

describe('a backend chosen by name', () => {
  const noGpu = withGpu(() => expect.fail('a GPU was asked for'));

  test.each(['cpu', 'reference'] as const)('%s runs, and nothing of a GPU is loaded', async (backend) => {
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
  let opened = 0;
  let disposed = 0;

  /** Fails every transform; hardware, as far as auto can see. */
  function failing(code: 'BACKEND_FAILED' | 'DEVICE_LIMIT' = 'BACKEND_FAILED'): RegisteredBackend[] {
    opened = 0;
    disposed = 0;
    const backend = (): Backend => ({
      stripsAtOnce: 1,
      residentPixels: 0,
      maxRows: () => 4,
      compute: async () => {
        throw new BackendFault('GPU failed while reading back', 'the device was lost', { code });
      },
      dispose: () => {
        disposed++;
      },
    });
    return withGpu(async () => {
      opened++;
      return { transformer: new Host(backend()), reason: 'a hardware GPU answers' };
    });
  }

  test('auto finishes on the CPU, and says what happened', async () => {
    const { result, output } = await run(new Selector(failing()));
    expect(result).toMatchObject({
      backend: 'cpu',
      reason: 'GPU failed while reading back (the device was lost)',
      fault:
        'GPU failed while reading back (the device was lost) after 0 of 10 rows; finished on the CPU addon. The output is correct.',
    });
    expect(firstDifference(referenceOf(input), output)).toBeUndefined();
  });

  test('by name, the fault is the error', async () => {
    await expect(run(new Selector(failing()), 'gpu')).rejects.toMatchObject({
      code: 'BACKEND_FAILED',
      message:
        'GPU failed while reading back (the device was lost) after 0 of 10 rows. Use the backend auto or another one.',
    });
  });

  test('is opened again for the next transform, three times in a process; each device is freed', async () => {
    const selector = new Selector(failing());
    for (let round = 0; round < 5; round++) {
      const { result } = await run(selector);
      if (round >= 3) expect(result.reason).toBe('no GPU: it failed too often in this process');
    }
    expect({ opened, disposed }).toEqual({ opened: 3, disposed: 3 });
  });

  test('for an image that is too large for it is not to blame', async () => {
    const selector = new Selector(failing('DEVICE_LIMIT'));
    for (let round = 0; round < 5; round++) expect((await run(selector)).result.backend).toBe('cpu');
    expect({ opened, disposed }).toEqual({ opened: 1, disposed: 0 });
  });
});
