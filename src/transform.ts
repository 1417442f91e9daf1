/** The transform of one image, and of images one after another, in Node. */
import { Duplex, PassThrough } from 'node:stream';
import { BACKEND_NAMES, BACKENDS, type BackendName } from './backends.js';
import type { Image } from './image.js';
import { checkRawSize, imagesIn, type RawSize, samplesOf, transformEach } from './image-sequence.js';
import {
  type CallOptions,
  type CallResult,
  checkCallOptions,
  prepareCall,
  resultOf,
  type SequenceOptions,
} from './one-call.js';
import { type Choice, type ExpectedWork, runSync, Selector } from './selector.js';
import { whileTrusted } from './trust.js';

/** Options of a transform: `Operation` decides the bytes, `RunOptions` how it runs. */
export interface TransformOptions extends CallOptions<BackendName> {}

/** Options for images one after another; `signal` ends them all. */
export interface TransformImagesOptions extends SequenceOptions<BackendName> {}

/** Options of a stream of raw samples: the size of each image, and how it is transformed. */
export interface TransformStreamOptions extends TransformImagesOptions, RawSize {}

/** The transformed image, and how it was computed. */
export interface Result extends CallResult<BackendName> {}

const selector = new Selector<BackendName>(BACKENDS);

/**
 * Opens what a transform will ask for, so that it need not wait. A failure is that of the transform.
 *
 * @param work all that will be asked for
 * @internal for files
 */
export function openBackend(choice: Choice<BackendName>, work: ExpectedWork): Promise<void> {
  return selector.prepare(choice, work);
}

/**
 * Whether a device gave wrong bytes in this process, so that what it computed before may be wrong.
 *
 * @param device as results name it
 * @internal for files
 */
export function isDistrusted(device: string): boolean {
  return selector.isDistrusted(device);
}

/**
 * Whether a GPU's device was opened in this process.
 *
 * @internal for the command
 */
export function hasOpenedDevice(): boolean {
  return selector.hasOpenedDevice;
}

/**
 * Multiplies every pixel's channels over its 3x3 neighbourhood, normalises the vector and writes it as bytes: the
 * bytes of the binary64 definition (docs/numerics.md), whichever backend runs. The event loop is not blocked, except
 * by the `reference` backend. The image's memory must not be changed or transferred before the promise settles.
 *
 * @param image interleaved 8-bit samples, RGB or RGBA
 * @throws NeighborProductError `INVALID_IMAGE`, `INVALID_OPTION`, `OUT_OF_MEMORY`, `BACKEND_UNAVAILABLE`,
 * `BACKEND_FAILED`, `DEVICE_LIMIT`; the reason of `options.signal` if that is aborted
 */
export async function transform(image: Image, options: TransformOptions = {}): Promise<Result> {
  const startMs = performance.now();
  const { input, output, operation, run, backend } = prepareCall(image, options, BACKEND_NAMES);
  return resultOf(await selector.run(input, output, operation, run, backend), output, startMs);
}

/**
 * The same on the calling thread, by the `cpu` or the `reference` backend.
 *
 * @throws as {@link transform}; `BACKEND_UNAVAILABLE` for `gpu`, which cannot run synchronously
 */
export function transformSync(image: Image, options: TransformOptions = {}): Result {
  const startMs = performance.now();
  const { input, output, operation, run, backend } = prepareCall(image, options, BACKEND_NAMES);
  return resultOf(runSync(input, output, operation, run, backend, BACKENDS), output, startMs);
}

/**
 * Transforms images one after another, as {@link transform} does each. Results come in the order of the images; the next
 * image is asked for while at most three are under way, so memory stays bounded whatever is slow.
 *
 * @example
 * for await (const { image } of transformImages(frames(), { border: 'wrap' })) await show(image);
 *
 * @param images any iterable; each image's memory must not be changed before its result has come
 * @throws as {@link transform}, in the turn of the image that failed; whatever `images` throws; `BACKEND_FAILED` where a GPU turns
 * out to compute wrong bytes and images before may have some
 */
export function transformImages(
  images: AsyncIterable<Image> | Iterable<Image>,
  options: TransformImagesOptions = {},
): AsyncGenerator<Result, void, void> {
  checkCallOptions(options, BACKEND_NAMES);
  return whileTrusted(
    transformEach(images, (image) => transform(image, options)),
    isDistrusted,
  );
}

/**
 * A stream that takes raw samples, image after image without anything between them, and gives the samples of the products:
 * for `pipeline()`, with sharp's `.raw()` or ffmpeg's `rawvideo` on either side. At most five images are in memory.
 *
 * @example
 * await pipeline(process.stdin, createTransformStream({ width: 1920, height: 1080 }), process.stdout);
 *
 * @throws NeighborProductError `INVALID_OPTION` at once; the stream fails as {@link transform}, and with `INVALID_IMAGE` if
 * its input ends within an image
 */
export function createTransformStream({ width, height, channels, ...options }: TransformStreamOptions): Duplex {
  const size = checkRawSize({ width, height, channels });
  const samples = new PassThrough();
  const products = samplesOf(transformImages(imagesIn(samples, size), options));
  return new Duplex({
    write(piece: Uint8Array, _encoding, done) {
      if (samples.write(piece)) done();
      else samples.once('drain', done);
    },
    final(done) {
      samples.end(done);
    },
    read() {
      products.next().then(
        ({ done, value }) => this.push(done ? null : value),
        (error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      samples.destroy();
      products.return().then(
        () => done(error),
        () => done(error),
      );
    },
  });
}

/**
 * Frees the GPU's device and its memory, which are otherwise kept for the next transform. A later transform opens it
 * again; one that is running fails (`gpu`) or is finished on the CPU (`auto`). A process ends without this, too.
 */
export function dispose(): Promise<void> {
  return selector.dispose();
}
