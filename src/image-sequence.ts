/** Images one after another: in order, a few under way, whatever they come from and go to. */
import { NeighborProductError } from './errors.js';
import { type CheckedImage, createImage, type Image, type ImageShape, sizeText } from './image.js';
import { checkCount, invalidOption } from './options.js';

/** The size of each image in a stream of raw samples. */
export interface RawSize {
  /** Pixels in a row, at least 1. */
  readonly width: number;
  /** Rows, at least 1. */
  readonly height: number;
  /** Samples per pixel: 3 (RGB) or 4 (RGBA). Default 4. */
  readonly channels?: 3 | 4 | undefined;
}

/** One that is being made, one that is computed, one that is being used: a backend computes one after the other. */
const IMAGES_AT_ONCE = 3;

/**
 * The results of images, in their order. The next image is asked for only while fewer than {@link IMAGES_AT_ONCE} are under
 * way, so that neither side runs ahead of the other.
 *
 * @throws whatever the images or a transform throw, in the turn of that image
 */
export async function* transformEach<Input extends Image, Result>(
  images: AsyncIterable<Input> | Iterable<Input>,
  transform: (image: Input) => Promise<Result>,
): AsyncGenerator<Result, void, void> {
  const underWay: Promise<Result>[] = [];
  for await (const image of images) {
    const work = transform(image);
    work.catch(() => {}); // heard in its turn, and not where the sequence ends before
    underWay.push(work);
    if (underWay.length === IMAGES_AT_ONCE) yield await underWay.shift()!;
  }
  for (const work of underWay) yield await work;
}

/**
 * The images in raw samples that come in pieces of any length, for {@link transformEach}: the memory of an image is used
 * again for the {@link IMAGES_AT_ONCE}th after it, which is asked for when its own result has come.
 *
 * @throws NeighborProductError `INVALID_IMAGE` at the end of the samples, if the last image is incomplete
 */
export async function* imagesIn(
  pieces: AsyncIterable<Uint8Array>,
  { width, height, channels }: ImageShape,
): AsyncGenerator<CheckedImage, void, void> {
  const images: CheckedImage[] = [];
  let index = 0;
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      images[index] ??= createImage(width, height, channels);
      const { data } = images[index];
      const count = Math.min(piece.length - at, data.length - filled);
      data.set(piece.subarray(at, at + count), filled);
      at += count;
      filled += count;
      if (filled < data.length) continue;
      yield images[index];
      index = (index + 1) % IMAGES_AT_ONCE;
      filled = 0;
    }
  }
  if (filled > 0) throw incompleteImage(filled, { width, height, channels });
}

/** @param filled bytes that there are of the last image */
export function incompleteImage(filled: number, shape: ImageShape): NeighborProductError {
  const byteLength = shape.width * shape.height * shape.channels;
  const missing = `it has ${filled} of the ${byteLength} bytes of ${sizeText(shape)}`;
  const message = `The last image is incomplete: ${missing}. Check width, height and channels, and that nothing was cut off.`;
  return new NeighborProductError('INVALID_IMAGE', message);
}

/** The samples of results, one image at a time. */
export async function* samplesOf(
  results: AsyncIterable<{ readonly image: CheckedImage }>,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const { image } of results) yield image.data;
}

/** @throws NeighborProductError `INVALID_OPTION` */
export function checkRawSize({ width, height, channels = 4 }: RawSize): ImageShape {
  checkCount(width, 'options.width');
  checkCount(height, 'options.height');
  if (channels === 3 || channels === 4) return { width, height, channels };
  throw invalidOption('3 (RGB) or 4 (RGBA)', 'options.channels', channels);
}
