import { expect, test } from 'vitest';
import { DeviceClock, type TimedStrip } from '../../src/gpu/timing.js';
import type { Span } from '../../src/span.js';

test('passes are placed as late as possible, none beyond the moment its result was mapped', () => {
  const spans: Span[] = [];
  const timed = (row: number, mappedMs: number, passesMs: number[]): TimedStrip => ({
    rows: `${row} to ${row}`,
    mappedMs,
    passesNs: BigUint64Array.from(passesMs, (ms) => 5_000_000_000n + BigInt(ms * 1e6)),
    onSpan: (span) => spans.push(span),
  });
  const clock = new DeviceClock();
  clock.add(timed(0, 1010, [0, 4]));
  clock.add(timed(1, 1013, [4, 8, 8, 9]));
  clock.add(timed(2, 1000, []));
  clock.report();
  expect(spans.map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
    ['pass 1', 1004, 1008],
    ['pass 1', 1008, 1012],
    ['pass 2', 1012, 1013],
  ]);
  clock.report();
  expect(spans).toHaveLength(3);
});
