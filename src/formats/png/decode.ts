/** Whole PNG files in memory to images: the same pixels and refusals as {@link PngReader} gives row by row. */
import { ByteSource, inputInMemory } from '../../files/byte-source.js';
import { type CheckedImage, createImage } from '../../image.js';
import { checkPng } from './check.js';
import type { DecodeLimits } from './codec.js';
import { decodeInterlaced } from './interlace.js';
import { PngReader, readWholeImage } from './read.js';
import type { RowCodec } from './row-codec.js';
import { decodeRows, layOutRows } from './unfilter.js';

/**
 * Decodes a PNG file to 8-bit RGBA without padding, the longest parts on other threads. The file must not change.
 *
 * @throws NeighborProductError `INVALID_PNG`, `OUT_OF_MEMORY`, or `TOO_MANY_PIXELS` before memory is allocated
 */
export async function decodePng(file: Uint8Array, limits: DecodeLimits, codec?: RowCodec): Promise<CheckedImage> {
  const input = inputInMemory(file);
  return readWholeImage(await PngReader.open(new ByteSource(file.length), input, limits, codec));
}

/** The same on the calling thread, by the plain twins of what the addon does. */
export function decodePngSync(file: Uint8Array, limits: DecodeLimits): CheckedImage {
  const png = checkPng(file, limits);
  const { width, height, interlaced } = png.header;
  if (interlaced) return { data: decodeInterlaced(png), width, height, channels: 4, rowBytes: width * 4 };
  const image = createImage(width, height, 4);
  const layout = layOutRows(png);
  const above = new Uint8Array(layout.rowBytes);
  decodeRows({ ...layout, rows: png.imageData, count: height, above, rgba: image.data });
  return image;
}
