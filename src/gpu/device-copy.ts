/** The least that a device needs for a picture: a copy of as many bytes in its own memory, by its own clock. */
import { withErrorScopes } from './error-scopes.js';
import { BUFFER, MAP_MODE_READ } from './flags.js';

const TIME_BYTES = 8;
const NS_PER_MS = 1e6;

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
    times: device.createQuerySet({ label: 'times of a copy', type: 'timestamp', count: 2 }),
    source: buffer('source', byteLength, BUFFER.COPY_SRC | BUFFER.COPY_DST),
    target: buffer('target', byteLength, BUFFER.COPY_DST),
    resolved: buffer('times of a copy', 2 * TIME_BYTES, BUFFER.QUERY_RESOLVE | BUFFER.COPY_SRC),
    readBack: buffer('read back', 2 * TIME_BYTES, BUFFER.COPY_DST | BUFFER.MAP_READ),
  }));
  try {
    const { times, source, target, resolved, readBack } = objects;
    const encoder = device.createCommandEncoder({ label: 'copy' });
    // Memory that was never written may not be there yet.
    encoder.clearBuffer(source);
    encoder.copyBufferToBuffer(source, 0, target, 0, byteLength);
    // Only passes can be timed: an empty one before the copy, and one after.
    encoder.beginComputePass({ timestampWrites: { querySet: times, endOfPassWriteIndex: 0 } }).end();
    encoder.copyBufferToBuffer(source, 0, target, 0, byteLength);
    encoder.beginComputePass({ timestampWrites: { querySet: times, beginningOfPassWriteIndex: 1 } }).end();
    encoder.resolveQuerySet(times, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, readBack, 0, 2 * TIME_BYTES);
    await withErrorScopes(device, () => device.queue.submit([encoder.finish()]));
    await readBack.mapAsync(MAP_MODE_READ);
    const [startNs, endNs] = new BigUint64Array(readBack.getMappedRange());
    return Number(endNs - startNs) / NS_PER_MS;
  } finally {
    for (const object of Object.values(objects)) object.destroy();
  }
}
