/**
 * How a piece of an image gets to a worker, and its result back. Where memory can be shared, the calling thread lays pieces
 * into the worker's: each byte is copied once on either way. Otherwise pieces travel in memory that changes hands, and the
 * worker copies them once more.
 */
import type { Strip } from '../backend.js';
import { type CheckedImage, copyPart, isShared, rowsOf } from '../image.js';
import { ALPHA_MODES } from '../options.js';
import { type Region, rowsToCopy } from '../regions.js';
import type { KernelJob, LaidPiece, Piece, Slots } from './slots.js';
import type { Answer } from './worker.js';

/** Carries one piece at a time. */
export interface Carrier {
  /** What to ask the worker for. @param region rows of the strip's */
  send(strip: Strip, region: Region): KernelJob | LaidPiece;
  /** Brings the result to the strip's output. */
  receive(strip: Strip, region: Region, answer: Answer): void;
}

/** Whether workers can reach a strip where it lies. */
export function isReachable({ input, output }: Strip): boolean {
  return isShared(input) && isShared(output);
}

/** For strips that are reachable. */
export const nothingToCarry: Carrier = {
  send: jobOf,
  receive() {},
};

function jobOf({ input, output, region: all, alpha }: Strip, region: Region): KernelJob {
  const rows = rowsOf(output, region.first.y - all.first.y, region.end.y - all.first.y);
  return { input, region, output: rows, alpha: ALPHA_MODES.indexOf(alpha) };
}

/** By a slot of the worker's memory. */
export class SlotCarrier implements Carrier {
  readonly #slots: Slots;
  readonly #slot: number;

  constructor(slots: Slots, slot: number) {
    this.#slots = slots;
    this.#slot = slot;
  }

  send(strip: Strip, region: Region): LaidPiece {
    return this.#slots.lay(jobOf(strip, region), pieceOf(region), this.#slot);
  }

  receive(strip: Strip, region: Region): void {
    this.#slots.take(jobOf(strip, region), pieceOf(region), this.#slot);
  }
}

function pieceOf({ first, end }: Region): Piece {
  return { left: first.x, top: first.y, columns: end.x - first.x, rows: end.y - first.y };
}

/** By memory that goes to the worker with a piece, and comes back with its result. */
export class TransferCarrier implements Carrier {
  #input: ArrayBufferLike = new ArrayBuffer(0);
  #output: ArrayBufferLike = new ArrayBuffer(0);

  send({ input, alpha }: Strip, region: Region): KernelJob {
    const { runs, region: copied } = rowsToCopy(region);
    const rowBytes = input.width * input.channels;
    const height = runs.reduce((sum, { first, end }) => sum + end - first, 0);
    this.#input = grown(this.#input, height * rowBytes);
    const copy = { ...input, rowBytes, height, data: new Uint8Array(this.#input) };
    let y = 0;
    for (const { first, end } of runs) {
      copyPart(rowsOf(input, first, end), copy, y, [0, input.width]);
      y += end - first;
    }
    const rows = region.end.y - region.first.y;
    this.#output = grown(this.#output, rows * rowBytes);
    const output: CheckedImage = { ...input, rowBytes, height: rows, data: new Uint8Array(this.#output) };
    return { input: copy, region: copied, output, alpha: ALPHA_MODES.indexOf(alpha) };
  }

  receive({ input: { width, channels }, output, region: all }: Strip, { first, end }: Region, answer: Answer): void {
    [this.#input, this.#output] = [answer.input!, answer.output!];
    const [rowBytes, height] = [width * channels, end.y - first.y];
    const rows = { ...output, rowBytes, height, data: new Uint8Array(this.#output, 0, height * rowBytes) };
    copyPart(rows, output, first.y - all.first.y, [first.x, end.x]);
  }
}

function grown(memory: ArrayBufferLike, byteLength: number): ArrayBufferLike {
  return memory.byteLength >= byteLength ? memory : new ArrayBuffer(byteLength);
}
