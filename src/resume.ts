/** Finishing on one backend what another began. Since all write the same bytes, the seam cannot be seen. */
import type { Backend, Run } from './backend.js';
import { createRaster, type Raster } from './image.js';
import type { Job } from './options.js';

/** How far a transform came. */
export interface Progress {
  /** What is still to be transformed, in memory that the finished rows of the output do not touch. */
  readonly input: Raster;
  /** How many passes are still to be applied to `input`; at least 1. */
  readonly passesLeft: number;
  /** Rows of the output, from the top, that are finished; 0 where more than one pass is left. */
  readonly rowsDone: number;
}

/** Computes the rest of a transform. */
export async function resume(backend: Backend, progress: Progress, output: Raster, job: Job): Promise<Run> {
  const { input, passesLeft, rowsDone } = progress;
  const restJob = { ...job, passes: passesLeft };
  if (rowsDone < 2) return backend.transform(input, output, restJob);
  const rest = restOf(input, rowsDone, job.border === 'wrap');
  const result = restOf(output, rowsDone, job.border === 'wrap');
  const run = await backend.transform(rest, result, restJob);
  for (let y = rowsDone; y < output.height; y++) rowOf(output, y).set(rowOf(result, y - rowsDone + 1));
  return run;
}

/**
 * A copy of the rows that are left, with the neighbours they need: the row above them and, where the image wraps, the
 * first row below them. What a backend computes for those two rows themselves is of no use.
 */
function restOf(image: Raster, rowsDone: number, wraps: boolean): Raster {
  const rows = image.height - rowsDone + 1;
  const rest = createRaster(image.width, rows + (wraps ? 1 : 0), image.channels);
  for (let y = 0; y < rows; y++) rowOf(rest, y).set(rowOf(image, rowsDone - 1 + y));
  if (wraps) rowOf(rest, rows).set(rowOf(image, 0));
  return rest;
}

function rowOf({ data, rowBytes, width, channels }: Raster, y: number): Uint8Array {
  return data.subarray(y * rowBytes, y * rowBytes + width * channels);
}
