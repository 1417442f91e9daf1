/** Whole images to PNG files in memory. */
import type { CheckedImage } from '../../image.js';
import type { EncodeOptions } from './codec.js';
import { lackOfMemory } from './interlace.js';
import type { RowCodec } from './row-codec.js';
import { PngWriter } from './write.js';

/**
 * Encodes RGB, and RGBA whose alpha is 255 everywhere, as truecolour, other RGBA as truecolour with alpha; 8 bits a
 * sample, not interlaced. The image must not change before the promise settles.
 *
 * @throws NeighborProductError `OUT_OF_MEMORY`
 */
export async function encodePng(
  image: CheckedImage,
  options: EncodeOptions = {},
  codec?: RowCodec,
): Promise<Uint8Array> {
  try {
    const pieces: Uint8Array[] = [];
    const take = async (given: readonly Uint8Array[]) => {
      pieces.push(...given.map((piece) => Buffer.from(piece))); // their memory is used again
    };
    const writer = new PngWriter(take, { ...image, isOpaque: isOpaque(image) }, options, codec);
    await writer.write(image);
    await writer.finish();
    return Buffer.concat(pieces);
  } catch (error) {
    throw error instanceof RangeError ? lackOfMemory(error) : error;
  }
}

function isOpaque({ data, width, height, channels, rowBytes }: CheckedImage): boolean {
  if (channels === 3) return true;
  for (let y = 0; y < height; y++) {
    const end = y * rowBytes + width * 4;
    for (let at = y * rowBytes + 3; at < end; at += 4) if (data[at] !== 255) return false;
  }
  return true;
}
