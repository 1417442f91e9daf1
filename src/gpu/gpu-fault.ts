import { NeighborProductError } from '../errors.js';
import type { Raster } from '../image.js';

/** The steps of a strip, in their order: objects and pipelines, rows to the device, commands, waiting, rows back. */
export type Phase = 'prepare' | 'upload' | 'dispatch' | 'map' | 'copy';

/** How far a transform came, so that another backend can do the rest. */
export interface Progress {
  /**
   * What is still to be transformed: the caller's image, a copy of it where finished rows were written over it, or the
   * result of the passes that are done.
   */
  readonly input: Raster;
  /** How many passes are still to be applied to `input`; at least 1. */
  readonly passesLeft: number;
  /** Rows of the output, from the top, that are as they should be. */
  readonly rowsDone: number;
  readonly pixelsRedone: number;
}

/** The device was lost, ran out of memory or refused a command in the middle of a transform. */
export class GpuFault extends NeighborProductError {
  readonly phase: Phase;
  /** What happened, without what to do. */
  readonly account: string;
  /** Private, or a printed error would be a page of samples. */
  readonly #progress: Progress;

  constructor(phase: Phase, progress: Progress, cause: unknown) {
    // A device that is gone rejects with an AbortError of no words; other messages have lines.
    const words = cause instanceof Error ? cause.message || cause.name : String(cause);
    const reason = words.trim().replace(/\s+/g, ' ');
    const done = `${progress.rowsDone} of ${progress.input.height} rows were finished`;
    const account = `The GPU failed in the phase ${phase}: ${reason} (${done}).`;
    super('BACKEND_FAILED', `${account} Use the backend auto or cpu.`, { cause });
    this.phase = phase;
    this.account = account;
    this.#progress = progress;
  }

  /** Whether the device is to blame, and not a picture that is too wide for it. */
  get blamesDevice(): boolean {
    return !(this.cause instanceof RangeError);
  }

  get progress(): Progress {
    return this.#progress;
  }
}
