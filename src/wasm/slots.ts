/**
 * The slots of a kernel's memory, each with room for a piece of an image and its result: pieces are laid there and results
 * taken out, by the thread that computes them or by another one. Runs in workers, too, so it imports little.
 */
import type { CheckedImage } from '../image.js';
import type { Region } from '../regions.js';

/** What to compute: a strip of one pass. */
export interface KernelJob {
  readonly input: CheckedImage;
  readonly region: Region;
  /** Its first row is row `region.first.y`. */
  readonly output: CheckedImage;
  /** Index in ALPHA_MODES. */
  readonly alpha: number;
}

/** Some columns and rows of a job's region. */
export interface Piece {
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
}

/** Where a piece or its result lies. */
interface Place {
  /** Address in the kernel's memory. */
  readonly at: number;
  /** From one row to the next. */
  readonly rowBytes: number;
}

/** A piece that lies in a slot, as native-fallback/wasm.cc takes it. */
export interface LaidPiece {
  readonly input: Place;
  readonly output: Place;
  readonly columns: number;
  readonly rows: number;
  readonly channels: number;
  readonly alpha: number;
}

/** Where slots lie in memory. */
export interface SlotLayout {
  /** Addresses, by slot. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The size of each. */
  readonly areaBytes: number;
}

/** Pixels beyond a row's end that the kernel reads or writes: both neighbours, and the rest of a vector. */
const PIXELS_BEYOND = 8;

const CACHE_LINE_BYTES = 64;

/** V8 copies shared memory by words of as many bytes, but byte by byte where the two ends lie otherwise in such words. */
const WORD_BYTES = 8;

/** The most bytes from one row to the next. */
export function mostRowBytes(columns: number, channels: number): number {
  return spacedRowBytes(columns, channels) + WORD_BYTES;
}

/** An odd number of cache lines: with a power of two, columns would share few lines of a cache. */
function spacedRowBytes(columns: number, channels: number): number {
  return (Math.ceil(((columns + PIXELS_BEYOND) * channels) / CACHE_LINE_BYTES) | 1) * CACHE_LINE_BYTES;
}

/** The slots of one kernel. */
export class Slots {
  readonly #memory: Uint8Array;
  readonly #layout: SlotLayout;
  readonly #isShared: boolean;

  constructor(memory: ArrayBufferLike, layout: SlotLayout) {
    this.#memory = new Uint8Array(memory); // it never grows
    this.#layout = layout;
    this.#isShared = !(memory instanceof ArrayBuffer);
  }

  /** The most rows of a piece with as many columns; less than 1 where it is too wide. */
  mostRows(columns: number, channels: number): number {
    return Math.floor((this.#layout.areaBytes - WORD_BYTES) / mostRowBytes(columns, channels)) - 2;
  }

  /** Copies a piece of the input there, with the neighbours around it. */
  lay(job: KernelJob, piece: Piece, slot: number): LaidPiece {
    const { input, region, alpha } = job;
    const { left, top, columns, rows } = piece;
    const { data, rowBytes, channels } = input;
    const { first, end, beforeFirst, afterLast } = region;
    const before = left === first.x ? beforeFirst.x : left - 1;
    const after = left + columns === end.x ? afterLast.x : left + columns;
    // Mostly the neighbours lie beside the pixels and come along.
    const from = before === left - 1 ? before : left;
    const to = after === left + columns ? after + 1 : left + columns;
    const rowOf = (y: number) => (y < first.y ? beforeFirst.y : y >= end.y ? afterLast.y : y) * rowBytes;
    const laid = this.#place(this.#layout.inputs[slot], input, rowOf(top - 1) + (left - 1) * channels, columns);
    let { at } = laid;
    for (let y = top - 1; y <= top + rows; y++) {
      const row = rowOf(y);
      if (from === left) this.#copyPixel(data, row + before * channels, channels, at);
      const start = at + (from - left + 1) * channels;
      this.#memory.set(data.subarray(row + from * channels, row + to * channels), start);
      const last = at + (columns + 1) * channels;
      if (to === left + columns) this.#copyPixel(data, row + after * channels, channels, last);
      at += laid.rowBytes;
    }
    return { input: laid, output: this.#resultPlace(job, piece, slot), columns, rows, channels, alpha };
  }

  #copyPixel(data: Uint8Array, from: number, channels: number, to: number): void {
    for (let c = 0; c < channels; c++) this.#memory[to + c] = data[from + c];
  }

  /** Copies a computed piece into the output. */
  take(job: KernelJob, piece: Piece, slot: number): void {
    const { data, rowBytes, channels } = job.output;
    const laid = this.#resultPlace(job, piece, slot);
    let { at } = laid;
    let to = firstByteOf(job, piece);
    for (let row = 0; row < piece.rows; row++) {
      data.set(this.#memory.subarray(at, at + piece.columns * channels), to);
      at += laid.rowBytes;
      to += rowBytes;
    }
  }

  #resultPlace(job: KernelJob, piece: Piece, slot: number): Place {
    return this.#place(this.#layout.outputs[slot], job.output, firstByteOf(job, piece), piece.columns);
  }

  /** @param firstByte of the image, that comes first */
  #place(area: number, { data, rowBytes, channels }: CheckedImage, firstByte: number, columns: number): Place {
    // The kernel takes four channels as whole words of 4 bytes.
    const within = channels === 3 ? WORD_BYTES - 1 : WORD_BYTES - 4;
    const offset = (bytes: number) => (this.#isShared ? bytes & within : 0);
    return {
      at: area + offset(data.byteOffset + firstByte),
      rowBytes: spacedRowBytes(columns, channels) + offset(rowBytes),
    };
  }
}

/** Where its result begins in the output. */
function firstByteOf({ region, output }: KernelJob, { left, top }: Piece): number {
  return (top - region.first.y) * output.rowBytes + left * output.channels;
}
