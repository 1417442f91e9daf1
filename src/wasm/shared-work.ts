/** A strip that several workers compute, piece by piece. */
import type { Strip } from '../backend.js';
import type { RunOptions } from '../options.js';
import { countPixels, cutIntoStrips, type Region } from '../regions.js';
import { rowsText } from '../span.js';
import { type Carrier, isReachable, nothingToCarry, SlotCarrier, TransferCarrier } from './carriers.js';
import type { Member } from './team.js';

/** The most pixels that a worker is handed at a time: a millisecond of work, since a message there and back takes 40 microseconds. */
const PIXELS_AT_ONCE = 2 ** 18;

/** While a worker computes one piece, the next one waits for it. */
const PIECES_PER_WORKER = 2;

/** Hands strips to workers, and keeps memory for that. */
export class SharedWork {
  /** Not in use; the memory of each is grown to what it was used for. */
  readonly #transferCarriers: TransferCarrier[] = [];

  /**
   * @returns how many pixels were computed exactly
   * @throws the first failure, once no worker is at it any more
   */
  async compute(strip: Strip, members: readonly Member[], run: RunOptions): Promise<number> {
    const { region, input } = strip;
    const rowsInSlot = Math.min(...members.map(({ slots }) => slots?.mostRows(input.width, input.channels) ?? 0));
    const useSlots = rowsInSlot >= 1 && !isReachable(strip);
    // As many for each worker, so that they end together.
    const rounds = Math.ceil(countPixels(region) / PIXELS_AT_ONCE / members.length);
    const rowsAtOnce = Math.ceil((region.end.y - region.first.y) / rounds / members.length);
    const pieces = cutIntoStrips(region, useSlots ? Math.min(rowsAtOnce, rowsInSlot) : rowsAtOnce);
    const failures: unknown[] = [];
    let exactPixels = 0;
    const serve = async (member: Member, carrier: Carrier, track: string) => {
      try {
        while (pieces.length > 0 && failures.length === 0) {
          run.signal?.throwIfAborted();
          const exact = await computePiece(strip, pieces.shift()!, member, carrier, track, run);
          exactPixels += exact; // read after the wait, in which others add to it
        }
        if (carrier instanceof TransferCarrier) this.#transferCarriers.push(carrier);
      } catch (error) {
        failures.push(error);
      }
    };
    const carrierOf = ({ slots }: Member, slot: number): Carrier => {
      if (isReachable(strip)) return nothingToCarry;
      return useSlots ? new SlotCarrier(slots!, slot) : (this.#transferCarriers.pop() ?? new TransferCarrier());
    };
    // One piece for every worker first, so that none waits for the second of another.
    const served = Array.from({ length: PIECES_PER_WORKER }, (_, slot) =>
      members.map((member, index) => serve(member, carrierOf(member, slot), `WebAssembly thread ${index + 1}`)),
    );
    await Promise.all(served.flat());
    if (failures.length > 0) throw failures[0];
    return exactPixels;
  }
}

async function computePiece(
  strip: Strip,
  region: Region,
  member: Member,
  carrier: Carrier,
  track: string,
  { onSpan }: RunOptions,
): Promise<number> {
  const answer = await member.compute(carrier.send(strip, region));
  carrier.receive(strip, region, answer);
  const [startMs, endMs] = [answer.startMs, answer.endMs].map((time) => time - performance.timeOrigin);
  onSpan?.({ name: 'compute', track, startMs, endMs, details: { rows: rowsText(region.first.y, region.end.y) } });
  return answer.exactPixels;
}
