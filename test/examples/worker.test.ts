import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'neighbor-product';
import { expect, test } from 'vitest';
import { transformInWorker } from '../../examples/worker.js';
import { makeImage } from '../../src/conformance/images.js';

const picture = makeImage('photograph', 70, 41, 4, 1);
const expected = transformSync(picture, { backend: 'reference', border: 'wrap' }).image.data;

function copyIn(memory: ArrayBuffer | SharedArrayBuffer) {
  const data = new Uint8Array(memory);
  data.set(picture.data);
  return { ...picture, data };
}

test('shared memory is worked on where it is', async () => {
  const image = copyIn(new SharedArrayBuffer(picture.data.length));
  const result = await transformInWorker(image, { border: 'wrap' });
  expect(result.backend).toBe('cpu');
  expect(Buffer.compare(image.data, expected)).toBe(0);
  expect(Buffer.compare(result.image.data, expected)).toBe(0);
});

test('other memory goes there and comes back', async () => {
  const image = copyIn(new ArrayBuffer(picture.data.length));
  const result = await transformInWorker(image, { border: 'wrap', backend: 'reference' });
  expect(image.data).toHaveLength(0);
  expect(Buffer.compare(result.image.data, expected)).toBe(0);
});

test('what the transform refuses arrives here', async () => {
  const image = copyIn(new SharedArrayBuffer(picture.data.length));
  await expect(transformInWorker({ ...image, width: 0 }, {})).rejects.toThrow('image.width');
});

test('as a program', () => {
  const script = fileURLToPath(new URL('../../examples/worker.js', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({
    stdout: expect.stringMatching(/^reference took \d+ ms; this thread waited \d+ ms at most\.\n$/),
    stderr: '',
  });
});
