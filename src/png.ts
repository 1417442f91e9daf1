/**
 * PNG files to images and back, as the command reads and writes them: every kind of PNG, checked as a whole before a codec
 * sees it, so that files of strangers can be given to it.
 *
 * @example
 * const image = await decodePng(await readFile('in.png'), { maxPixels: 2 ** 24 });
 * const { image: product } = await transform(image);
 * await writeFile('out.png', await encodePng(product));
 *
 * @module neighbor-product/png
 */
import { COMPRESSIONS, type Compression, DEFAULT_COMPRESSION, DEFAULT_MAX_PIXELS } from './formats/png/codec.js';
import { decodePng as decode } from './formats/png/decode.js';
import { encodePng as encode } from './formats/png/encode.js';
import { bytesOf, type CheckedImage, checkImage, type Image } from './image.js';
import { checkCount, checkOptionNames, invalidOption, oneOf } from './options.js';

export { type ErrorCode, NeighborProductError } from './errors.js';
export type { Compression } from './formats/png/codec.js';
export type { CheckedImage, Image } from './image.js';

/** What {@link decodePng} accepts. */
export interface DecodePngOptions {
  /**
   * The most pixels, width times height, that a file may declare: a small file can declare gibibytes. Default 2^28, a
   * gibibyte of RGBA; a server should say less.
   */
  readonly maxPixels?: number | undefined;
}

/** How {@link encodePng} writes; without effect on the pixels. */
export interface EncodePngOptions {
  /** What to save, time or bytes. Default `balanced`. */
  readonly compression?: Compression | undefined;
}

/**
 * Decodes a PNG of any kind, palette, greyscale, 1 to 16 bits, interlaced, to 8-bit RGBA without padding: the pixels that
 * libpng gives. Gamma and profiles have no effect; an animation gives its default image. The longest parts run on other
 * threads; without the CPU addon and for interlaced files, decoding blocks the event loop. The file's memory must not be
 * changed before the promise settles.
 *
 * @param file the whole file
 * @throws NeighborProductError `INVALID_PNG` for what is no PNG or a damaged one, `TOO_MANY_PIXELS` before memory is
 * allocated, `OUT_OF_MEMORY`, `INVALID_OPTION`
 */
export async function decodePng(file: Uint8Array, options: DecodePngOptions = {}): Promise<CheckedImage> {
  const bytes = bytesOf(file);
  if (bytes === undefined) throw invalidOption('a Uint8Array', 'file', file);
  checkOptionNames(options, ['maxPixels']);
  const { maxPixels = DEFAULT_MAX_PIXELS } = options;
  checkCount(maxPixels, 'options.maxPixels');
  return decode(bytes, { maxPixels });
}

/**
 * Encodes an image with 8 bits a sample and no metadata, without alpha where that is 255 everywhere. Threads as in
 * {@link decodePng}. The image must not be changed before the promise settles.
 *
 * @throws NeighborProductError `INVALID_IMAGE`, `INVALID_OPTION`, `OUT_OF_MEMORY`
 */
export async function encodePng(image: Image, options: EncodePngOptions = {}): Promise<Uint8Array> {
  const checked = checkImage(image, 'image');
  checkOptionNames(options, ['compression']);
  const compression = oneOf(COMPRESSIONS, options.compression ?? DEFAULT_COMPRESSION, 'options.compression');
  return encode(checked, { compression });
}
