import { expect, test } from 'vitest';
import { Semaphore } from '../src/semaphore.js';

test('a capacity of 1: one after another, in order, whether they succeed or fail', async () => {
  const turn = new Semaphore(1);
  const events: string[] = [];
  const work =
    (name: string, fails = false) =>
    async () => {
      events.push(`${name} starts`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([turn.run(work('a')), turn.run(work('b', true)), turn.run(work('c'))]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(events).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
});

test('a waiter that is aborted rejects at once and never runs; the next one still waits for the first', async () => {
  const turn = new Semaphore(1);
  const events: string[] = [];
  let endFirst = () => {};
  const first = turn.run(() => new Promise<void>((resolve) => (endFirst = resolve)));
  const controller = new AbortController();
  const waiting = turn.run(async () => events.push('waiting'), controller.signal);
  const last = turn.run(async () => events.push('last'));
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect(events).toEqual([]);
  endFirst();
  await Promise.all([first, last]);
  expect(events).toEqual(['last']);
});

test('a signal that is aborted before the call, and one that is aborted after the turn came', async () => {
  const turn = new Semaphore(1);
  await expect(turn.run(async () => 1, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  const controller = new AbortController();
  const release = await turn.acquire(1, controller.signal);
  controller.abort(new Error('late'));
  release();
  expect(await turn.run(() => 2)).toBe(2);
});

test('weights: waiters are served in order, and never more than the capacity is taken', async () => {
  const semaphore = new Semaphore(10);
  const granted: number[] = [];
  const acquire = async (weight: number) => {
    const release = await semaphore.acquire(weight);
    granted.push(weight);
    return release;
  };
  const releases = [acquire(6), acquire(5), acquire(3)];
  await releases[0];
  await Promise.resolve();
  expect(granted).toEqual([6]); // 3 would fit, but 5 came before
  (await releases[0])();
  await Promise.all(releases);
  expect(granted).toEqual([6, 5, 3]);
});

test('a weight above the capacity is granted when all is free', async () => {
  const semaphore = new Semaphore(4);
  const release = await semaphore.acquire(3);
  let isGranted = false;
  const large = semaphore.acquire(1e9).then((end) => {
    isGranted = true;
    return end;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isGranted).toBe(false);
  release();
  (await large)();
  (await semaphore.acquire(4))();
});

test('an aborted waiter makes room for those behind it', async () => {
  const semaphore = new Semaphore(4);
  await semaphore.acquire(3);
  const controller = new AbortController();
  const large = semaphore.acquire(4, controller.signal);
  const small = semaphore.acquire(1);
  controller.abort(new Error('enough'));
  await expect(large).rejects.toThrow('enough');
  await small;
});

test('one that leaves may let in another one of its signal, and nobody else is lost', async () => {
  const semaphore = new Semaphore(2);
  const release = await semaphore.acquire();
  const controller = new AbortController();
  const leaving = semaphore.acquire(2, controller.signal);
  const letIn = semaphore.acquire(1, controller.signal);
  const stranger = semaphore.acquire();
  controller.abort(new Error('enough'));
  await expect(leaving).rejects.toThrow('enough');
  (await letIn)();
  (await stranger)();
  release();
});
