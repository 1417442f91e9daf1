import type { Raster } from './image.js';
import type { Job } from './options.js';

/** What ran: GPU, CPU addon, or the definition in TypeScript. */
export type BackendName = 'gpu' | 'cpu' | 'reference';

/** What a backend says of one transform it did. */
export interface Run {
  /** What it ran on, for people: an instruction set and a thread count, or an adapter. */
  readonly device: string;
  /** Pixels that single precision could not settle and that were computed again in binary64, over all passes. */
  readonly pixelsRedone: number;
}

/** One way to compute the transform. Every backend writes the same bytes. */
export interface Backend {
  /** How a result calls it. */
  readonly name: BackendName;
  /**
   * Writes the transform of `input` into `output`, which has the same size and channels and may overlap it.
   * Border pixels that the border mode skips, and padding between rows, are left as they are.
   *
   * @throws the reason of `job.signal` once that is aborted
   */
  transform(input: Raster, output: Raster, job: Job): Promise<Run>;
  /** The same on the calling thread; absent where the backend cannot. */
  transformSync?(input: Raster, output: Raster, job: Job): Run;
  /** Frees what the backend holds; it cannot be used afterwards. */
  dispose(): void;
}
