/** GPUs for tests. Where the software GPU exists, a missing adapter is a failure; elsewhere it is said aloud. */

import { afterAll, describe } from 'vitest';
import { create } from 'webgpu';
import { type GpuOptions, type OpenedGpu, openBestAdapter } from '../../src/gpu/adapters.js';
import type { GpuBackend } from '../../src/gpu/gpu-backend.js';
import { DAWN_FLAGS } from '../../src/gpu/node-gpu.js';
import type { Host } from '../../src/host.js';
import { softwareGpuExists } from '../../tools/software-gpu.mjs';

/** Kept for as long as the process lives: Dawn does not survive its collection before a device's. */
const kept: unknown[] = [];
/** What a page has as `navigator.gpu`. */
export const gpu = create(DAWN_FLAGS);
kept.push(gpu);

const hasAdapter = (await gpu.requestAdapter()) !== null;
if (!hasAdapter && softwareGpuExists) {
  throw new Error(
    'No GPU adapter answers. npm test sets the variables of the software GPU; see test/gpu/print-env.mjs.',
  );
}

/** `describe` for what needs a GPU. */
export function describeOnGpu(name: string, tests: () => void): void {
  if (!hasAdapter) process.stderr.write(`NOT RUN, for want of a GPU: ${name}\n`);
  describe.skipIf(!hasAdapter)(name, tests);
}

/** As the registry opens a GPU, but untested: here the software GPU passes for hardware. */
export function openGpuForTests(options: GpuOptions): Promise<OpenedGpu> {
  return openBestAdapter(gpu, { isUntested: true, ...options });
}

/** A host on a GPU that is disposed of after the tests that opened it. */
export async function openHost(options: GpuOptions = {}): Promise<Host & { readonly backend: GpuBackend }> {
  const opened = await openGpuForTests(options);
  if ('reason' in opened) throw new Error(opened.reason);
  afterAll(() => opened.transformer.dispose());
  return opened.transformer as Host & { readonly backend: GpuBackend };
}

/** A device as a caller of the library has one. */
export async function openDevice(): Promise<GPUDevice> {
  const adapter = await gpu.requestAdapter();
  const device = await adapter!.requestDevice();
  kept.push(adapter, device);
  afterAll(() => device.destroy());
  return device;
}

/** What a buffer with the usage `COPY_SRC` holds. */
export async function readBuffer(device: GPUDevice, buffer: GPUBuffer): Promise<Uint8Array<ArrayBuffer>> {
  const readBack = device.createBuffer({ size: buffer.size, usage: 0x1 | 0x8 });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, readBack, 0, buffer.size);
  device.queue.submit([encoder.finish()]);
  await readBack.mapAsync(0x1);
  const bytes = new Uint8Array(readBack.getMappedRange()).slice();
  readBack.destroy();
  return bytes;
}
