/** The passes of a transform as steps that read and write different memory, and the strips of a step. */
import type { Strip } from './backend.js';
import { type CheckedImage, copyImage, createImage, overlaps, rowsOf } from './image.js';
import type { Operation } from './options.js';
import { type Region, regionOf } from './regions.js';

/** One pass over the image; several where the image stays on the device between them. */
export interface Step {
  readonly input: CheckedImage;
  /** Shares no memory with the input. */
  readonly output: CheckedImage;
  readonly passes: number;
  readonly region: Region;
}

/**
 * The passes as steps. A step never reads memory that it writes: it reads the result of the step before, or the input, which
 * is copied if the output overlaps it.
 *
 * @param residentPixels the most pixels of an image for which all passes are one step
 * @throws NeighborProductError `OUT_OF_MEMORY`
 */
export function planSteps(
  input: CheckedImage,
  output: CheckedImage,
  { border, passes }: Operation,
  residentPixels = 0,
): readonly Step[] {
  const { width, height, channels } = input;
  const region = regionOf(input, border);
  if (passes === 1 || width * height <= residentPixels) {
    return [{ input: overlaps(input, output) ? copyImage(input) : input, output, passes, region }];
  }
  // Pixels that the border mode skips are never written: later passes read zeros.
  const between = Array.from({ length: Math.min(passes - 1, 2) }, () => createImage(width, height, channels));
  return Array.from({ length: passes }, (_, pass) => ({
    input: pass === 0 ? input : between[(pass - 1) % 2],
    output: pass === passes - 1 ? output : between[pass % 2],
    passes: 1,
    region,
  }));
}

/** Some rows of a step. @param apart receives them instead of the step's output */
export function stripOf(
  { input, output, passes }: Step,
  region: Region,
  { alpha }: Operation,
  apart?: CheckedImage,
): Strip {
  return { input, region, output: apart ?? rowsOf(output, region.first.y, region.end.y), alpha, passes };
}
