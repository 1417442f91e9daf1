/**
 * What a worker thread runs. tools/build-wasm.mjs makes it one text with all that it imports, before which whoever starts the
 * worker declares `port`: so the same text runs in Node and in a page, and no bundler has to find a file.
 */
import { Kernel, makeMemory, type WasmMemory, type WasmModule } from './kernel.js';
import type { KernelJob, LaidPiece } from './slots.js';

/** The first message, which is answered with `ready`. */
export interface Start {
  readonly module: WasmModule;
  /** What to compute on: memory that the calling thread shares, or the number of pages of one's own. */
  readonly memory: WasmMemory | number;
}

/** The answer to a {@link KernelJob} or a {@link LaidPiece}. */
export interface Answer {
  readonly exactPixels: number;
  /** Memory that came by transfer goes back the same way. */
  readonly input?: ArrayBufferLike;
  readonly output?: ArrayBufferLike;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
}

declare const port: {
  onmessage: (event: { readonly data: Start | KernelJob | LaidPiece }) => void;
  postMessage(message: Answer | 'ready', transfer?: readonly ArrayBufferLike[]): void;
};

let kernel: Kernel;

port.onmessage = ({ data }) => {
  if ('module' in data) {
    const { module, memory } = data;
    kernel = new Kernel(module, typeof memory === 'number' ? makeMemory(memory, false) : memory);
    port.postMessage('ready');
    return;
  }
  const startMs = performance.timeOrigin + performance.now();
  let exactPixels = 0;
  if ('columns' in data) exactPixels = kernel.compute(data);
  else for (const exact of kernel.pieces(data)) exactPixels += exact;
  const times = { startMs, endMs: performance.timeOrigin + performance.now() };
  if ('columns' in data || !(data.input.data.buffer instanceof ArrayBuffer)) {
    port.postMessage({ exactPixels, ...times });
    return;
  }
  const [input, output] = [data.input.data.buffer, data.output.data.buffer];
  port.postMessage({ exactPixels, input, output, ...times }, [input, output]);
};
