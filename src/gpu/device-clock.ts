/** Lays the device's clock beside the host's: WebGPU does not relate them. */
import { rowsText, type SpanListener } from '../span.js';
import { NS_PER_MS } from './pass-timer.js';
import type { Landed } from './slot.js';

export class DeviceClock {
  readonly #landed: Landed[] = [];

  add(landed: Landed): void {
    if (landed.passesNs.length > 0) this.#landed.push(landed);
  }

  /**
   * Tells of the passes. Their lengths are the device's; they are placed as late as they can be if no result was there
   * before its last pass had ended.
   */
  tell(onSpan: SpanListener): void {
    if (this.#landed.length === 0) return;
    const origin = this.#landed[0].passesNs[0];
    const elapsedMs = (timeNs: bigint) => Number(timeNs - origin) / NS_PER_MS;
    const originMs = Math.min(
      ...this.#landed.map(({ mappedMs, passesNs }) => mappedMs - elapsedMs(passesNs[passesNs.length - 1])),
    );
    for (const { strip, passesNs } of this.#landed) {
      for (let k = 0; k < passesNs.length; k += 2) {
        onSpan({
          name: `pass ${k / 2 + 1}`,
          lane: DEVICE_LANE,
          startMs: originMs + elapsedMs(passesNs[k]),
          // A clock may be set back between two readings; a piece of work cannot end before it starts.
          endMs: originMs + Math.max(elapsedMs(passesNs[k]), elapsedMs(passesNs[k + 1])),
          details: { rows: rowsText(strip.computed.first, strip.computed.end) },
        });
      }
    }
  }
}

/** The lane of what the device itself does. */
export const DEVICE_LANE = 'GPU';
