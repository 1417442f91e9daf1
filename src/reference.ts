/**
 * The definition of the transform, in binary64 as JavaScript numbers are: see docs/numerics.md. Every other backend is
 * compared with this file, byte by byte; where nothing else loads, it is what runs. It is written to be read.
 */
import type { Backend } from './backend.js';
import { createRaster, overlaps, type Raster } from './image.js';
import type { BorderMode, Operation } from './options.js';
import { MAIN_LANE } from './span.js';

/** The sample s as the definition takes it: s / 255, rounded once. */
const QUOTIENT = Float64Array.from({ length: 256 }, (_, sample) => sample / 255);

/** The definition as a backend. It works on the calling thread, whichever way it is called. */
export const referenceBackend: Backend = {
  name: 'reference',
  async transform(input, output, job) {
    job.signal?.throwIfAborted();
    return this.transformSync!(input, output, job);
  },
  transformSync(input, output, job) {
    const startMs = performance.now();
    transformReference(input, output, job);
    job.onSpan?.({ name: 'every pixel by the definition', lane: MAIN_LANE, startMs, endMs: performance.now() });
    return { device: 'binary64 TypeScript, 1 thread', pixelsRedone: 0 };
  },
  dispose() {},
};

/** Writes the transform of `input` into `output`, which has the same size and channels and may overlap it. */
export function transformReference(input: Raster, output: Raster, operation: Operation): void {
  let source = overlaps(input, output) ? { ...input, data: input.data.slice() } : input;
  for (let pass = 1; pass < operation.passes; pass++) {
    const next = createRaster(input.width, input.height, input.channels);
    transformOnce(source, next, operation);
    source = next;
  }
  transformOnce(source, output, operation);
}

function transformOnce(input: Raster, output: Raster, { alpha, border }: Operation): void {
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
  if (border === 'wrap') return (at + length) % length;
  const beyond = at < 0 ? 0 : length - 1;
  if (border === 'replicate' || length === 1) return beyond;
  return at < 0 ? 1 : length - 2;
}
