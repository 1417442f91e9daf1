import { promisify } from 'node:util';
import { inflate, inflateSync, type ZlibOptions } from 'node:zlib';
import { damaged } from './png-error.js';
import { imageDataBytes, imagePasses, type PngHeader } from './png-header.js';

/** Inflate makes at most 258 bytes of two bits, so at most 1032 of a byte (zlib's technical details). */
const MAX_INFLATION = 1032;

/**
 * Bytes past the last row that are dropped. libpng drops any number with a warning; an encoder that writes a row too
 * many is that harmless, while more is what a decompression bomb looks like.
 */
const MAX_EXCESS_BYTES = 2 ** 16;

const CUT_SHORT = 'It was cut short: download or export it again';

/**
 * Inflates the joined data of the IDAT chunks: exactly the rows the header speaks of, each with a filter there is.
 * What follows the end of the zlib stream is of no interest. Memory stays within the header's and 1032 times the
 * compressed bytes.
 *
 * @throws NeighborProductError with code `INVALID_PNG`
 */
export function inflateImageData(compressed: Uint8Array, header: PngHeader): Uint8Array {
  const settings = inflateSettings(compressed, header);
  try {
    return checkRows(inflateSync(compressed, settings), header);
  } catch (error) {
    throw explain(error, header);
  }
}

/** As {@link inflateImageData}, on another thread. */
export async function inflateImageDataOffThread(compressed: Uint8Array, header: PngHeader): Promise<Uint8Array> {
  const settings = inflateSettings(compressed, header);
  try {
    return checkRows(await promisify<Uint8Array, ZlibOptions, Uint8Array>(inflate)(compressed, settings), header);
  } catch (error) {
    throw explain(error, header);
  }
}

function inflateSettings(compressed: Uint8Array, header: PngHeader): ZlibOptions {
  const byteLength = imageDataBytes(header);
  if (byteLength > compressed.length * MAX_INFLATION) throw tooLittle(byteLength, `${compressed.length} compressed`);
  const maxOutputLength = byteLength + MAX_EXCESS_BYTES;
  // One piece of that size: pieces would be gathered and copied.
  return { maxOutputLength, chunkSize: maxOutputLength };
}

function checkRows(inflated: Uint8Array, header: PngHeader): Uint8Array {
  const byteLength = imageDataBytes(header);
  if (inflated.length < byteLength) throw tooLittle(byteLength, `${inflated.length}`);
  const imageData = inflated.subarray(0, byteLength);
  checkFilters(imageData, header);
  return imageData;
}

/** What zlib says, in the words of a PNG; anything else as it is. */
function explain(error: unknown, header: PngHeader): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return damaged('a complete zlib stream', 'the image data ends before it', CUT_SHORT);
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    const what = `${imageDataBytes(header)} bytes of image data, as the header implies`;
    return damaged(what, 'there are many more', 'Do not trust this file');
  }
  return code?.startsWith('Z_') ? damaged('image data that inflates', `zlib says: ${message}`) : error;
}

function checkFilters(imageData: Uint8Array, header: PngHeader): void {
  let at = 0;
  for (const { rows, rowBytes } of imagePasses(header)) {
    for (let row = 0; row < rows; row++) {
      if (imageData[at] > 4) throw damaged('filter 0 to 4 for every row', `a row has filter ${imageData[at]}`);
      at += 1 + rowBytes;
    }
  }
}

function tooLittle(byteLength: number, came: string) {
  return damaged(`${byteLength} bytes of image data, as the header implies`, `there are only ${came}`, CUT_SHORT);
}
