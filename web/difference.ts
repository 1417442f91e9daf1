/** Two products compared byte by byte, and the picture of where they differ. */
import type { CheckedImage } from '../src/image.js';
import type { Place } from '../src/regions.js';

export interface Difference {
  readonly bytes: number;
  /** Bytes that are not the same. */
  readonly differing: number;
  /** The first pixel with one, in reading order. */
  readonly first?: Place | undefined;
  /** Black where all bytes are the same, else white in the channels that differ; RGBA. */
  readonly picture: { readonly data: Uint8ClampedArray<ArrayBuffer>; readonly width: number; readonly height: number };
}

/** A pixel of the picture stands for a block; one differing byte in it is enough to light it. */
const MOST_SIDE = 1024;
/** Rows are compared in pieces of so many pixels, between which the page may do something else. */
const PIXELS_AT_ONCE = 2 ** 20;

/** Compares two images of RGBA without padding and of one size. */
export async function compare(a: CheckedImage, b: CheckedImage): Promise<Difference> {
  const { width, height } = a;
  if (b.width !== width || b.height !== height) throw new Error('Expected two images of the same size.');
  const block = Math.ceil(Math.max(width, height) / MOST_SIDE);
  const picture = { width: Math.ceil(width / block), height: Math.ceil(height / block) };
  const data = new Uint8ClampedArray(picture.width * picture.height * 4);
  for (let at = 3; at < data.length; at += 4) data[at] = 255;
  const [left, right] = [a, b].map(
    (image) => new Uint32Array(image.data.buffer, image.data.byteOffset, width * height),
  );
  let differing = 0;
  let first: Place | undefined;
  const rowsAtOnce = Math.max(1, Math.floor(PIXELS_AT_ONCE / width));
  for (let y = 0; y < height; y++) {
    if (y % rowsAtOnce === 0 && y > 0) await new Promise((resolve) => setTimeout(resolve));
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (left[at] === right[at]) continue;
      first ??= { x, y };
      const to = 4 * (Math.floor(y / block) * picture.width + Math.floor(x / block));
      for (let c = 0; c < 4; c++) {
        if (a.data[4 * at + c] === b.data[4 * at + c]) continue;
        differing++;
        // Alpha cannot be seen: it lights all three.
        for (const lit of c === 3 ? [0, 1, 2] : [c]) data[to + lit] = 255;
      }
    }
  }
  return { bytes: width * height * 4, differing, first, picture: { data, ...picture } };
}
