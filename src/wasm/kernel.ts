/** An instance of the kernel, which computes on the thread that calls it. Runs in workers, too, so it imports little. */
import { type KernelJob, type LaidPiece, mostRowBytes, type SlotLayout, Slots } from './slots.js';

/** A compiled module; WebAssembly's interface is in no declarations but a browser's. */
export type WasmModule = object;

/** What a module computes on. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

interface WasmInterface {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Memory: new (size: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown };
  compile(bytes: Uint8Array): Promise<WasmModule>;
  validate(bytes: Uint8Array): boolean;
}

/** Absent in Node with `--jitless`. */
export const wasm = (globalThis as { WebAssembly?: WasmInterface }).WebAssembly;

/** What native-fallback/wasm.cc exports. */
interface KernelExports {
  slot_count(): number;
  area_bytes(): number;
  input(slot: number): number;
  output(slot: number): number;
  compute_piece(
    input: number,
    inputRowBytes: number,
    output: number,
    outputRowBytes: number,
    columns: number,
    rows: number,
    channels: number,
    alpha: number,
  ): number;
}

/** Wide, since each row takes a call to copy; with its result, a piece should stay in an L2 cache. */
const MOST_COLUMNS = 4096;
const PIECE_BYTES = 2 ** 19;

/** Memory of a fixed size. @param pages of 64 KiB */
export function makeMemory(pages: number, shared: boolean): WasmMemory {
  return new wasm!.Memory({ initial: pages, maximum: pages, shared });
}

/** Computes what lies in the slots of its memory, or copies pieces of an image there and back. */
export class Kernel {
  readonly #exports: KernelExports;
  readonly #slots: Slots;
  readonly layout: SlotLayout;

  constructor(module: WasmModule, memory: WasmMemory) {
    this.#exports = new wasm!.Instance(module, { env: { memory } }).exports as KernelExports;
    const slots = Array.from({ length: this.#exports.slot_count() }, (_, slot) => slot);
    this.layout = {
      inputs: slots.map((slot) => this.#exports.input(slot)),
      outputs: slots.map((slot) => this.#exports.output(slot)),
      areaBytes: this.#exports.area_bytes(),
    };
    this.#slots = new Slots(memory.buffer, this.layout);
  }

  /** @returns how many pixels were computed exactly */
  compute({ input, output, columns, rows, channels, alpha }: LaidPiece): number {
    const { at, rowBytes } = input;
    return this.#exports.compute_piece(at, rowBytes, output.at, output.rowBytes, columns, rows, channels, alpha);
  }

  /** Computes a region piece by piece, each a fraction of a millisecond. Yields how many pixels of it were computed exactly. */
  *pieces(job: KernelJob): Generator<number, void, void> {
    const { first, end } = job.region;
    const { channels } = job.input;
    const rowBytes = mostRowBytes(Math.min(MOST_COLUMNS, end.x - first.x), channels);
    const mostRows = Math.floor(PIECE_BYTES / rowBytes / 2) - 1;
    for (let top = first.y; top < end.y; top += mostRows) {
      const rows = Math.min(mostRows, end.y - top);
      for (let left = first.x; left < end.x; left += MOST_COLUMNS) {
        const piece = { left, top, columns: Math.min(MOST_COLUMNS, end.x - left), rows };
        const exactPixels = this.compute(this.#slots.lay(job, piece, 0));
        this.#slots.take(job, piece, 0);
        yield exactPixels;
      }
    }
  }
}
