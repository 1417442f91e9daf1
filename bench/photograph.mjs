/** The fixture photograph as an image of any size: mirrored side by side, so that there are no seams. */
import { readFile } from 'node:fs/promises';
import { decodePng } from '../dist/png.js';

const tile = await decodePng(await readFile(new URL('../fixtures/watermelon-pizza.png', import.meta.url)));

export function photographOf(width, height) {
  const from = new Uint32Array(tile.data.buffer, tile.data.byteOffset, tile.width * tile.height);
  const words = new Uint32Array(width * height);
  const place = (at, length) => (Math.floor(at / length) % 2 === 0 ? at % length : length - 1 - (at % length));
  for (let y = 0; y < height; y++) {
    const row = place(y, tile.height) * tile.width;
    for (let x = 0; x < width; x++) words[y * width + x] = from[row + place(x, tile.width)];
  }
  return { data: new Uint8Array(words.buffer), width, height, channels: 4, rowBytes: 4 * width };
}
