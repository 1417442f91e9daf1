/**
 * While a device works, rows that it computed are computed again on the CPU and compared: one in each strip, more of a device
 * that is new. Which ones follows from a seed, so that a comparison can be repeated.
 */
import { type Backend, BackendFault } from '../backend.js';
import { type CheckedImage, createImage, rowsOf } from '../image.js';
import type { Operation } from '../options.js';
import { band, needsOtherEdge, type Region, type Rows } from '../regions.js';
import { planSteps, type Step, stripOf } from '../steps.js';

/** Of a new device one row in eight is compared, until so many were: what it computes wrongly shows soon. */
const ROWS_OF_NEW_DEVICE = 5000;
const SHARE_OF_NEW_DEVICE = 8;
/** Rows that are compared together, since a call costs as much as a row. */
const ROWS_TOGETHER = 8;

/** Checking an image that stayed on the device for several passes may cost so much of computing it. */
const MOST_OF_IMAGE = 1 / 8;

/** A device gave other bytes than the CPU. */
export class WrongBytes extends BackendFault {
  constructor(y: number, seed: number) {
    super('GPU computed wrong bytes', `row ${y} was computed again and differed; audit seed ${seed}`, {
      code: 'BACKEND_UNAVAILABLE', // another try on this device would be no better
    });
  }
}

/** How many rows of a device were compared. */
export class Auditor {
  #compared = 0;

  /**
   * Compares rows of a strip that a device computed.
   *
   * @param judge computes them again, on the calling thread
   * @throws WrongBytes
   */
  check(judge: Backend, step: Step, region: Region, operation: Operation, seed: number): void {
    const { width, channels } = step.output;
    const again = createImage(width, ROWS_TOGETHER, channels);
    for (const rows of rowsToCompare(seed, region, this.#compared < ROWS_OF_NEW_DEVICE)) {
      judge.computeSync!(stripOf(step, band(region, rows), operation, again), { threads: 1 });
      for (let y = rows.first; y < rows.end; y++) {
        this.#compared++;
        const expected = rowsOf(again, y - rows.first, y - rows.first + 1);
        if (!isSameRow(region, expected, rowsOf(step.output, y, y + 1))) throw new WrongBytes(y, seed);
      }
    }
  }

  /**
   * Compares one row of an image after all passes of a step.
   *
   * @param result row 0 is the first row of the step's region
   * @throws WrongBytes
   */
  async checkPasses(
    judge: Backend,
    step: Step,
    result: CheckedImage,
    operation: Operation,
    seed: number,
  ): Promise<void> {
    const { input, region, passes } = step;
    const [{ first: y }] = rowsToCompare(seed, region, false);
    const around = bandAround(input, y, { ...operation, passes });
    const again = createImage(input.width, around.image.height, input.channels);
    for (const one of planSteps(around.image, again, { ...operation, passes })) {
      await judge.compute(stripOf(one, one.region, operation), { threads: 1 });
    }
    this.#compared++;
    const [expected, at] = [rowsOf(again, around.row, around.row + 1), y - region.first.y];
    if (!isSameRow(region, expected, rowsOf(result, at, at + 1))) throw new WrongBytes(y, seed);
  }
}

/** Whether a row after so many passes can be checked at a small part of the cost of the image. */
export function canCheckPasses(height: number, passes: number): boolean {
  return 2 * passes + 1 <= height * MOST_OF_IMAGE;
}

/** Of a new device they follow from the seed alone, not from where the strips begin; one row of a strip from both. */
export function rowsToCompare(seed: number, { first, end }: Region, isNew: boolean): readonly Rows[] {
  const chosen: Rows[] = [];
  const top = first.y - (first.y % ROWS_TOGETHER);
  for (let y = top; isNew && y < end.y; y += ROWS_TOGETHER) {
    if (hash(seed, y) % SHARE_OF_NEW_DEVICE > 0) continue;
    chosen.push({ first: Math.max(y, first.y), end: Math.min(y + ROWS_TOGETHER, end.y) });
  }
  if (chosen.length > 0) return chosen;
  const y = first.y + (hash(seed, first.y) % (end.y - first.y));
  return [{ first: y, end: y + 1 }];
}

/** A number of 32 bits; the finalizer of MurmurHash3 (Appleby, in the public domain) spreads them. */
function hash(seed: number, y: number): number {
  let bits = Math.imul(seed ^ y, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/**
 * The rows that a row needs after so many passes, as an image of its own, and that row in it. What false edges spoil moves by
 * a row in each pass, and does not reach it.
 */
function bandAround(
  image: CheckedImage,
  y: number,
  { passes, border }: Operation,
): { image: CheckedImage; row: number } {
  const { width, height, channels } = image;
  const isCyclic = needsOtherEdge(border);
  const first = isCyclic ? y - passes : Math.max(0, y - passes);
  const end = isCyclic ? y + passes + 1 : Math.min(height, y + passes + 1);
  const band = createImage(width, end - first, channels);
  for (let row = first; row < end; row++) {
    const from = (row + height) % height;
    band.data.set(rowsOf(image, from, from + 1).data.subarray(0, band.rowBytes), (row - first) * band.rowBytes);
  }
  return { image: band, row: y - first };
}

function isSameRow({ first, end }: Region, a: CheckedImage, b: CheckedImage): boolean {
  const [one, other] = [a.data, b.data];
  // A loop, since it is much faster than a call for each sample.
  for (let at = first.x * a.channels; at < end.x * a.channels; at++) if (one[at] !== other[at]) return false;
  return true;
}
