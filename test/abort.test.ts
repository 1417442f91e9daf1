import { expect, test, vi } from 'vitest';
import { onAbort } from '../src/abort.js';
import { transform } from '../src/transform.js';

test('every callback is called, and none that ended before', () => {
  const controller = new AbortController();
  const heard: string[] = [];
  const ends = ['a', 'b', 'c'].map((name) => onAbort(controller.signal, () => heard.push(name)));
  ends[1]();
  controller.abort();
  expect(heard).toEqual(['a', 'c']);
});

test('one that another callback ends is not called, as with listeners of the signal itself', () => {
  const controller = new AbortController();
  const heard: string[] = [];
  const ends = ['a', 'b'].map((name) =>
    onAbort(controller.signal, () => {
      heard.push(name);
      for (const end of ends) end();
    }),
  );
  controller.abort();
  expect(heard).toEqual(['a']);
});

test('the same function may wait twice', () => {
  const controller = new AbortController();
  const callback = vi.fn();
  const ends = [onAbort(controller.signal, callback), onAbort(controller.signal, callback)];
  ends[0]();
  controller.abort();
  expect(callback).toHaveBeenCalledTimes(1);
});

test('there is one listener, and none once all have ended', () => {
  const counts = { added: 0, removed: 0 };
  const { signal } = new AbortController();
  Object.defineProperties(signal, {
    addEventListener: { value: () => counts.added++ },
    removeEventListener: { value: () => counts.removed++ },
  });
  const first = [1, 2, 3].map(() => onAbort(signal, () => {}));
  expect(counts).toEqual({ added: 1, removed: 0 });
  for (const end of [...first, ...first]) end();
  expect(counts).toEqual({ added: 1, removed: 1 });
  onAbort(signal, () => {})();
  expect(counts).toEqual({ added: 2, removed: 2 });
});

test('without a signal nothing is heard', () => expect(onAbort(undefined, () => {})()).toBeUndefined());

test('one signal for many transforms: no warning, and all of them are aborted', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  const controller = new AbortController();
  const image = { data: new Uint8Array(1000 * 1000 * 4), width: 1000, height: 1000 };
  const all = Array.from({ length: 30 }, () => transform(image, { signal: controller.signal, backend: 'cpu' }));
  setTimeout(() => controller.abort(new Error('enough')), 5);
  const outcomes = await Promise.allSettled(all);
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('warning', note);
  expect(warnings).toEqual([]);
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.message] : []));
  expect(reasons.length).toBeGreaterThan(20);
  expect(new Set(reasons)).toEqual(new Set(['enough']));
});
