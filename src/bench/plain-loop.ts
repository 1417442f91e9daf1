/** What anyone would write first in JavaScript: the yardstick for everything faster. */
import type { Raster } from '../image.js';

/**
 * The transform of an RGBA image without padding, alpha 255, the border left as it is. Binary64 in the definition's
 * order, so its bytes are the definition's.
 */
export function plainLoop(input: Raster, output: Raster): void {
  const { data: source, width, height } = input;
  const product = [0, 0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      let squares = 0;
      for (let c = 0; c < 3; c++) {
        product[c] = 1;
        for (let j = -1; j <= 1; j++) {
          for (let i = -1; i <= 1; i++) product[c] *= source[((y + j) * width + x + i) * 4 + c] / 255;
        }
        squares += product[c] * product[c];
      }
      const norm = Math.sqrt(squares);
      const to = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) output.data[to + c] = norm === 0 ? 0 : Math.min(product[c] / norm, 1) * 255;
      output.data[to + 3] = 255;
    }
  }
}
