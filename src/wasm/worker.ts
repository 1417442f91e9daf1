/**
 * What a worker thread runs. tools/build-wasm.mjs makes it one text with all that it imports, before which whoever starts the
 * worker declares `port`: so the same text runs in Node and in a page, and no bundler has to find a file.
 */
import { Kernel, type KernelJob, type WasmModule } from './kernel.js';

/** The first message: the compiled module. It is answered with `ready`. */
interface Start {
  readonly module: WasmModule;
}

/** The answer to a {@link KernelJob}. Memory that came by transfer goes back the same way. */
export interface Answer {
  readonly exactPixels: number;
  readonly input: ArrayBufferLike;
  readonly output: ArrayBufferLike;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
}

declare const port: {
  onmessage: (event: { readonly data: Start | KernelJob }) => void;
  postMessage(message: Answer | 'ready', transfer?: readonly ArrayBufferLike[]): void;
};

let kernel: Kernel;

port.onmessage = ({ data }) => {
  if ('module' in data) {
    kernel = new Kernel(data.module);
    port.postMessage('ready');
    return;
  }
  const startMs = performance.timeOrigin + performance.now();
  let exactPixels = 0;
  for (const exact of kernel.pieces(data)) exactPixels += exact;
  const [input, output] = [data.input.data.buffer, data.output.data.buffer];
  const answer = { exactPixels, input, output, startMs, endMs: performance.timeOrigin + performance.now() };
  port.postMessage(
    answer,
    [input, output].filter((buffer) => buffer instanceof ArrayBuffer),
  );
};
