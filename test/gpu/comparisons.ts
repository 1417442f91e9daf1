import { type CheckedImage, createImage } from '../../src/image.js';

/** An image of one colour for which 255 * product / norm is nearly a whole number: single precision decides no pixel. */
export function undecidedFlat(width: number, height: number, channels: 3 | 4): CheckedImage {
  const colour = nearlyWholeColour();
  const image = createImage(width, height, channels);
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
