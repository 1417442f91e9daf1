/** What a device has to show before it computes anything for anybody. */
import { expect, test } from 'vitest';
import { findWrongAnswer, hardImage, KNOWN_ANSWERS } from '../../src/admission.js';
import { openBestAdapter } from '../../src/gpu/adapters.js';
import { shaderCode } from '../../src/gpu/shader-code.js';
import { fnv1a } from '../../src/hash.js';
import { createImage } from '../../src/image.js';
import { ALPHA_MODES } from '../../src/options.js';
import { transformReference } from '../../src/reference.js';
import { BORDER_MODES } from '../../src/regions.js';
import { describeOnGpu, gpu, openHost } from './devices.js';
import { MISTAKES } from './mistakes.js';

test.each(KNOWN_ANSWERS)('the known answer is the definition’s: %j', ({ channels, hash, ...operation }) => {
  const input = hardImage(channels);
  const output = createImage(input.width, input.height, channels);
  transformReference(input, output, operation);
  expect(fnv1a(output.data).toString(16)).toBe(hash.toString(16));
});

test('every mode and both numbers of channels are asked for, one pass and several', () => {
  const all = <Name extends keyof (typeof KNOWN_ANSWERS)[number]>(name: Name) =>
    [...new Set(KNOWN_ANSWERS.map((answer) => answer[name]))].sort();
  expect(all('alpha')).toEqual([...ALPHA_MODES].sort());
  expect(all('border')).toEqual([...BORDER_MODES].sort());
  expect(all('channels')).toEqual([3, 4]);
  expect(all('passes')).toEqual([1, 2]);
});

describeOnGpu('a device', () => {
  test('that is right is taken', async () => {
    const opened = await openBestAdapter(gpu);
    expect(opened).not.toHaveProperty('reason');
    if ('transformer' in opened) opened.transformer.dispose();
  });

  test.each(MISTAKES)('with a mistake in its shaders is refused: %s', async (_, code) => {
    const opened = await openBestAdapter(gpu, { shaderCode: code });
    expect(opened).toEqual({
      reason: expect.stringMatching(
        / is refused: it computed wrong bytes when it was opened \(\d channels, alpha \w+, /,
      ),
      adapter: expect.anything(),
      isWrong: true,
    });
  });

  test('that fails at that is not there, and the reason is its own', async () => {
    const opened = await openBestAdapter(gpu, { shaderCode: shaderCode.replace('fn ', 'fun ') });
    expect(opened).toMatchObject({ reason: expect.stringContaining('GPU failed while') });
    expect(opened).not.toHaveProperty('isWrong');
  });

  test('takes milliseconds, once its shaders are compiled', async () => {
    const host = await openHost();
    expect(await findWrongAnswer(host.backend)).toBeUndefined();
    const before = process.cpuUsage(); // the device is threads of this process
    expect(await findWrongAnswer(host.backend)).toBeUndefined();
    const { user, system } = process.cpuUsage(before);
    // In software; a hundred times what hardware takes.
    expect((user + system) / 1000).toBeLessThan(2000);
  });
});
