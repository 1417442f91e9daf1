/** How fast a backend was in this process, transfers included; no table of devices, nothing stored. */

/** How long a strip should take, if a call takes much less: a slow device holds little. */
export const STRIP_MS = 4;

/** For a device that takes long for any: so many times its quickest one, and this at most. */
const TIMES_QUICKEST = 2;
const MOST_STRIP_MS = 40;

/** A strip is as long as it should be from so much of it on: it has whole rows only. */
const GROWN = 3 / 4;

/** Of a backend of which nothing is known. */
const FIRST_STRIP_PIXELS = 2 ** 16;

/** What the strips of a backend took. */
export class Speed {
  /** Of the last strips; undefined before the first one. */
  msPerPixel: number | undefined;
  /** Of one pass more over an image that stays on the device; undefined before the first one. */
  residentMsPerPixel: number | undefined;
  /** Whether its strips are not as long yet as they should be: what a call takes counts too much in its speed. */
  isGrowing = true;
  /** Strips that were dropped since one was done. */
  dropped = 0;
  /** Of the last strip. */
  elapsedMs = 0;
  /** When the last strip ended. */
  endMs = Number.NEGATIVE_INFINITY;
  #most: Strip = { pixels: 0, elapsedMs: 0 };
  #quickest: Strip = { pixels: 0, elapsedMs: Number.POSITIVE_INFINITY };

  /** Notes a strip that is done. */
  note(pixels: number, elapsedMs: number): void {
    this.#noteEnd(elapsedMs);
    this.dropped = 0;
    const measured = elapsedMs / Math.max(1, pixels);
    const before = this.msPerPixel ?? measured;
    // Slower may be an accident. Of a small strip it is what the call takes.
    if (measured <= before) this.msPerPixel = measured;
    else if (pixels > this.wantedPixels / 4) this.msPerPixel = (measured + before) / 2;
    if (pixels >= this.#most.pixels / 2) this.#most = { pixels, elapsedMs };
    if (elapsedMs <= this.#quickest.elapsedMs) this.#quickest = { pixels, elapsedMs };
    this.isGrowing &&= elapsedMs < GROWN * this.#wantedMs;
  }

  /** Notes a strip that was dropped, once the device answered; this thread may have been busy with other things meanwhile. */
  noteDropped(pixels: number, elapsedMs: number): void {
    this.#noteEnd(elapsedMs);
    this.dropped++;
    const measured = elapsedMs / Math.max(1, pixels);
    const before = this.msPerPixel ?? measured;
    this.msPerPixel = Math.max(before, (measured + before) / 2);
    this.isGrowing &&= elapsedMs < GROWN * STRIP_MS;
  }

  get #wantedMs(): number {
    return Math.max(STRIP_MS, Math.min(TIMES_QUICKEST * this.#quickest.elapsedMs, MOST_STRIP_MS));
  }

  /** Notes an image that stayed on the device for several passes. @param isDone otherwise it took longer */
  noteResident(pixels: number, passes: number, elapsedMs: number, isDone: boolean): void {
    this.#noteEnd(elapsedMs);
    const transferMs = pixels * (this.msPerPixel ?? 0);
    const measured = Math.max(0, elapsedMs - transferMs) / (pixels * passes);
    const before = this.residentMsPerPixel ?? measured;
    this.residentMsPerPixel = isDone ? (measured + before) / 2 : Math.max(measured, before);
  }

  /** How many pixels the next strip should have. */
  get wantedPixels(): number {
    if (this.msPerPixel === undefined) return FIRST_STRIP_PIXELS;
    const fitting = this.#wantedMs / this.msPerPixel;
    return this.isGrowing ? Math.min(fitting, Math.max(FIRST_STRIP_PIXELS, 2 * this.#most.pixels)) : fitting;
  }

  /** What a strip takes however small it is. */
  get callMs(): number {
    const [small, large] = [this.#quickest, this.#most];
    if (large.pixels <= 2 * small.pixels) return 0; // nothing is known but a speed
    const callMs = (small.elapsedMs * large.pixels - large.elapsedMs * small.pixels) / (large.pixels - small.pixels);
    return Math.min(Math.max(0, callMs), small.elapsedMs);
  }

  /** How long a strip would take; 0 where nothing is known. */
  estimateMs(pixels: number): number {
    return this.callMs + (this.msPerPixel ?? 0) * pixels;
  }

  #noteEnd(elapsedMs: number): void {
    this.elapsedMs = elapsedMs;
    this.endMs = performance.now();
  }
}

interface Strip {
  readonly pixels: number;
  readonly elapsedMs: number;
}

/** A backend that takes so many times as long as the first one brings less than its strips cost. */
export const WORTHWHILE = 10;

/** Strips in a row that came too late show that all do; at the end of an image as many as are under way may. */
const TOO_MANY_DROPPED = 8;

/** One that does not help is tried again after so many times what its last strip took: it may have been busy. */
const TRIED_AFTER = 50;

/** Whether a backend helps one that takes so many milliseconds a pixel, as far as its speed is known. */
export function isWorthwhile(speed: Speed, firstMsPerPixel: number): boolean {
  if (speed.dropped >= TOO_MANY_DROPPED) return false;
  if (speed.msPerPixel === undefined || speed.isGrowing) return true;
  return speed.msPerPixel <= WORTHWHILE * firstMsPerPixel;
}

/** Whether it is time to look whether a backend that did not help has become faster. */
export function isToBeTried({ elapsedMs, endMs }: Speed): boolean {
  return performance.now() - endMs >= TRIED_AFTER * elapsedMs;
}
