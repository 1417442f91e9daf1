/** The least that a device needs for a picture: a copy of as many bytes in its own memory, by its own clock. */
import { withErrorScopes } from './error-scopes.js';
import { BUFFER, MAP_MODE_READ } from './flags.js';
import { NS_PER_MS, PassTimer, TIME_BYTES } from './pass-timer.js';

/**
 * Only passes can be timed: an empty one before the copy, and one after it. Of both the end counts: what came before has
 * ended by then, while a pass may begin before that.
 */
const PASSES = 2;

/**
 * Copies once from one new buffer to another.
 *
 * @param device one with the feature `timestamp-query`
 * @param byteLength a multiple of 4, within the device's limits
 * @returns milliseconds
 * @throws Error where the device refuses
 */
export async function timeDeviceCopy(device: GPUDevice, byteLength: number): Promise<number> {
  const buffer = (label: string, size: number, usage: GPUBufferUsageFlags) =>
    device.createBuffer({ label, size, usage });
  const objects = await withErrorScopes(device, () => ({
    timer: new PassTimer(device, PASSES),
    source: buffer('source', byteLength, BUFFER.COPY_SRC | BUFFER.COPY_DST),
    target: buffer('target', byteLength, BUFFER.COPY_DST),
    readBack: buffer('read back', 2 * PASSES * TIME_BYTES, BUFFER.COPY_DST | BUFFER.MAP_READ),
  }));
  try {
    const { timer, source, target, readBack } = objects;
    const encoder = device.createCommandEncoder({ label: 'copy' });
    // Memory that was never written may not be there yet.
    encoder.clearBuffer(source);
    encoder.copyBufferToBuffer(source, 0, target, 0, byteLength);
    encoder.beginComputePass({ timestampWrites: timer.writesOf(0) }).end();
    encoder.copyBufferToBuffer(source, 0, target, 0, byteLength);
    encoder.beginComputePass({ timestampWrites: timer.writesOf(1) }).end();
    timer.recordResult(encoder, PASSES, readBack, 0);
    await withErrorScopes(device, () => device.queue.submit([encoder.finish()]));
    await readBack.mapAsync(MAP_MODE_READ);
    const [, startNs, , endNs] = new BigUint64Array(readBack.getMappedRange());
    return Number(endNs - startNs) / NS_PER_MS;
  } finally {
    for (const object of Object.values(objects)) object.destroy();
  }
}
