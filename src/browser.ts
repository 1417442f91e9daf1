/**
 * The library in a page or a web worker: the one-call transform on the page's GPU, as WebAssembly or as the reference, and
 * nothing of Node.
 *
 * @module neighbor-product/browser
 */
import type { Device } from './backend.js';
import { expected, NeighborProductError } from './errors.js';
import { pageGpuEntry } from './gpu/page-gpu.js';
import { checkImage, type Image } from './image.js';
import { checkRawSize, imagesIn, type RawSize, samplesOf, transformEach } from './image-sequence.js';
import {
  type CallOptions,
  type CallResult,
  checkCallOptions,
  prepareCall,
  resultOf,
  type SequenceOptions,
} from './one-call.js';
import { checkOperation, checkOptionNames, type OperationOptions } from './options.js';
import { explain, type PixelSteps, referenceEntry } from './reference.js';
import type { Place } from './regions.js';
import { Selector } from './selector.js';
import { pageWasmEntry } from './wasm/page-wasm.js';

export type {
  Backend,
  BackendDescription,
  BackendFault,
  Computed,
  Device,
  Fact,
  Share,
  Strip,
  Transformer,
} from './backend.js';
export { type ErrorCode, NeighborProductError } from './errors.js';
export { type AdapterDescription, adapterText, type OpenedGpu } from './gpu/adapters.js';
export { DeviceTransform, type DeviceTransformOptions } from './gpu/device-transform.js';
export { type OpenGpuOptions, openGpu } from './gpu/page-gpu.js';
export type { Host } from './host.js';
export type { CheckedImage, Image } from './image.js';
export type { RawSize } from './image-sequence.js';
export type { CallOptions, CallResult, SequenceOptions } from './one-call.js';
export type { AlphaMode, Operation, OperationOptions, RunOptions } from './options.js';
export { type Neighbour, type PixelSteps, referenceTransformer } from './reference.js';
export type { BorderMode, Place, Region } from './regions.js';
export type { Choice } from './selector.js';
export type { Span, SpanListener } from './span.js';

/**
 * The backends of a page: `gpu`, `wasm` and `reference`.
 *
 * @useDeclaredType
 */
export type PageBackendName = (typeof PAGE_BACKENDS)[number]['name'];

/** Options of a transform in a page; `threads` has no effect. */
export interface PageTransformOptions extends CallOptions<PageBackendName> {}

/** The transformed image, and how it was computed. */
export interface PageResult extends CallResult<PageBackendName> {}

const PAGE_BACKENDS = [pageGpuEntry, pageWasmEntry, referenceEntry] as const;

const PAGE_BACKEND_NAMES = PAGE_BACKENDS.map(({ name }) => name);

/** A backend to choose from. */
export interface PageBackend {
  /** What `options.backend` takes. */
  readonly name: PageBackendName;
  /** What messages call it. */
  readonly title: string;
}

/** Every backend of a page, in the order in which `auto` tries them. */
export const pageBackends: readonly PageBackend[] = PAGE_BACKENDS;

const selector = new Selector<PageBackendName>(PAGE_BACKENDS);

/**
 * Multiplies every pixel's channels over its 3x3 neighbourhood, normalises the vector and writes it as bytes, the same as
 * in Node. Runs on the page's GPU or, where none opens, as WebAssembly, which holds the page for some milliseconds at a
 * time; where neither opens, as the slow reference, which blocks the page. The result says which and why.
 *
 * @param image interleaved 8-bit samples, RGB or RGBA; an `ImageData` as it is
 * @throws NeighborProductError `INVALID_IMAGE`, `INVALID_OPTION`, `OUT_OF_MEMORY`, `BACKEND_UNAVAILABLE`,
 * `BACKEND_FAILED`, `DEVICE_LIMIT`; the reason of `options.signal` if that is aborted
 *
 * @example
 * const { image, backend } = await transform(context.getImageData(0, 0, width, height), { border: 'reflect' });
 * context.putImageData(new ImageData(new Uint8ClampedArray(image.data), width, height), 0, 0);
 */
export async function transform(image: Image, options: PageTransformOptions = {}): Promise<PageResult> {
  const startMs = performance.now();
  const { input, output, operation, run, backend } = prepareCall(image, options, PAGE_BACKEND_NAMES);
  return resultOf(await selector.run(input, output, operation, run, backend), output, startMs);
}

/** What {@link transformImageData} needs of an `ImageData`. */
export interface ImageDataLike {
  /** RGBA, row after row. */
  readonly data: Uint8ClampedArray;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** `srgb`, or another space of a canvas; the result has the same. */
  readonly colorSpace?: string | undefined;
}

