/** Backends on a device against the reference. */
import type { Backend } from '../../src/backend.js';
import { createRaster, type Raster } from '../../src/image.js';
import type { Operation } from '../../src/options.js';
import { firstDifference, jobOf, referenceOf } from '../jobs.js';

/** Where the backend's bytes differ from the reference's; undefined where they do not. */
export async function differenceOf(
  backend: Backend,
  input: Raster,
  operation: Partial<Operation>,
): Promise<string | undefined> {
  const job = jobOf(operation);
  const output = createRaster(input.width, input.height, input.channels);
  await backend.transform(input, output, job);
  const difference = firstDifference(referenceOf(input, job), output);
  const { alpha, border, passes } = job;
  return difference && `${input.width}x${input.height}x${input.channels} ${alpha} ${border} ${passes}: ${difference}`;
}

/** An image of one colour for which 255 * product / norm is nearly a whole number: nowhere is single precision enough. */
export function unsettledFlat(width: number, height: number, channels: 3 | 4): Raster {
  const colour = nearlyWholeColour();
  const image = createRaster(width, height, channels);
  return { ...image, data: image.data.map((_, index) => colour[index % channels] ?? 255) };
}

function nearlyWholeColour(): readonly number[] {
  for (let r = 255; r > 0; r--) {
    for (let g = 1; g < 256; g++) {
      for (let b = 1; b < 256; b++) {
        const products = [r, g, b].map((sample) => sample ** 9);
        const t = (255 * products[0]) / Math.hypot(...products);
        if (t > 100 && t < 254 && Math.abs(t - Math.round(t)) < 5e-5) return [r, g, b];
      }
    }
  }
  throw new Error('there is no such colour');
}
