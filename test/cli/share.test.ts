import { expect, test } from 'vitest';
import { Share } from '../../src/cli/share.js';

test('whoever wants more than is left waits, and those behind wait too', async () => {
  const share = new Share(10);
  const begun: string[] = [];
  const take = (name: string, amount: number) => share.take(amount).then(() => begun.push(name));
  take('a', 6);
  take('b', 5);
  take('c', 1);
  await Promise.resolve();
  expect(begun).toEqual(['a']);
  share.giveBack(6);
  await Promise.resolve();
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('more than the whole is the whole: it is alone', async () => {
  const share = new Share(10);
  const begun: string[] = [];
  share.take(99).then(() => begun.push('large'));
  share.take(1).then(() => begun.push('small'));
  await Promise.resolve();
  expect(begun).toEqual(['large']);
  share.giveBack(99);
  await Promise.resolve();
  expect(begun).toEqual(['large', 'small']);
});