/**
 * The transform from `ImageData` to `ImageData`, as {@link transform} does it. That one also says which backend ran, and why.
 *
 * @param imageData of 8 bits a sample; it is not changed
 * @returns a new `ImageData` of the same size and colour space
 * @throws as {@link transform}
 *
 * @example
 * context.putImageData(await transformImageData(context.getImageData(0, 0, width, height)), 0, 0);
 */
export async function transformImageData<Data extends ImageDataLike>(
  imageData: Data,
  options: Omit<PageTransformOptions, 'output'> = {},
): Promise<Data> {
  const { image } = await transform(imageData, options);
  const samples = new Uint8ClampedArray(image.data.buffer);
  const { colorSpace } = imageData;
  return new (globalThis as unknown as PageGlobals<Data>).ImageData(samples, image.width, image.height, { colorSpace });
}

/** What pages have, and Node has not. */
interface PageGlobals<Data> {
  readonly ImageData: new (data: Uint8ClampedArray, width: number, height: number, settings: object) => Data;
}

/**
 * Computes one pixel by the definition, step by step: to show, or to find out why a byte is what it is.
 *
 * @param place the pixel
 * @param options of a single pass: to explain the last of several, give the image before it
 * @returns undefined for a pixel that the border mode `skip` leaves as it is
 * @throws NeighborProductError `INVALID_IMAGE`, `INVALID_OPTION`
 */
export function explainPixel(
  image: Image,
  place: Place,
  options: Pick<OperationOptions, 'alpha' | 'border'> = {},
): PixelSteps | undefined {
  const checked = checkImage(image, 'image');
  checkOptionNames(options, ['alpha', 'border']);
  const operation = checkOperation(options);
  for (const [axis, length] of [
    ['x', checked.width],
    ['y', checked.height],
  ] as const) {
    const at = place[axis];
    if (Number.isInteger(at) && at >= 0 && at < length) continue;
    throw new NeighborProductError(
      'INVALID_OPTION',
      expected(`a whole number from 0 to ${length - 1}`, `place.${axis}`, at),
    );
  }
  return explain(checked, place, operation);
}

/**
 * Opens every backend of the page but the definition itself, each on every device that it has, for the conformance suite. A
 * device that computes wrong bytes is opened, too. Never throws; the caller disposes of each `transformer`.
 */
export async function openDevices(): Promise<readonly Device[]> {
  const devices: Device[] = [];
  for (const entry of PAGE_BACKENDS) if (!entry.isOracle) devices.push(...(await entry.openDevices()));
  return devices;
}

/** Options for images one after another; `threads` has no effect, `signal` ends them all. */
export interface PageSequenceOptions extends SequenceOptions<PageBackendName> {}

/** Options of a stream of raw samples: the size of each image, and how it is transformed. */
export interface PageStreamOptions extends PageSequenceOptions, RawSize {}

/**
 * Transforms images one after another, such as the frames of a video. Results come in the order of the images; the next
 * image is asked for while at most three are under way.
 *
 * @throws as {@link transform}, in the turn of the image that failed; whatever `images` throws
 */
export function transformImages(
  images: AsyncIterable<Image> | Iterable<Image>,
  options: PageSequenceOptions = {},
): AsyncGenerator<PageResult, void, void> {
  checkCallOptions(options, PAGE_BACKEND_NAMES);
  return transformEach(images, (image) => transform(image, options));
}

/** A stream to write samples to, and one to read those of the products from. */
export interface SamplesPair {
  /** Gives the samples of one product at a time. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes samples in pieces of any length. */
  readonly writable: WritableStream<Uint8Array>;
}

/**
 * A pair of streams, as a `TransformStream` is, that takes raw samples, image after image, and gives those of the products.
 *
 * @example
 * await response.body.pipeThrough(createTransformStream({ width, height })).pipeTo(destination);
 *
 * @throws NeighborProductError `INVALID_OPTION` at once; the stream fails as {@link transform}, and with `INVALID_IMAGE` if
 * its input ends within an image
 */
export function createTransformStream({ width, height, channels, ...options }: PageStreamOptions): SamplesPair {
  const size = checkRawSize({ width, height, channels });
  const samples = new TransformStream<Uint8Array, Uint8Array>();
  const products = samplesOf(transformImages(imagesIn(piecesOf(samples.readable), size), options));
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await products.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await products.return();
      },
    },
    { highWaterMark: 0 }, // an image is made when it is asked for
  );
  return { readable, writable: samples.writable };
}

/** Not every browser can iterate over a stream. */
async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel(); // whoever writes is told
  }
}

/** Frees the GPU's device and its memory, which are otherwise kept for the next transform. A later one opens it again. */
export function dispose(): Promise<void> {
  return selector.dispose();
}
