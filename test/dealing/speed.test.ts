import { describe, expect, test } from 'vitest';
import { isToBeTried, isWorthwhile, Speed, STRIP_MS } from '../../src/dealing/speed.js';

/** After strips of the given pixels and milliseconds. */
function speedAfter(...strips: readonly (readonly [pixels: number, elapsedMs: number])[]): Speed {
  const speed = new Speed();
  for (const strip of strips) speed.note(...strip);
  return speed;
}

describe('the size of strips', () => {
  test('grows by two until one takes a few milliseconds', () => {
    const speed = new Speed();
    const sizes: number[] = [];
    while (speed.isGrowing) {
      sizes.push(speed.wantedPixels);
      speed.note(speed.wantedPixels, 0.5 + speed.wantedPixels * 3e-6); // a call costs half a millisecond
    }
    expect(sizes.slice(0, 4)).toEqual([2 ** 16, 2 ** 17, 2 ** 18, 2 ** 19]);
    expect(sizes.at(-1)! * 3e-6).toBeGreaterThan(STRIP_MS / 2);
    expect(speed.wantedPixels * 3e-6).toBeLessThan(1.1 * STRIP_MS);
  });

  test('a strip that whole rows make a little shorter than wanted is long enough', () => {
    expect(speedAfter([1e3, 0.1], [1e5, 3.9]).isGrowing).toBe(false);
    expect(speedAfter([1e3, 0.1], [1e5, 2.9]).isGrowing).toBe(true);
  });

  test('shrinks at once where the first strip took long', () => {
    expect(speedAfter([2 ** 16, 1000]).wantedPixels).toBeCloseTo((2 ** 16 * 40) / 1000);
    expect(speedAfter([2 ** 16, 1000], [2000, 3]).wantedPixels).toBeCloseTo((2000 * 6) / 3);
  });

  test('a strip that was slow by accident counts half, a faster one at once, a small slow one not at all', () => {
    const known = [1e6, 5] as const;
    expect(speedAfter(known, [1e6, 15]).msPerPixel).toBe(10e-6);
    expect(speedAfter(known, [1e6, 15], [1e6, 4]).msPerPixel).toBe(4e-6);
    expect(speedAfter(known, [1000, 2]).msPerPixel).toBe(5e-6);
  });

  test('a strip that was dropped counts half, and shows nothing where it was quick', () => {
    const speed = speedAfter([1e6, 5]);
    speed.noteDropped(1e6, 1);
    expect(speed.msPerPixel).toBe(5e-6);
    speed.noteDropped(1e6, 45);
    expect(speed.msPerPixel).toBe(25e-6);
    const unknown = new Speed();
    unknown.noteDropped(1e6, 45);
    expect(unknown.msPerPixel).toBe(45e-6);
  });

  test('what a call takes follows from a small strip and a large one', () => {
    expect(speedAfter([1e6, 5]).callMs).toBe(0);
    expect(speedAfter([1e5, 1.1], [1e6, 2]).callMs).toBeCloseTo(1);
    expect(speedAfter([1e5, 1.1], [1e6, 2]).estimateMs(1e6)).toBeGreaterThan(2);
    expect(speedAfter([1e5, 1], [1e6, 10]).callMs).toBe(0);
  });
});

test('a device whose strips all come too late does not help, until one is in time', () => {
  const speed = speedAfter([1e6, 5]);
  for (let strip = 0; strip < 8; strip++) {
    expect(isWorthwhile(speed, 5e-6)).toBe(true);
    speed.noteDropped(1e6, 5);
  }
  expect(isWorthwhile(speed, 5e-6)).toBe(false);
  speed.note(1e6, 5);
  expect(isWorthwhile(speed, 5e-6)).toBe(true);
});

test('passes on a device: what moving the image takes is not theirs', () => {
  const speed = speedAfter([1e6, 5]);
  speed.noteResident(1e6, 10, 15, true);
  expect(speed.residentMsPerPixel).toBeCloseTo(1e-6);
  speed.noteResident(1e6, 10, 6, false); // dropped early: a bound
  expect(speed.residentMsPerPixel).toBeCloseTo(1e-6);
  speed.noteResident(1e6, 10, 35, false);
  expect(speed.residentMsPerPixel).toBeCloseTo(3e-6);
});

test('a device that is ten times as slow does not help, and is tried again after fifty times its strip', () => {
  const first = 5e-6;
  expect(isWorthwhile(new Speed(), first)).toBe(true);
  expect(isWorthwhile(speedAfter([1e6, 49]), first)).toBe(true);
  const slow = speedAfter([1e6, 51]);
  expect(isWorthwhile(slow, first)).toBe(false);
  expect(isToBeTried(slow)).toBe(false);
  expect(isToBeTried(speedAfter([1, 0]))).toBe(true);
});
