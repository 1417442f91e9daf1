/** A strip that several workers compute: pieces of it are copied to them and back, where their memory is not shared anyway. */
import type { Strip } from '../backend.js';
import { type CheckedImage, copyPart, isShared, rowsOf } from '../image.js';
import { ALPHA_MODES, type RunOptions } from '../options.js';
import { cutIntoStrips, type Region, rowsToCopy } from '../regions.js';
import { rowsText } from '../span.js';
import type { KernelJob } from './kernel.js';
import type { Member } from './team.js';

/** Pixels that a worker is handed at a time: half a millisecond of work, ten times what the messages take. */
const PIXELS_AT_ONCE = 2 ** 17;

/** While a worker computes one piece, the next one waits for it. */
const PIECES_PER_WORKER = 2;

/** Hands strips to workers, and keeps memory for that. */
export class SharedWork {
  /** Not in use; each is grown to what it was used for. */
  readonly #memories: PieceMemory[] = [];

  /**
   * @returns how many pixels were computed exactly
   * @throws the first failure, once no worker is at it any more
   */
  async compute(strip: Strip, members: readonly Member[], run: RunOptions): Promise<number> {
    const pieces = cutIntoStrips(strip.region, Math.max(1, Math.floor(PIXELS_AT_ONCE / strip.input.width)));
    const failures: unknown[] = [];
    let exactPixels = 0;
    const serve = async (member: Member, track: string) => {
      const memory = this.#memories.pop() ?? new PieceMemory();
      try {
        while (pieces.length > 0 && failures.length === 0) {
          run.signal?.throwIfAborted();
          exactPixels += await computePiece(strip, pieces.shift()!, member, memory, track, run);
        }
        this.#memories.push(memory);
      } catch (error) {
        failures.push(error);
      }
    };
    const served = members.flatMap((member, index) =>
      Array.from({ length: PIECES_PER_WORKER }, () => serve(member, `WebAssembly thread ${index + 1}`)),
    );
    await Promise.all(served);
    if (failures.length > 0) throw failures[0];
    return exactPixels;
  }
}

async function computePiece(
  strip: Strip,
  region: Region,
  member: Member,
  memory: PieceMemory,
  track: string,
  { onSpan }: RunOptions,
): Promise<number> {
  const job = memory.lend(strip, region);
  const answer = await member.compute(job);
  memory.takeBack(answer.input, answer.output);
  if (!isShared(strip.output)) {
    const { first, end } = region;
    const rows = { ...job.output, data: new Uint8Array(answer.output, 0, job.output.height * job.output.rowBytes) };
    copyPart(rows, strip.output, first.y - strip.region.first.y, [first.x, end.x]);
  }
  const [startMs, endMs] = [answer.startMs, answer.endMs].map((time) => time - performance.timeOrigin);
  onSpan?.({ name: 'compute', track, startMs, endMs, details: { rows: rowsText(region.first.y, region.end.y) } });
  return answer.exactPixels;
}

/** Memory that goes to a worker with a piece, and comes back with its result. */
class PieceMemory {
  #input: ArrayBufferLike = new ArrayBuffer(0);
  #output: ArrayBufferLike = new ArrayBuffer(0);

  /** The piece as a job: copied, and memory for its result, unless the worker can reach the strip's own. */
  lend({ input, output, region: all, alpha }: Strip, region: Region): KernelJob {
    const job = { input, region, alpha: ALPHA_MODES.indexOf(alpha) };
    const placed = isShared(input) ? job : { ...job, ...this.#copy(input, region) };
    const rows = region.end.y - region.first.y;
    if (isShared(output))
      return { ...placed, output: rowsOf(output, region.first.y - all.first.y, region.end.y - all.first.y) };
    const rowBytes = input.width * input.channels;
    this.#output = grown(this.#output, rows * rowBytes);
    return { ...placed, output: { ...input, rowBytes, height: rows, data: new Uint8Array(this.#output) } };
  }

  #copy(input: CheckedImage, region: Region): Pick<KernelJob, 'input' | 'region'> {
    const { runs, region: copied } = rowsToCopy(region);
    const rowBytes = input.width * input.channels;
    const height = runs.reduce((sum, { first, end }) => sum + end - first, 0);
    this.#input = grown(this.#input, height * rowBytes);
    const copy = { ...input, rowBytes, height, data: new Uint8Array(this.#input) };
    let y = 0;
    for (const { first, end } of runs) {
      copyPart(rowsOf(input, first, end), copy, y, [0, input.width]);
      y += end - first;
    }
    return { input: copy, region: copied };
  }

  /** What is shared did not go away. */
  takeBack(input: ArrayBufferLike, output: ArrayBufferLike): void {
    if (input instanceof ArrayBuffer) this.#input = input;
    if (output instanceof ArrayBuffer) this.#output = output;
  }
}

function grown(memory: ArrayBufferLike, byteLength: number): ArrayBufferLike {
  return memory.byteLength >= byteLength ? memory : new ArrayBuffer(byteLength);
}
