/** Several strips on their way at once: the order of things, and what is told of them. */
import { expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { DeviceClock } from '../../src/gpu/device-clock.js';
import type { Phase } from '../../src/gpu/gpu-fault.js';
import type { Landed } from '../../src/gpu/slot.js';
import { createRaster } from '../../src/image.js';
import type { Span } from '../../src/span.js';
import { firstDifference, jobOf, referenceOf } from '../jobs.js';
import { differenceOf } from './comparisons.js';
import { describeOnGpu, openBackend } from './devices.js';

/** Of 6 rows computed: 5 strips of 30 rows. */
const WIDTH = 40;
const HEIGHT = 30;
const STRIP_BYTES = 8 * WIDTH * 4;
const STRIPS = 5;

describeOnGpu('strips', () => {
  test('three are on their way before the first comes back, and never more', async () => {
    const phases: Phase[] = [];
    const backend = await openBackend({ bufferBytes: STRIP_BYTES, onPhase: (phase) => phases.push(phase) });
    const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
    expect(await differenceOf(backend, input, { border: 'wrap' })).toBeUndefined();
    const moves = phases.filter((phase) => phase === 'upload' || phase === 'copy').map((phase) => phase[0]);
    expect(moves.join('')).toBe('uuucucuccc');
  });

  test('of ordinary size too: a picture of 3 megapixels is computed in strips, one over itself as a whole', async () => {
    const spans: Span[] = [];
    const backend = await openBackend();
    const input = makeImage('photograph', 2000, 1500, 4, 1);
    const job = jobOf({ border: 'wrap' }, { onSpan: (span) => spans.push(span) });
    const output = createRaster(2000, 1500, 4);
    await backend.transform(input, output, job);
    expect(firstDifference(referenceOf(input, job), output)).toBeUndefined();
    expect(spans.filter(({ name }) => name === 'upload')).toHaveLength(2);
    spans.length = 0;
    await backend.transform(input, input, job);
    expect(firstDifference(output, input)).toBeUndefined();
    expect(spans.filter(({ name }) => name === 'upload')).toHaveLength(1);
  });

  test('that are aborted leave the device as it was', async () => {
    for (const phase of ['upload', 'dispatch', 'map', 'copy'] as const) {
      const controller = new AbortController();
      let times = 0;
      const onPhase = (entered: Phase) => {
        if (entered === phase && ++times === 3) controller.abort(new Error('enough'));
      };
      const backend = await openBackend({ bufferBytes: STRIP_BYTES, onPhase });
      const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
      const job = jobOf({}, { signal: controller.signal });
      await expect(backend.transform(input, createRaster(WIDTH, HEIGHT, 4), job)).rejects.toThrow('enough');
      expect(backend.usable).toBe(true);
      expect(await differenceOf(backend, input, {})).toBeUndefined();
    }
  });
});

describeOnGpu('spans', () => {
  test('tell of each phase of each strip and, by the clock of the device, of each pass', async () => {
    const spans: Span[] = [];
    const backend = await openBackend({ bufferBytes: STRIP_BYTES });
    const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
    const startMs = performance.now();
    const onSpan = (span: Span) => spans.push(span);
    await backend.transform(input, createRaster(WIDTH, HEIGHT, 4), jobOf({ border: 'wrap' }, { onSpan }));
    const endMs = performance.now();
    for (const name of ['upload', 'dispatch', 'map', 'copy', 'pass 1']) {
      const rows = spans.filter((span) => span.name === name).map(({ details }) => details!.rows);
      expect(rows, name).toEqual(['0 to 5', '6 to 11', '12 to 17', '18 to 23', '24 to 29']);
    }
    expect(spans).toHaveLength(5 * STRIPS);
    for (const span of spans) {
      expect(span.startMs).toBeLessThanOrEqual(span.endMs);
      expect(span.startMs).toBeGreaterThanOrEqual(startMs);
      expect(span.endMs).toBeLessThanOrEqual(endMs);
    }
    expect(new Set(spans.map(({ lane }) => lane))).toEqual(new Set(['GPU slot 1', 'GPU slot 2', 'GPU slot 3', 'GPU']));
  });

  test('of several passes that stay on the device', async () => {
    const spans: Span[] = [];
    const backend = await openBackend();
    const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
    const job = jobOf({ passes: 3 }, { onSpan: (span) => spans.push(span) });
    const output = createRaster(WIDTH, HEIGHT, 4);
    await backend.transform(input, output, job);
    expect(firstDifference(referenceOf(input, job), output)).toBeUndefined();
    expect(spans.filter(({ lane }) => lane === 'GPU').map(({ name }) => name)).toEqual(['pass 1', 'pass 2', 'pass 3']);
  });

  test('of nobody who listens: no pass is timed', async () => {
    let queries = 0;
    const backend = await openBackend({
      onPhase: (phase, device) => {
        if (phase !== 'prepare') return;
        device.createQuerySet = () => {
          queries++;
          throw new Error('not asked for');
        };
      },
    });
    expect(await differenceOf(backend, makeImage('photograph', WIDTH, HEIGHT, 4, 1), {})).toBeUndefined();
    expect(queries).toBe(0);
  });

  test('of nobody who listens any more: no pass is timed, though one was before', async () => {
    let resolved = 0;
    const backend = await openBackend();
    const { device } = backend;
    const { createCommandEncoder } = device;
    device.createCommandEncoder = (descriptor) => {
      const encoder = createCommandEncoder.call(device, descriptor);
      const { resolveQuerySet } = encoder;
      encoder.resolveQuerySet = (...words) => {
        resolved++;
        resolveQuerySet.apply(encoder, words);
      };
      return encoder;
    };
    const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
    await backend.transform(input, createRaster(WIDTH, HEIGHT, 4), jobOf({}, { onSpan: () => {} }));
    expect(resolved).toBe(1);
    expect(await differenceOf(backend, input, {})).toBeUndefined();
    expect(resolved).toBe(1);
  });
});

test('passes are laid as late as possible, none beyond the moment its result was there', () => {
  const landed = (first: number, mappedMs: number, passesMs: number[]): Landed => ({
    strip: { computed: { first, end: first + 1 } } as Landed['strip'],
    pixelsRedone: 0,
    mappedMs,
    passesNs: BigUint64Array.from(passesMs, (ms) => 5_000_000_000n + BigInt(ms * 1e6)),
  });
  const clock = new DeviceClock();
  clock.add(landed(0, 1010, [0, 4]));
  clock.add(landed(1, 1013, [4, 8, 8, 9]));
  clock.add({ ...landed(2, 1000, []), passesNs: new BigUint64Array() });
  const spans: Span[] = [];
  clock.tell((span) => spans.push(span));
  expect(spans.map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
    ['pass 1', 1004, 1008],
    ['pass 1', 1008, 1012],
    ['pass 2', 1012, 1013],
  ]);
});
