import { describe, expect, test } from 'vitest';
import { type Backend, BackendFault, type Opened } from '../src/backend.js';
import { BACKEND_NAMES, BACKENDS, type BackendName, isOracle, type RegisteredBackend } from '../src/backends.js';
import { makeImage } from '../src/conformance/images.js';
import { Host } from '../src/host.js';
import { createImage } from '../src/image.js';
import { Selector, selectSync } from '../src/selector.js';
import { firstDifference, operationOf, referenceOf } from './transforms.js';

const [gpu, ...rest] = BACKENDS;
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
