/**
 * The definition of the transform, in binary64 as JavaScript numbers are: see docs/numerics.md. Every backend is compared
 * with this file, byte by byte; where nothing else loads, it is what runs. It is written to be read, and shares no code
 * with the host of the backends.
 */
import type { BackendDescription, BackendEntry, Computed, Transformer } from './backend.js';
import { type CheckedImage, createImage, overlaps } from './image.js';
import type { Operation, RunOptions } from './options.js';
import type { BorderMode } from './regions.js';
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
      let squares = 0;
      for (let c = 0; c < normChannels; c++) {
        const quotient = (at: number) => QUOTIENT[input.data[at + c]];
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
      const norm = Math.sqrt(squares);
      const to = y * output.rowBytes + middle;
      for (let c = 0; c < normChannels; c++) {
        output.data[to + c] = norm === 0 ? 0 : Math.trunc(Math.min(product[c] / norm, 1) * 255);
      }
      if (channels > normChannels) output.data[to + 3] = alpha === 'keep' ? input.data[here + middle + 3] : 255;
    }
  }
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
