/** What each worker takes next: strips of jobs, in sizes by what was measured, and what is computed twice. */
import { countPixels, type Region } from '../regions.js';
import type { Step } from '../steps.js';
import { canCheckPasses } from './audit.js';
import type { Job, Worker } from './job.js';
import { isToBeTried, isWorthwhile, STRIP_MS, WORTHWHILE } from './speed.js';

/** Nobody takes less than the first worker does in this time, so that calls do not count. */
const LEAST_MS = 0.5;

/** A strip is late after so many times what it should take; then it is computed again while other work waits. */
const LATE = 2;

/** Fewer passes do not make up for moving the image twice. */
const LEAST_PASSES_STAYING = 4;

/** Something to compute. */
export interface Piece {
  readonly job: Job;
  /** Of several passes where the image stays on the device for all that are left. */
  readonly step: Step;
  readonly region: Region;
  /** Whether the result goes to memory of its own, since another worker computes the same. */
  readonly isApart?: boolean | undefined;
}

/** A piece that is computed. */
export interface Out extends Piece {
  readonly worker: Worker;
  /** Absent where nobody but the caller may want it to end before. */
  readonly controller: AbortController | undefined;
  readonly startMs: number;
  /** Whether nobody waits for it any more. */
  isDropped: boolean;
  /** Whether another worker computes it again. */
  isBackedUp: boolean;
  /** Resolves once the worker touches it no more. */
  ended: Promise<void>;
}

/** The jobs, the workers and the pieces that are computed. */
export class Pieces {
  /** It has the rows of the oldest job from the top. */
  readonly first: Worker;
  /** They have the rows of the newest job from the bottom. */
  readonly others: Worker[] = [];
  /** The oldest first. */
  readonly jobs: Job[] = [];
  readonly outs = new Set<Out>();
  /** Whether another worker may join soon, so that the first one should not take all at once. */
  isGrowing = false;
  /** How much of the estimates of jobs the first worker took at best, when nothing else ran on its cores. */
  #partOfEstimate = 1;
  #firstMsPerPixelOfLast = Number.POSITIVE_INFINITY;

  constructor(first: Worker) {
    this.first = first;
  }

  outsOf(worker: Worker): Out[] {
    return [...this.outs].filter((out) => out.worker === worker);
  }

  /** Notes what the first worker took for a part of a job. */
  noteFirst(job: Job, pixels: number, elapsedMs: number): void {
    this.#partOfEstimate = Math.min(this.#partOfEstimate, elapsedMs / pixels / job.msPerPixel);
    this.#firstMsPerPixelOfLast = this.#firstMsPerPixel(job);
  }

