import { expect, test } from 'vitest';
import { JobQueue } from '../src/job-queue.js';

test('one job at a time, in order, whatever becomes of those before', async () => {
  const queue = new JobQueue();
  const events: string[] = [];
  const job =
    (name: string, fails = false) =>
    async () => {
      events.push(`${name} starts`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([
    queue.run(job('a'), undefined),
    queue.run(job('b', true), undefined),
    queue.run(job('c'), undefined),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(events).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
});

test('a waiting job that is aborted rejects at once and never runs; the next still waits for the first', async () => {
  const queue = new JobQueue();
  const events: string[] = [];
  let endFirst = () => {};
  const first = queue.run(() => new Promise<void>((resolve) => (endFirst = resolve)), undefined);
  const controller = new AbortController();
  const waiting = queue.run(async () => events.push('waiting'), controller.signal);
  const last = queue.run(async () => events.push('last'), undefined);
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect(events).toEqual([]);
  endFirst();
  await Promise.all([first, last]);
  expect(events).toEqual(['last']);
});

test('a signal that was aborted before the call', async () => {
  await expect(new JobQueue().run(async () => 1, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
});
