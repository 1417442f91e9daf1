import { expect, test } from 'vitest';
import { ShareSum, sharesText } from '../src/shares.js';
import { Trust, whileTrusted } from '../src/trust.js';

const share = (backend: string, device: string, rows: number) => ({ backend, device, rows, elapsedMs: rows });

test('shares are added up by backend and device, the most rows first', () => {
  const sum = new ShareSum();
  sum.add([share('cpu', 'avx2', 10)]);
  sum.add([share('gpu', 'one', 30), share('cpu', 'avx2', 5), share('gpu', 'other', 1)]);
  expect(sum.shares).toEqual([share('gpu', 'one', 30), share('cpu', 'avx2', 15), share('gpu', 'other', 1)]);
});

test('as text for each backend; what is there is never 0 %, and never all', () => {
  expect(sharesText([share('gpu', 'one', 60), share('cpu', 'avx2', 29), share('gpu', 'other', 11)])).toBe(
    'gpu 71 %, cpu 29 %',
  );
  expect(sharesText([share('cpu', 'avx2', 999), share('gpu', 'one', 1)])).toBe('cpu over 99 %, gpu under 1 %');
});

test('what a device computed before it turned out to be wrong is named', () => {
  const wrong = new Set<string>();
  const trust = new Trust((device) => wrong.has(device));
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) trust.note([share('gpu', 'one', 1)], name);
  trust.note([share('cpu', 'avx2', 1)], 'z');
  trust.check();
  wrong.add('one');
  expect(() => trust.check()).toThrow(
    expect.objectContaining({
      code: 'BACKEND_FAILED',
      message: expect.stringMatching(
        /^The GPU computed wrong bytes \(one\), .* had left: a, b, c, d, e and 2 more\. Transform/,
      ),
    }),
  );
});

test('results come until then', async () => {
  const wrong = new Set<string>();
  const results = (async function* () {
    yield { shares: [share('gpu', 'one', 1)] };
    yield { shares: [share('cpu', 'avx2', 1)] };
    wrong.add('one');
    yield { shares: [share('cpu', 'avx2', 1)] };
  })();
  const seen: unknown[] = [];
  const all = (async () => {
    for await (const result of whileTrusted(results, (device) => wrong.has(device))) seen.push(result);
  })();
  await expect(all).rejects.toMatchObject({ code: 'BACKEND_FAILED' });
  expect(seen).toHaveLength(2);
});
