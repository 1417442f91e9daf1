/** PNG files for tests, by pngjs and not by what is tested. */
import { PNG } from 'pngjs';
import type { CheckedImage } from '../src/image.js';

/** PNG's colour types for three and four samples per pixel. */
const COLOUR_TYPES = { 3: 2, 4: 6 } as const;

export function encodePng({ data, width, height, channels, rowBytes }: CheckedImage): Buffer {
  const rows = Buffer.alloc(width * height * channels);
  for (let y = 0; y < height; y++) {
    rows.set(data.subarray(y * rowBytes, y * rowBytes + width * channels), y * width * channels);
  }
  const colorType = COLOUR_TYPES[channels];
  return PNG.sync.write(Object.assign(new PNG(), { width, height, data: rows }), {
    colorType,
    inputColorType: colorType,
  });
}
