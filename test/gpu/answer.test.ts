/** Waiting for a device that may never answer. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { answered, Deadline, NoAnswer } from '../../src/gpu/answer.js';

const NEVER = new Promise<never>(() => {});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('an answer in time is the result, and no timer is left', async () => {
  expect(await answered(Promise.resolve(7), 1000)).toBe(7);
  await expect(answered(Promise.reject(new Error('refused')), 1000)).rejects.toThrow('refused');
  expect(vi.getTimerCount()).toBe(0);
});

test('without an answer it is rejected, and a late refusal is nobody’s', async () => {
  let refuse: (error: Error) => void = () => {};
  const work = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  const waiting = answered(work, 10_000);
  const outcome = expect(waiting).rejects.toThrow(new NoAnswer(10_000));
  await vi.advanceTimersByTimeAsync(10_000);
  await outcome;
  refuse(new Error('too late')); // vitest fails where nobody handles it
  expect(vi.getTimerCount()).toBe(0);
});

test('each step has the whole time', async () => {
  const deadline = new Deadline(1000);
  const passed = vi.fn();
  deadline.passed.catch(passed);
  await vi.advanceTimersByTimeAsync(900);
  deadline.extend();
  await vi.advanceTimersByTimeAsync(900);
  expect(passed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(100);
  expect(passed).toHaveBeenCalledWith(new NoAnswer(1000));
});

test('a step that begins after the end sets no timer', async () => {
  const deadline = new Deadline(1000);
  deadline.clear();
  deadline.extend();
  expect(vi.getTimerCount()).toBe(0);
});

test('a thread that was busy could hear no answer: the time begins anew', async () => {
  const waiting = answered(NEVER, 1000);
  const outcome = vi.fn();
  waiting.catch(outcome);
  const { now } = performance;
  performance.now = () => now.call(performance) + 5000; // as after 5 s of other work
  await vi.advanceTimersByTimeAsync(1000);
  expect(outcome).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1000);
  expect(outcome).toHaveBeenCalledWith(new NoAnswer(1000));
});
