import { expected, NeighborProductError } from './errors.js';

/**
 * Interleaved 8-bit samples, rows from top to bottom, in the caller's memory. An `ImageData` is one, and so is
 * `{ data, ...info }` of sharp's raw output; further fields are ignored.
 */
export interface Image {
  /**
   * The samples: a `Uint8Array`, `Uint8ClampedArray` or `Buffer`, at any byte offset, also of a `SharedArrayBuffer`.
   * Resizable buffers are refused. At least `(height - 1) * rowBytes + width * channels` bytes.
   */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Pixels in a row, at least 1. */
  readonly width: number;
  /** Rows, at least 1. */
  readonly height: number;
  /** Samples per pixel: 3 (RGB) or 4 (RGBA). Default: what the length of the data says, if there is no padding. */
  readonly channels?: number | undefined;
  /** Bytes from the start of one row to the start of the next; default `width * channels`. */
  readonly rowBytes?: number | undefined;
}

/** A checked {@link Image}: every field is present and the data is long enough. */
export interface CheckedImage {
  /** The samples, row after row. */
  readonly data: Uint8Array;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Samples per pixel: 3 (RGB) or 4 (RGBA). */
  readonly channels: 3 | 4;
  /** Bytes from the start of one row to the start of the next. */
  readonly rowBytes: number;
}

/**
 * Checks an image at the edge of the library, once.
 *
 * @param name the image's name in an error, such as `image` or `options.output`
 * @throws NeighborProductError `INVALID_IMAGE`
 */
export function checkImage(image: Image, name: string): CheckedImage {
  if (typeof image !== 'object' || image === null || 'then' in image) {
    const advice = typeof image === 'string' ? 'Read the file and decode it to samples first.' : '';
    throw invalid('an object { data, width, height, channels }', name, image, advice);
  }
  const { data: given, width, height, channels: givenChannels, rowBytes: givenRowBytes } = image;
  const data = bytesOf(given);
  if (data === undefined) {
    const isOfNumbers = ArrayBuffer.isView(given) || Array.isArray(given);
    const advice = isOfNumbers ? 'Convert the samples to bytes, 0 to 255, first.' : '';
    throw invalid('a Uint8Array or Uint8ClampedArray', `${name}.data`, given, advice);
  }
  if (isResizable(data.buffer)) {
    throw invalid('memory of fixed length (copy it with .slice())', `${name}.data.buffer`, 'a resizable buffer');
  }
  if (!isSize(width)) throw invalid('a whole number of at least 1', `${name}.width`, width);
  if (!isSize(height)) throw invalid('a whole number of at least 1', `${name}.height`, height);
  const channels = givenChannels ?? channelsByLength(data.byteLength, width * height, givenRowBytes, name);
  if (channels !== 3 && channels !== 4) throw invalidChannels(channels, name);
  const rowBytes = givenRowBytes ?? width * channels;
  if (!isSize(rowBytes) || rowBytes < width * channels) {
    throw invalid(`a whole number of at least width * channels = ${width * channels}`, `${name}.rowBytes`, rowBytes);
  }
  const byteLength = (height - 1) * rowBytes + width * channels;
  if (data.byteLength < byteLength) {
    throw invalid(
      `at least ${byteLength} bytes (${sizeText({ width, height, channels })})`,
      `${name}.data.byteLength`,
      data.byteLength,
    );
  }
  return { data, width, height, channels, rowBytes };
}

/** Samples per pixel by the length of the data, which tells only where there is no padding. */
function channelsByLength(byteLength: number, pixels: number, rowBytes: number | undefined, name: string): number {
  const channels = byteLength / pixels;
  if (rowBytes === undefined && Number.isInteger(channels)) return channels;
  const reason =
    rowBytes === undefined
      ? `${byteLength} bytes for ${pixels} pixels do not tell`
      : 'with rowBytes the length does not tell';
  throw new NeighborProductError(
    'INVALID_IMAGE',
    `${expected(CHANNELS, `${name}.channels`, undefined)} Name it: ${reason}.`,
  );
}

const CHANNELS = '3 (RGB) or 4 (RGBA)';

function invalidChannels(channels: unknown, name: string): NeighborProductError {
  const advice = channels === 1 || channels === 2 ? ` ${GREY_ADVICE}` : '';
  return new NeighborProductError('INVALID_IMAGE', `${expected(CHANNELS, `${name}.channels`, channels)}${advice}`);
}

const GREY_ADVICE = 'Repeat each grey sample three times; sharp(data, { raw: info }).raw() does that.';

/**
 * A new image of zeros without padding.
 *
 * @throws NeighborProductError `OUT_OF_MEMORY`
 */
export function createImage(width: number, height: number, channels: 3 | 4): CheckedImage {
  return { data: allocate(width * height * channels), width, height, channels, rowBytes: width * channels };
}

/** A copy in memory of its own, with the same padding. @throws NeighborProductError `OUT_OF_MEMORY` */
export function copyImage(image: CheckedImage): CheckedImage {
  const data = allocate(image.data.byteLength);
  data.set(image.data);
  return { ...image, data };
}

