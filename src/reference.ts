/**
 * The definition of the transform, in binary64 as JavaScript numbers are: see docs/numerics.md. Every backend is compared
 * with this file, byte by byte; where nothing else loads, it is what runs. It is written to be read, and shares no code
 * with the host of the backends.
 */
import type { BackendDescription, BackendEntry, Computed, Transformer } from './backend.js';
import { type CheckedImage, createImage, overlaps } from './image.js';
import type { Operation, RunOptions } from './options.js';
import type { BorderMode, Place } from './regions.js';
import { MAIN_TRACK } from './span.js';

/** The sample s as the definition takes it: s / 255, rounded once. */
const QUOTIENT = Float64Array.from({ length: 256 }, (_, sample) => sample / 255);

/** Writes the transform of `input` into `output`, which has the same size and channels and may overlap it. */
export function transformReference(input: CheckedImage, output: CheckedImage, operation: Operation): void {
  let current = overlaps(input, output) ? { ...input, data: input.data.slice() } : input;
  for (let pass = 1; pass < operation.passes; pass++) {
    const next = createImage(input.width, input.height, input.channels);
    transformOnce(current, next, operation);
    current = next;
  }
  transformOnce(current, output, operation);
}

function transformOnce(input: CheckedImage, output: CheckedImage, { alpha, border }: Operation): void {
  const { width, height, channels, rowBytes } = input;
  const normChannels = alpha === 'channel' ? channels : 3;
  const skipped = border === 'skip' ? 1 : 0;
  const product = new Float64Array(normChannels);
  for (let y = skipped; y < height - skipped; y++) {
    const [above, here, below] = neighbourhood(y, height, border).map((row) => row * rowBytes);
    for (let x = skipped; x < width - skipped; x++) {
      const left = neighbour(x - 1, width, border) * channels;
      const middle = x * channels;
      const right = neighbour(x + 1, width, border) * channels;
      const norm = multiply(input.data, above, here, below, left, middle, right, product);
      const to = y * output.rowBytes + middle;
      for (let c = 0; c < normChannels; c++) output.data[to + c] = sampleOf(product[c], norm);
      if (channels > normChannels) output.data[to + 3] = alpha === 'keep' ? input.data[here + middle + 3] : 255;
    }
  }
}

/**
 * Multiplies the nine samples of each channel, in reading order, into `product`. Rows and columns are byte offsets.
 *
 * @returns the norm of the product vector
 */
function multiply(
  data: Uint8Array,
  above: number,
  here: number,
  below: number,
  left: number,
  middle: number,
  right: number,
  product: Float64Array,
): number {
  let squares = 0;
  for (let c = 0; c < product.length; c++) {
    const quotient = (at: number) => QUOTIENT[data[at + c]];
    product[c] =
      quotient(above + left) *
      quotient(above + middle) *
      quotient(above + right) *
      quotient(here + left) *
      quotient(here + middle) *
      quotient(here + right) *
      quotient(below + left) *
      quotient(below + middle) *
      quotient(below + right);
    squares += product[c] * product[c];
  }
  return Math.sqrt(squares);
}

function sampleOf(product: number, norm: number): number {
  return norm === 0 ? 0 : Math.trunc(Math.min(product / norm, 1) * 255);
}

/** One of the nine pixels that are multiplied. */
export interface Neighbour {
  /** Its column in the image. */
  readonly x: number;
  /** Its row in the image. */
  readonly y: number;
  /** Its samples, 3 or 4. */
  readonly samples: readonly number[];
}

/** How the definition computes one pixel in one pass, step by step. */
export interface PixelSteps {
  /** The pixel and its eight neighbours, in the order in which they are multiplied; the pixel itself is the fifth. */
  readonly neighbours: readonly Neighbour[];
  /** The product of the nine samples, each divided by 255, of every channel that takes part. */
  readonly product: readonly number[];
  /** The square root of the sum of the squares of the products. */
  readonly norm: number;
  /** The samples of the result, as many as the image has channels. */
  readonly samples: readonly number[];
}

/** Computes one pixel by the definition; undefined for one that the border mode skips. */
export function explain(
  { data, width, height, channels, rowBytes }: CheckedImage,
  { x, y }: Place,
  { alpha, border }: Pick<Operation, 'alpha' | 'border'>,
): PixelSteps | undefined {
  const isAtEdge = x === 0 || y === 0 || x === width - 1 || y === height - 1;
  if (border === 'skip' && isAtEdge) return undefined;
  const rows = neighbourhood(y, height, border);
  const columns = neighbourhood(x, width, border);
  const samplesAt = (row: number, column: number) => {
    const at = row * rowBytes + column * channels;
    return [...data.subarray(at, at + channels)];
  };
  const neighbours = rows.flatMap((row) =>
    columns.map((column) => ({ x: column, y: row, samples: samplesAt(row, column) })),
  );
  const product = new Float64Array(alpha === 'channel' ? channels : 3);
  const [above, here, below] = rows.map((row) => row * rowBytes);
  const [left, middle, right] = columns.map((column) => column * channels);
  const norm = multiply(data, above, here, below, left, middle, right, product);
  const samples = Array.from(product, (one) => sampleOf(one, norm));
  if (channels > samples.length) samples.push(alpha === 'keep' ? samplesAt(y, x)[3] : 255);
  return { neighbours, product: [...product], norm, samples };
}

/** The places of the neighbour before, of `at` itself and of the neighbour after, on a side of `length`. */
export function neighbourhood(at: number, length: number, border: BorderMode): [number, number, number] {
  return [neighbour(at - 1, length, border), at, neighbour(at + 1, length, border)];
}

/** The place of the neighbour at `at`, one beyond the edge at most, on a side of `length`. */
function neighbour(at: number, length: number, border: BorderMode): number {
  if (at >= 0 && at < length) return at;
  const edge = at < 0 ? 0 : length - 1;
  switch (border) {
    case 'skip': // no pixel that is computed has a neighbour beyond the edge
    case 'replicate':
      return edge;
    case 'reflect':
      return length === 1 ? edge : at < 0 ? 1 : length - 2;
    case 'wrap':
      return (at + length) % length;
  }
}

/** The definition as a transformer. It runs on the calling thread, also when it is called asynchronously. */
export const referenceTransformer = {
  /** As {@link Transformer.transform}. */
  async transform(
    input: CheckedImage,
    output: CheckedImage,
    operation: Operation,
    run: RunOptions = {},
  ): Promise<Computed> {
    run.signal?.throwIfAborted();
    return referenceTransformer.transformSync(input, output, operation, run);
  },
  /** As {@link Transformer.transformSync}. */
  transformSync(
    input: CheckedImage,
    output: CheckedImage,
    operation: Operation,
    { onSpan }: RunOptions = {},
  ): Computed {
    const startMs = performance.now();
    transformReference(input, output, operation);
    onSpan?.({ name: 'compute', track: MAIN_TRACK, startMs, endMs: performance.now() });
    return { device: 'binary64 TypeScript, 1 thread', exactPixels: 0 };
  },
  /** Does nothing: it holds nothing. */
  dispose() {},
} as const satisfies Transformer;

export const referenceEntry = {
  name: 'reference',
  title: 'reference',
  isOracle: true,
  open: async () => ({ transformer: referenceTransformer }),
  openSync: () => ({ transformer: referenceTransformer }),
  openDevices: async () => [{ name: 'reference', facts: [], transformer: referenceTransformer, hasThreads: false }],
  async describe(): Promise<BackendDescription<Record<string, never>>> {
    return { lines: ['binary64 TypeScript, always available, slow'], advice: [], facts: {} };
  },
} as const satisfies BackendEntry;
