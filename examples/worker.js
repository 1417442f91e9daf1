// @ts-check
/**
 * A transform in a worker thread, so that even the reference, which computes on its own thread, does not hold up this
 * one. The image is not copied: shared memory is worked on where it is, other memory is transferred there and back.
 *
 *     node examples/worker.js
 */
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { transform } from 'neighbor-product';

/**
 * @param {import('neighbor-product').Image} image changed if its memory is shared, gone otherwise
 * @param {import('neighbor-product').TransformOptions} options
 * @returns {Promise<import('neighbor-product').Result>}
 */
export async function transformInWorker(image, options) {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { image, options },
    transferList: memoryToTransfer(image),
  });
  const [result] = await once(worker, 'message'); // rejects where the worker throws
  return result;
}

/** @param {import('neighbor-product').Image} image */
function memoryToTransfer({ data: { buffer } }) {
  return buffer instanceof SharedArrayBuffer ? [] : [buffer];
}

if (!isMainThread && workerData?.image !== undefined) {
  const { image, options } = workerData;
  const result = await transform(image, { ...options, output: image });
  parentPort?.postMessage(result, memoryToTransfer(image));
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [width, height] = [1920, 1080];
  const data = new Uint8Array(new SharedArrayBuffer(width * height * 4)).fill(200);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const { backend, elapsedMs } = await transformInWorker(
    { data, width, height, channels: 4 },
    { backend: 'reference' },
  );
  const heldUpMs = delay.max / 1e6;
  process.stdout.write(
    `${backend} took ${elapsedMs.toFixed()} ms; this thread waited ${heldUpMs.toFixed()} ms at most.\n`,
  );
}
