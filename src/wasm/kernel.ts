/** An instance of the kernel, which computes regions on the thread that calls it. Runs in workers, too, so it imports little. */
import type { CheckedImage } from '../image.js';
import type { Region } from '../regions.js';

/** A compiled module; WebAssembly's interface is in no declarations but a browser's. */
export type WasmModule = object;

interface WasmInterface {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule) => { readonly exports: unknown };
  compile(bytes: Uint8Array): Promise<WasmModule>;
  validate(bytes: Uint8Array): boolean;
}

/** Absent in Node with `--jitless`. */
export const wasm = (globalThis as { WebAssembly?: WasmInterface }).WebAssembly;

/** What native-fallback/wasm.cc exports. */
interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  most_columns(): number;
  most_rows(): number;
  /** From one row to the next. */
  row_bytes(): number;
  input(channels: number): number;
  output(channels: number): number;
  compute_piece(columns: number, rows: number, channels: number, alpha: number): number;
}

/** What to compute: a strip of one pass. */
export interface KernelJob {
  readonly input: CheckedImage;
  readonly region: Region;
  /** Its first row is row `region.first.y`. */
  readonly output: CheckedImage;
  /** Index in ALPHA_MODES. */
  readonly alpha: number;
}

/** Computes on memory of its own, which is small enough for a processor's cache: pieces of an image are copied there and back. */
export class Kernel {
  readonly #exports: KernelExports;
  readonly #memory: Uint8Array;
  readonly #rowBytes: number;
  readonly #mostColumns: number;
  readonly #mostRows: number;

  constructor(module: WasmModule) {
    this.#exports = new wasm!.Instance(module).exports as KernelExports;
    this.#memory = new Uint8Array(this.#exports.memory.buffer); // it never grows
    this.#rowBytes = this.#exports.row_bytes();
    this.#mostColumns = this.#exports.most_columns();
    this.#mostRows = this.#exports.most_rows();
  }

  /** Computes a region piece by piece, each a fraction of a millisecond. Yields how many pixels of it were computed exactly. */
  *pieces(job: KernelJob): Generator<number, void, void> {
    const { first, end } = job.region;
    for (let top = first.y; top < end.y; top += this.#mostRows) {
      const rows = Math.min(this.#mostRows, end.y - top);
      for (let left = first.x; left < end.x; left += this.#mostColumns) {
        const columns = Math.min(this.#mostColumns, end.x - left);
        const { channels } = job.input;
        this.#copyIn(job, left, top, columns, rows);
        const exactPixels = this.#exports.compute_piece(columns, rows, channels, job.alpha);
        this.#copyOut(job, left, top, columns, rows);
        yield exactPixels;
      }
    }
  }

  /** Lays the piece into memory with the neighbours around it. */
  #copyIn({ input, region }: KernelJob, left: number, top: number, columns: number, rows: number): void {
    const { data, rowBytes, channels } = input;
    const { first, end, beforeFirst, afterLast } = region;
    const before = left === first.x ? beforeFirst.x : left - 1;
    const after = left + columns === end.x ? afterLast.x : left + columns;
    // Mostly the neighbours lie beside the pixels and come along.
    const from = before === left - 1 ? before : left;
    const to = after === left + columns ? after + 1 : left + columns;
    let at = this.#exports.input(channels);
    for (let y = top - 1; y <= top + rows; y++) {
      const row = (y < first.y ? beforeFirst.y : y >= end.y ? afterLast.y : y) * rowBytes;
      if (from === left) this.#copyPixel(data, row + before * channels, channels, at);
      const start = at + (from - left + 1) * channels;
      this.#memory.set(data.subarray(row + from * channels, row + to * channels), start);
      const last = at + (columns + 1) * channels;
      if (to === left + columns) this.#copyPixel(data, row + after * channels, channels, last);
      at += this.#rowBytes;
    }
  }

  #copyPixel(data: Uint8Array, from: number, channels: number, to: number): void {
    for (let c = 0; c < channels; c++) this.#memory[to + c] = data[from + c];
  }

  #copyOut({ region, output }: KernelJob, left: number, top: number, columns: number, rows: number): void {
    const { data, rowBytes, channels } = output;
    let at = this.#exports.output(channels);
    let to = (top - region.first.y) * rowBytes + left * channels;
    for (let row = 0; row < rows; row++) {
      data.set(this.#memory.subarray(at, at + columns * channels), to);
      at += this.#rowBytes;
      to += rowBytes;
    }
  }
}