function allocate(byteLength: number): Uint8Array {
  try {
    return new Uint8Array(byteLength);
  } catch (cause) {
    const message = `Not enough memory for an image of ${byteLength} bytes. Free some memory, or use a smaller image.`;
    throw new NeighborProductError('OUT_OF_MEMORY', message, { cause });
  }
}

/** Rows `first` to `end` (exclusive) of an image, in its memory. */
export function rowsOf(image: CheckedImage, first: number, end: number): CheckedImage {
  return { ...image, data: image.data.subarray(first * image.rowBytes), height: end - first };
}

/** Copies a part of an image to the same place of another one. @param y where the rows of `from` begin in `to` */
export function copyPart(
  from: CheckedImage,
  to: CheckedImage,
  y: number,
  [firstX, endX]: readonly [number, number],
): void {
  const { channels } = from;
  for (let row = 0; row < from.height; row++) {
    const part = from.data.subarray(row * from.rowBytes + firstX * channels, row * from.rowBytes + endX * channels);
    to.data.set(part, (y + row) * to.rowBytes + firstX * channels);
  }
}

/** Whether the memory of two images may overlap. */
export function overlaps(a: CheckedImage, b: CheckedImage): boolean {
  // Two SharedArrayBuffer objects may stand for the same memory, and cannot be compared.
  if (a.data.buffer !== b.data.buffer) return isShared(a) && isShared(b);
  return (
    a.data.byteOffset < b.data.byteOffset + b.data.byteLength &&
    b.data.byteOffset < a.data.byteOffset + a.data.byteLength
  );
}

/**
 * Checks that images that waited for their turn still have their memory.
 *
 * @throws NeighborProductError `INVALID_IMAGE` if it was transferred to another thread
 */
export function checkStillThere(...images: readonly CheckedImage[]): void {
  if (images.every(({ data }) => data.byteLength > 0)) return;
  const message = "The image's memory was transferred before the transform was done. Await the promise first.";
  throw new NeighborProductError('INVALID_IMAGE', message);
}

/** Whether other threads can change the samples. */
export function isShared({ data: { buffer } }: CheckedImage): boolean {
  // Mostly it is not, and a slot that an object lacks takes 20 microseconds to ask for.
  return ownByteLength(buffer) === undefined && sharedByteLength(buffer) !== undefined;
}

/** An image without its samples. */
export type ImageShape = Pick<CheckedImage, 'width' | 'height' | 'channels'>;

/** An image's size in messages: `3840x2160 RGBA`. */
export function sizeText(image: ImageShape): string {
  return `${image.width}x${image.height} ${image.channels === 4 ? 'RGBA' : 'RGB'}`;
}

/** Reads an internal slot of an object of any realm; undefined for an object without it. No property can hide a slot. */
function slotReader<T>(prototype: object | undefined, name: PropertyKey): (object: unknown) => T | undefined {
  const getter = prototype && Object.getOwnPropertyDescriptor(prototype, name)?.get;
  return (object) => {
    try {
      return getter?.call(object);
    } catch {
      return undefined; // a TypeError: it has no such slot
    }
  };
}

const TYPED_ARRAY: object = Object.getPrototypeOf(Uint8Array.prototype);
const SHARED = typeof SharedArrayBuffer === 'undefined' ? undefined : SharedArrayBuffer.prototype;
const arrayName = slotReader<string>(TYPED_ARRAY, Symbol.toStringTag);
const arrayBuffer = slotReader<ArrayBufferLike>(TYPED_ARRAY, 'buffer');
const arrayOffset = slotReader<number>(TYPED_ARRAY, 'byteOffset');
const arrayByteLength = slotReader<number>(TYPED_ARRAY, 'byteLength');
const ownByteLength = slotReader<number>(ArrayBuffer.prototype, 'byteLength');
const sharedByteLength = slotReader<number>(SHARED, 'byteLength');
const isResizableBuffer = slotReader<boolean>(ArrayBuffer.prototype, 'resizable');
const isGrowableBuffer = slotReader<boolean>(SHARED, 'growable');

/**
 * The memory of a typed array of bytes as an array of this realm, whatever its class, realm and properties; undefined for
 * anything else. The kernels trust its length, so an array that only claims one would end the process.
 */
export function bytesOf(data: unknown): Uint8Array | undefined {
  const name = arrayName(data);
  if (name !== 'Uint8Array' && name !== 'Uint8ClampedArray') return undefined;
  const byteLength = arrayByteLength(data)!;
  // No view can be made of memory that was transferred away.
  return byteLength === 0 ? new Uint8Array() : new Uint8Array(arrayBuffer(data)!, arrayOffset(data), byteLength);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

/** A resizable buffer could shrink under a native thread that is reading it. */
function isResizable(buffer: ArrayBufferLike): boolean {
  return isResizableBuffer(buffer) ?? isGrowableBuffer(buffer) ?? false;
}

function invalid(what: string, name: string, value: unknown, advice = ''): NeighborProductError {
  return new NeighborProductError('INVALID_IMAGE', `${expected(what, name, value)} ${advice}`.trimEnd());
}
