import { expected, NeighborProductError } from './errors.js';

/** Interleaved 8-bit samples, rows from top to bottom, in the caller's memory. */
export interface Image {
  /**
   * The samples. A `Buffer`, a view at any byte offset and a view of a `SharedArrayBuffer` are all worked on where they
   * are; resizable buffers are refused. At least `(height - 1) * rowBytes + width * channels` bytes.
   */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Pixels in a row, at least 1. */
  readonly width: number;
  /** Rows, at least 1. */
  readonly height: number;
  /** Samples a pixel: 3 (RGB) or 4 (RGBA). */
  readonly channels: 3 | 4;
  /** Bytes from the start of one row to the start of the next; `width * channels` where absent. */
  readonly rowBytes?: number;
}

/** An {@link Image} that was checked: every field is there and the data is long enough. */
export interface Raster {
  /** The samples, row after row. */
  readonly data: Uint8Array;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Samples a pixel: 3 (RGB) or 4 (RGBA). */
  readonly channels: 3 | 4;
  /** Bytes from the start of one row to the start of the next. */
  readonly rowBytes: number;
}

/**
 * Checks an image at the edge of the library, once.
 *
 * @param name what the image is called in an error, such as `image` or `options.output`
 * @throws NeighborProductError with code `INVALID_IMAGE`
 */
export function checkImage(image: Image, name: string): Raster {
  if (typeof image !== 'object' || image === null) {
    throw invalid('an object { data, width, height, channels }', name, image);
  }
  const { data, width, height, channels } = image;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw invalid('a Uint8Array or Uint8ClampedArray', `${name}.data`, data);
  }
  if (isResizable(data.buffer)) {
    throw invalid('memory of fixed length (copy it with .slice())', `${name}.data.buffer`, 'a resizable buffer');
  }
  if (!isSize(width)) throw invalid('a whole number of at least 1', `${name}.width`, width);
  if (!isSize(height)) throw invalid('a whole number of at least 1', `${name}.height`, height);
  if (channels !== 3 && channels !== 4) throw invalid('3 (RGB) or 4 (RGBA)', `${name}.channels`, channels);
  const rowBytes = image.rowBytes ?? width * channels;
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
  return { data: asBytes(data), width, height, channels, rowBytes };
}

/** A new image of zeros with no padding between its rows. */
export function createRaster(width: number, height: number, channels: 3 | 4): Raster {
  return { data: allocate(width * height * channels), width, height, channels, rowBytes: width * channels };
}

function allocate(byteLength: number): Uint8Array {
  try {
    return new Uint8Array(byteLength);
  } catch (cause) {
    const message = `Expected ${byteLength} bytes of memory for an image, but there are not as many. Free some, or use a smaller image.`;
    throw new NeighborProductError('TOO_MANY_PIXELS', message, { cause });
  }
}

/** Whether any byte of one image's memory may belong to the other's. */
export function overlaps(a: Raster, b: Raster): boolean {
  // Two objects may stand for the same shared memory, and nothing tells.
  if (a.data.buffer !== b.data.buffer) return isShared(a) && isShared(b);
  return (
    a.data.byteOffset < b.data.byteOffset + b.data.byteLength &&
    b.data.byteOffset < a.data.byteOffset + a.data.byteLength
  );
}

/**
 * Checks, when a job's turn comes, that the images it waited with are still there.
 *
 * @throws NeighborProductError with code `INVALID_IMAGE` where the memory was transferred to another thread
 */
export function checkStillThere(...images: readonly Raster[]): void {
  if (images.every(({ data }) => data.byteLength > 0)) return;
  const message = 'Expected the image to stay where it is until the transform is done, but its memory was transferred.';
  throw new NeighborProductError('INVALID_IMAGE', `${message} Await the promise first.`);
}

/** Whether other threads can change the samples. */
export function isShared({ data }: Raster): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && data.buffer instanceof SharedArrayBuffer;
}

/** `3840x2160 RGBA`: how sizes are written in messages. */
export function sizeText(image: Pick<Raster, 'width' | 'height' | 'channels'>): string {
  return `${image.width}x${image.height} ${image.channels === 4 ? 'RGBA' : 'RGB'}`;
}

function asBytes(data: Uint8Array | Uint8ClampedArray): Uint8Array {
  return data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

/** A resizable buffer could shrink under a native thread that is reading it. */
function isResizable(buffer: ArrayBufferLike): boolean {
  const { resizable, growable } = buffer as { resizable?: boolean; growable?: boolean };
  return resizable === true || growable === true;
}

function invalid(what: string, name: string, value: unknown): NeighborProductError {
  return new NeighborProductError('INVALID_IMAGE', expected(what, name, value));
}
