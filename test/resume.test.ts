import { describe, expect, test } from 'vitest';
import { makeImage } from '../src/conformance/images.js';
import { createRaster } from '../src/image.js';
import { referenceBackend } from '../src/reference.js';
import { resume } from '../src/resume.js';
import { firstDifference, jobOf, modesOf, referenceOf } from './jobs.js';

describe.each([3, 4] as const)('%i channels', (channels) => {
  const input = makeImage('noise', 9, 12, channels, 4);

  test.each(modesOf(channels))(
    '$alpha $border: from every row on, the rest and only the rest is written',
    async (mode) => {
      for (let rowsDone = 0; rowsDone <= 12; rowsDone++) {
        const expected = createRaster(9, 12, channels);
        expected.data.fill(1);
        const whole = referenceOf(input, mode);
        const output = { ...expected, data: expected.data.slice() };
        // A single row would need the row above it twice over: starting again is simpler.
        const firstWritten = rowsDone < 2 ? 0 : rowsDone;
        const skipped = mode.border === 'skip' ? 1 : 0;
        for (let y = Math.max(firstWritten, skipped); y < 12 - skipped; y++) {
          const [from, to] = [(y * 9 + skipped) * channels, (y * 9 + 9 - skipped) * channels];
          expected.data.set(whole.data.subarray(from, to), from);
        }
        await resume(referenceBackend, { input, passesLeft: 1, rowsDone }, output, jobOf(mode));
        expect(firstDifference(expected, output)).toBeUndefined();
      }
    },
  );
});

test('passes that are left are counted from the progress, not from the job', async () => {
  const input = makeImage('noise', 9, 12, 4, 4);
  const output = createRaster(9, 12, 4);
  await resume(referenceBackend, { input, passesLeft: 2, rowsDone: 0 }, output, jobOf({ border: 'wrap', passes: 5 }));
  expect(firstDifference(referenceOf(input, jobOf({ border: 'wrap', passes: 2 })), output)).toBeUndefined();
});
