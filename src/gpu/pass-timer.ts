/** When the passes of a submission began and ended, by the device's own clock. For devices with `timestamp-query`. */
import { BUFFER } from './flags.js';

export const NS_PER_MS = 1e6;

/** A u64. */
export const TIME_BYTES = 8;

export class PassTimer {
  readonly #times: GPUQuerySet;
  /** Queries cannot be resolved into a buffer that the host maps. */
  readonly #resolved: GPUBuffer;

  /** To be called within error scopes. */
  constructor(device: GPUDevice, passes: number) {
    this.#times = device.createQuerySet({ label: 'times of passes', type: 'timestamp', count: 2 * passes });
    const usage = BUFFER.QUERY_RESOLVE | BUFFER.COPY_SRC;
    this.#resolved = device.createBuffer({ label: 'times of passes', size: 2 * passes * TIME_BYTES, usage });
  }

  /** What a compute pass is described with to be timed. */
  writesOf(pass: number): GPUComputePassTimestampWrites {
    return { querySet: this.#times, beginningOfPassWriteIndex: 2 * pass, endOfPassWriteIndex: 2 * pass + 1 };
  }

  /** Records that begin and end of each pass go to `buffer`: u64, nanoseconds. */
  recordResult(encoder: GPUCommandEncoder, passes: number, buffer: GPUBuffer, offset: number): void {
    encoder.resolveQuerySet(this.#times, 0, 2 * passes, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, buffer, offset, 2 * passes * TIME_BYTES);
  }

  destroy(): void {
    this.#times.destroy();
    this.#resolved.destroy();
  }
}