  /** How many times as long as the first one a worker takes, where that is too long to help. */
  timesTooSlow({ speed }: Worker): number | undefined {
    const times = (speed.msPerPixel ?? 0) / this.#firstMsPerPixelOfLast;
    return times > WORTHWHILE && !isWorthwhile(speed, this.#firstMsPerPixelOfLast) ? times : undefined;
  }

  #helps({ speed }: Worker, job: Job): boolean {
    return isWorthwhile(speed, this.#firstMsPerPixel(job));
  }

  /** What a worker is to do next; undefined where nothing is worth its while. */
  nextFor(worker: Worker): Piece | undefined {
    const busy = this.outsOf(worker).length;
    if (busy >= worker.backend.stripsAtOnce) return undefined;
    return worker === this.first ? this.#nextForFirst() : this.#nextForOther(worker, busy);
  }

  #nextForFirst(): Piece | undefined {
    for (const job of this.jobs) {
      if (job.isPaused || !job.open()) continue;
      if (job.pendingPixels > 0) return { job, step: job.step, region: job.takeFirst(this.#pixelsForFirst(job)) };
      const late = [...this.outs].find((out) => out.job === job && isLate(out) && this.#canBackUp(out));
      if (late !== undefined) return backUp(late);
    }
    const out = [...this.outs].find((one) => this.#canBackUp(one));
    return out && backUp(out);
  }

  #pixelsForFirst(job: Job): number {
    if (!this.#isShared(job)) return Number.POSITIVE_INFINITY;
    const firstMs = this.#firstMsPerPixel(job);
    const half = this.others.length > 0 ? job.pendingPixels / 2 : Number.POSITIVE_INFINITY;
    return Math.max(LEAST_MS / firstMs, Math.min(half, STRIP_MS / firstMs));
  }

  /** Whether others may take a part of a job, or more of it. */
  #isShared(job: Job): boolean {
    const isTaking = ({ worker, job: of }: Out) => of === job && worker !== this.first && this.#helps(worker, job);
    return this.isGrowing || [...this.outs].some(isTaking);
  }

  /** Where the first worker would be done before, another one takes nothing. */
  #nextForOther(worker: Worker, busy: number): Piece | undefined {
    const { speed } = worker;
    const isTried = busy === 0 && isToBeTried(speed);
    // One strip shows how fast it is.
    if (!isTried && speed.msPerPixel === undefined) return undefined;
    for (const job of this.jobs.toReversed()) {
      if (job.isPaused || job.isResident || job.without.has(worker)) continue;
      const helps = this.#helps(worker, job);
      if (!(helps || isTried) || !job.open()) continue;
      const piece = (helps && this.#stayingFor(worker, job, busy)) || this.#stripFor(worker, job, isTried);
      if (piece !== undefined) return piece;
    }
    return undefined;
  }

  #stripFor(worker: Worker, job: Job, isTried: boolean): Piece | undefined {
    const { speed, backend } = worker;
    if (job.pendingPixels === 0) return undefined;
    const firstMs = this.#firstMsPerPixel(job);
    const aheadMs = this.#aheadOf(job) + job.pendingPixels * firstMs;
    // It is back when the first worker has done the rest.
    const fitting = (aheadMs - (isTried ? 0 : speed.callMs)) / ((speed.msPerPixel ?? firstMs) + firstMs);
    if (!isTried && fitting * firstMs < LEAST_MS) return undefined;
    const pixels = Math.min(speed.wantedPixels, fitting);
    let maxRows: number;
    try {
      maxRows = backend.maxRows(job.step.input.width);
    } catch {
      job.without.add(worker); // images are too wide for it
      return undefined;
    }
    return { job, step: job.step, region: job.takeLast(pixels, maxRows) };
  }

  /** All passes that are left. The first worker goes on all the same, and what is done first counts. */
  #stayingFor({ speed, backend }: Worker, job: Job, busy: number): Piece | undefined {
    const { step, passesLeft: passes } = job;
    const { region } = step;
    const { width, height } = step.input;
    if (busy > 0 || passes < LEAST_PASSES_STAYING || width * height > backend.residentPixels) return undefined;
    if (speed.msPerPixel === undefined || speed.isGrowing || !canCheckPasses(height, passes)) return undefined;
    if (speed.residentMsPerPixel !== undefined) {
      const elapsedMs = countPixels(region) * (speed.msPerPixel + passes * speed.residentMsPerPixel);
      if (elapsedMs > this.#aheadOf(job) + this.#leftMs(job)) return undefined;
    }
    job.isResident = true;
    return { job, step: { ...step, passes }, region, isApart: true };
  }

  /** What the first worker does before it comes to a job. */
  #aheadOf(job: Job): number {
    return this.jobs.slice(0, this.jobs.indexOf(job)).reduce((sum, before) => sum + this.#leftMs(before), 0);
  }

  /** For all passes, on the first worker. */
  #leftMs(job: Job): number {
    return job.pixelsLeft * this.#firstMsPerPixel(job);
  }

  #firstMsPerPixel(job: Job): number {
    return this.#partOfEstimate * job.msPerPixel;
  }

  #canBackUp({ worker, job, step, isDropped, isBackedUp }: Out): boolean {
    return worker !== this.first && step === job.step && !isDropped && !isBackedUp && !job.isPaused;
  }
}

function backUp(out: Out): Piece {
  const { job, step, region } = out;
  out.isBackedUp = true;
  return { job, step, region, isApart: true };
}

function isLate({ worker, region, startMs }: Out): boolean {
  return performance.now() - startMs > LATE * worker.speed.estimateMs(countPixels(region));
}
