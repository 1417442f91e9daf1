/**
 * Time that passes only when a test lets it, and at once: a test of who is faster then gives the same on every machine,
 * however busy. Unlike vitest's own, its milliseconds have fractions, since a strip may take less than one.
 */
import { afterEach, beforeEach, vi } from 'vitest';

interface Timer {
  readonly atMs: number;
  readonly act: () => void;
}

let nowMs = 0;
/** The next one first; of the same moment, the older one. */
let timers: Timer[] = [];

/** Has `setTimeout` and `performance.now` tell this time in the tests of a file. */
export function useVirtualTime(): void {
  beforeEach(() => {
    timers = [];
    nowMs = 1000;
    vi.stubGlobal('setTimeout', (act: () => void, delayMs = 0): Timer => {
      const timer = { atMs: nowMs + delayMs, act };
      const later = timers.findIndex(({ atMs }) => atMs > timer.atMs);
      timers.splice(later < 0 ? timers.length : later, 0, timer);
      return timer;
    });
    vi.stubGlobal('clearTimeout', (timer: Timer) => {
      timers = timers.filter((one) => one !== timer);
    });
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });
}

/** Has everything happen that waits for no time. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve)); // once no promise is left to go on with
}

/** Lets so much time pass. */
export async function pass(ms: number): Promise<void> {
  const endMs = nowMs + ms;
  await settle();
  while (timers.length > 0 && timers[0].atMs <= endMs) await passToNextTimer();
  nowMs = endMs;
}

/** Lets time pass until a promise is settled. */
export async function passUntil<T>(promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const note = () => {
    isSettled = true;
  };
  promise.then(note, note);
  for (await settle(); !isSettled; await passToNextTimer()) {
    if (timers.length === 0) throw new Error('It never ends: no timer is left.');
  }
  return promise;
}

async function passToNextTimer(): Promise<void> {
  const { atMs, act } = timers.shift()!;
  nowMs = atMs;
  act();
  await settle();
}
