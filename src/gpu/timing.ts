/** Times of passes by the device's own clock, beside the host's, for devices with the feature `timestamp-query`. */
import type { SpanListener } from '../span.js';
import { BUFFER } from './device.js';

const NS_PER_MS = 1e6;

/** A u64. */
export const TIME_BYTES = 8;

/** The track of what the device itself does. */
const DEVICE_TRACK = 'GPU';

/** Records when passes begin and end. */
export class PassTimer {
  readonly #times: GPUQuerySet;
  /** Queries cannot be resolved into a buffer that the host maps. */
  readonly #resolved: GPUBuffer;

  /** To be called within error scopes. */
  constructor(device: GPUDevice, passes: number) {
    this.#times = device.createQuerySet({ label: 'pass times', type: 'timestamp', count: 2 * passes });
    const usage = BUFFER.QUERY_RESOLVE | BUFFER.COPY_SRC;
    this.#resolved = device.createBuffer({ label: 'pass times', size: 2 * passes * TIME_BYTES, usage });
  }

  /** The part of a compute pass's descriptor that times it. */
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

/** The passes of a strip whose result has arrived. */
export interface TimedStrip {
  /** Rows of the image, `0 to 31`. */
  readonly rows: string;
  /** When its result was mapped, by `performance.now()`. */
  readonly mappedMs: number;
  /** Begin and end of each pass, nanoseconds by the device's clock; empty where they were not timed. */
  readonly passesNs: BigUint64Array;
  readonly onSpan: SpanListener | undefined;
}

/** Relates the device's clock to the host's, which WebGPU does not. */
export class DeviceClock {
  #strips: TimedStrip[] = [];

  add(strip: TimedStrip): void {
    if (strip.passesNs.length > 0) this.#strips.push(strip);
  }

  /**
   * Reports the passes added since the last call. Their lengths are the device's; they are placed as late as possible
   * such that no result was mapped before its last pass had ended.
   */
  report(): void {
    const strips = this.#strips;
    this.#strips = [];
    if (strips.length === 0) return;
    const origin = strips[0].passesNs[0];
    const elapsedMs = (timeNs: bigint) => Number(timeNs - origin) / NS_PER_MS;
    const originMs = Math.min(...strips.map(({ mappedMs, passesNs }) => mappedMs - elapsedMs(passesNs.at(-1)!)));
    for (const { rows, passesNs, onSpan } of strips) {
      for (let k = 0; k < passesNs.length; k += 2) {
        onSpan?.({
          name: `pass ${k / 2 + 1}`,
          track: DEVICE_TRACK,
          startMs: originMs + elapsedMs(passesNs[k]),
          // A clock may be set back between two readings; a span cannot end before it starts.
          endMs: originMs + Math.max(elapsedMs(passesNs[k]), elapsedMs(passesNs[k + 1])),
          details: { rows },
        });
      }
    }
  }
}
