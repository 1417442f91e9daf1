import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'neighbor-product';
import { expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { describeOnGpu, openDevice } from '../gpu/devices.js';

describeOnGpu('lift, transform, invert', () => {
  test.each([1, 2])('the bytes of the reference between the same passes in JavaScript: noise %i', async (seed) => {
    const { runChain } = await import('../../examples/gpu-chain.js');
    const picture = makeImage('noise', 67, 45, 4, seed);
    const lifted = picture.data.map((sample) => sample | 0x10);
    const { image } = transformSync({ ...picture, data: lifted }, { backend: 'reference', border: 'reflect' });
    const expected = image.data.map((sample, at) => (at % 4 === 3 ? sample : 255 - sample));
    const bytes = await runChain(await openDevice(), picture);
    expect(Buffer.compare(bytes, expected)).toBe(0);
  });

  test('as a program', () => {
    const script = fileURLToPath(new URL('../../examples/gpu-chain.js', import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({
      stdout: expect.stringMatching(/^8294400 bytes from .+, the first pixel (\d+,){3}255\n$/),
      stderr: '',
    });
  });
});
