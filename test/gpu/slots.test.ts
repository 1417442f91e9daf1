/** Several strips under way at once: their order, aborts, and the spans they report. */
import { expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import type { Phase } from '../../src/gpu/slot.js';
import { createImage } from '../../src/image.js';
import type { Span } from '../../src/span.js';
import { differenceOf, firstDifference, operationOf, referenceOf } from '../transforms.js';
import { describeOnGpu, openHost } from './devices.js';

/** Of 6 computed rows: 5 strips of 30 rows. */
const WIDTH = 40;
const HEIGHT = 30;
const STRIP_BYTES = 8 * WIDTH * 4;
const STRIPS = 5;

describeOnGpu('strips', () => {
  test('three are under way before the first comes back, and never more', async () => {
    const phases: Phase[] = [];
    const host = await openHost({ bufferBytes: STRIP_BYTES, onPhase: (phase) => phases.push(phase) });
    const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
    expect(await differenceOf(host, input, { border: 'wrap' })).toBeUndefined();
    const moves = phases.filter((phase) => phase === 'upload' || phase === 'copy');
    expect(moves.slice(0, 3)).toEqual(['upload', 'upload', 'upload']);
    let underWay = 0;
    for (const move of moves) {
      underWay += move === 'upload' ? 1 : -1;
      expect(underWay).toBeLessThanOrEqual(3);
    }
    expect(moves).toHaveLength(2 * STRIPS);
    expect(underWay).toBe(0);
  });

  test('of ordinary size: an image of 3 megapixels is two strips, also over itself', async () => {
    const spans: Span[] = [];
    const host = await openHost();
    const input = makeImage('photograph', 2000, 1500, 4, 1);
    const operation = operationOf({ border: 'wrap' });
    const run = { onSpan: (span: Span) => spans.push(span) };
    const output = createImage(2000, 1500, 4);
    await host.transform(input, output, operation, run);
    expect(firstDifference(referenceOf(input, operation), output)).toBeUndefined();
    expect(spans.filter(({ name }) => name === 'upload')).toHaveLength(2);
    await host.transform(input, input, operation, run);
    expect(firstDifference(output, input)).toBeUndefined();
  });

  test('an abort in any phase leaves the device usable', async () => {
    for (const phase of ['upload', 'dispatch', 'map', 'copy'] as const) {
      const controller = new AbortController();
      let times = 0;
      const onPhase = (entered: Phase) => {
        if (entered === phase && ++times === 3) controller.abort(new Error('enough'));
      };
      const host = await openHost({ bufferBytes: STRIP_BYTES, onPhase });
      const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
      const running = host.transform(input, createImage(WIDTH, HEIGHT, 4), operationOf(), {
        signal: controller.signal,
      });
      await expect(running).rejects.toThrow('enough');
      expect(host.backend.usable).toBe(true);
      expect(await differenceOf(host, input)).toBeUndefined();
    }
  });
});

describeOnGpu('spans', () => {
  test('of each phase of each strip and, by the clock of the device, of each pass', async () => {
    const spans: Span[] = [];
    const host = await openHost({ bufferBytes: STRIP_BYTES });
    const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
    const startMs = performance.now();
    const onSpan = (span: Span) => spans.push(span);
    await host.transform(input, createImage(WIDTH, HEIGHT, 4), operationOf({ border: 'wrap' }), { onSpan });
    const endMs = performance.now();
    for (const name of ['upload', 'dispatch', 'map', 'copy', 'pass 1']) {
      const rows = spans.filter((span) => span.name === name).map(({ details }) => details!.rows);
      expect(new Set(rows), name).toEqual(new Set(['0 to 5', '6 to 11', '12 to 17', '18 to 23', '24 to 29']));
      expect(rows).toHaveLength(STRIPS);
    }
    expect(spans).toHaveLength(5 * STRIPS);
    for (const span of spans) {
      expect(span.startMs).toBeLessThanOrEqual(span.endMs);
      expect(span.startMs).toBeGreaterThanOrEqual(startMs);
      expect(span.endMs).toBeLessThanOrEqual(endMs);
    }
    expect(new Set(spans.map(({ track }) => track))).toEqual(
      new Set(['GPU slot 1', 'GPU slot 2', 'GPU slot 3', 'GPU']),
    );
  });

  test('of several passes that stay on the device', async () => {
    const spans: Span[] = [];
    const host = await openHost();
    const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
    const operation = operationOf({ passes: 3 });
    const output = createImage(WIDTH, HEIGHT, 4);
    await host.transform(input, output, operation, { onSpan: (span) => spans.push(span) });
    expect(firstDifference(referenceOf(input, operation), output)).toBeUndefined();
    expect(spans.filter(({ track }) => track === 'GPU').map(({ name }) => name)).toEqual([
      'pass 1',
      'pass 2',
      'pass 3',
    ]);
  });

  test('without a listener no pass is timed', async () => {
    let queries = 0;
    const host = await openHost({
      onPhase: (phase, device) => {
        if (phase !== 'prepare') return;
        device.createQuerySet = () => {
          queries++;
          throw new Error('not asked for');
        };
      },
    });
    expect(await differenceOf(host, makeImage('photograph', WIDTH, HEIGHT, 4, 1))).toBeUndefined();
    expect(queries).toBe(0);
  });

  test('without a listener no pass is timed, even if one was before', async () => {
    let resolved = 0;
    const host = await openHost();
    const { device } = host.backend;
    const { createCommandEncoder } = device;
    device.createCommandEncoder = (descriptor) => {
      const encoder = createCommandEncoder.call(device, descriptor);
      const { resolveQuerySet } = encoder;
      encoder.resolveQuerySet = (...args) => {
        resolved++;
        resolveQuerySet.apply(encoder, args);
      };
      return encoder;
    };
    const input = makeImage('photograph', WIDTH, HEIGHT, 4, 1);
    await host.transform(input, createImage(WIDTH, HEIGHT, 4), operationOf(), { onSpan: () => {} });
    expect(resolved).toBe(1);
    expect(await differenceOf(host, input)).toBeUndefined();
    expect(resolved).toBe(1);
  });
});
