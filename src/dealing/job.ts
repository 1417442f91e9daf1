/** A transform that is dealt: what is left of it, who did what, and when it is done. */

import type { Backend, Computed, Share } from '../backend.js';
import type { CheckedImage } from '../image.js';
import type { Operation, RunOptions } from '../options.js';
import { countPixels, countRows, type Region, regionOf, splitRows } from '../regions.js';
import { planSteps, type Step } from '../steps.js';
import type { Auditor } from './audit.js';
import type { Speed } from './speed.js';

/** A backend that takes part. */
export interface Worker {
  /** In the registry. */
  readonly name: string;
  readonly backend: Backend;
  /** Transfers included. */
  readonly speed: Speed;
  /** Compares what it computes; absent of the one that compares. */
  readonly auditor?: Auditor;
  /** What it runs on, once it has computed something. */
  device?: string;
}

/** What is to be transformed. */
export interface JobRequest {
  readonly input: CheckedImage;
  /** Shares no memory with the input: all may have to be computed again. */
  readonly output: CheckedImage;
  readonly operation: Operation;
  readonly run: RunOptions;
  /** Decides which rows of a device are compared. */
  readonly auditSeed: number;
  /** About how many milliseconds the first worker takes for all passes. */
  readonly estimateMs: number;
}

/** What a job reports. */
export interface JobResult {
  /** Pixels that were computed in binary64, over all passes. */
  readonly exactPixels: number;
  /** Who did how much. */
  readonly shares: readonly Share[];
  /** What failed, a sentence each. The bytes are right all the same. */
  readonly faults: readonly string[];
}

/** A part of the current step that is done. */
interface Done {
  readonly region: Region;
  readonly worker: Worker;
  readonly computed: Computed;
  readonly elapsedMs: number;
}

/** The state of a transform while it is dealt. */
export class Job {
  readonly request: JobRequest;
  /** Of every pass. */
  readonly region: Region;
  readonly faults: string[] = [];
  /** Those that cannot take part, such as one for which the image is too wide. */
  readonly without = new Set<Worker>();
  /** Whether somebody has all passes that are left. */
  isResident = false;
  /** Nothing is taken from it while what must not be written any more ends. */
  isPaused = false;
  /** It begins again once nothing is written for it any more. */
  isRestarting = false;
  isOver = false;
  /** Why its passes cannot be planned: memory is missing. */
  failure: { readonly error: unknown } | undefined;
  /** Settles when the job is over. */
  readonly ended: Promise<JobResult>;
  #steps: readonly Step[] = [];
  #index = 0;
  #pending: Region[] = [];
  #done: Done[] = [];
  #undoneRows = 0;
  /** Of the steps before. */
  readonly #shares = new Map<Worker, Share>();
  #exactPixels = 0;
  #resolve: (result: JobResult) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(request: JobRequest) {
    this.request = request;
    this.region = regionOf(request.input, request.operation.border);
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#begin(0);
  }

  /** Takes the memory for the passes when the first piece is dealt, so that jobs that wait hold none. @returns false without */
  open(): boolean {
    if (this.#steps.length > 0) return true;
    const { input, output, operation } = this.request;
    try {
      this.#steps = planSteps(input, output, operation);
      return true;
    } catch (error) {
      this.failure = { error };
      return false;
    }
  }

  /** Of an open job. */
  get step(): Step {
    return this.#steps[this.#index];
  }

  get isFirstStep(): boolean {
    return this.#index === 0;
  }

  get passesLeft(): number {
    return this.request.operation.passes - this.#index;
  }

  /** Pixels of the current step that nobody has taken. */
  get pendingPixels(): number {
    return this.#pending.reduce((sum, region) => sum + countPixels(region), 0);
  }

  /** Pixels that nobody has taken, over all passes. */
  get pixelsLeft(): number {
    return this.pendingPixels + (this.passesLeft - 1) * countPixels(this.region);
  }

  /** Of the first worker, by estimate. */
  get msPerPixel(): number {
    const { estimateMs, operation } = this.request;
    return Math.max(1e-9, estimateMs / (countPixels(this.region) * operation.passes));
  }

  /** The next rows from the top. @param pixels about how many */
  takeFirst(pixels: number): Region {
    const region = this.#pending.shift()!;
    const rows = this.#rowsFor(pixels);
    if (countRows(region) <= rows) return region;
    const [top, bottom] = splitRows(region, rows);
    this.#pending.unshift(bottom);
    return top;
  }

  /** The last rows. @param pixels about how many @param maxRows at most */
  takeLast(pixels: number, maxRows: number): Region {
    const region = this.#pending.pop()!;
    const rows = Math.min(this.#rowsFor(pixels), maxRows);
    if (countRows(region) <= rows) return region;
    const [top, bottom] = splitRows(region, countRows(region) - rows);
    this.#pending.push(top);
    return bottom;
  }

  #rowsFor(pixels: number): number {
    return Math.max(LEAST_ROWS, Math.floor(Math.min(pixels, Number.MAX_SAFE_INTEGER) / this.request.input.width));
  }

  /** Gives back what somebody took. */
  putBack(...regions: readonly Region[]): void {
    this.#pending = [...this.#pending, ...regions].toSorted((a, b) => a.first.y - b.first.y);
  }

  /** Notes a region of the current step. @returns whether the job is done */
  note(done: Done): boolean {
    this.#done.push(done);
    this.#undoneRows -= countRows(done.region);
    if (this.#undoneRows > 0) return false;
    this.#closeStep();
    if (this.passesLeft === 1) return true;
    this.#begin(this.#index + 1);
    return false;
  }

  /** Notes all passes that were left, by one worker. */
  noteResident(worker: Worker, computed: Computed, elapsedMs: number): void {
    this.#done = []; // what others did of the current step counts no more
    this.#add(worker, this.passesLeft * countRows(this.region), computed, elapsedMs);
  }

  /** Whether a worker computed something of it. */
  hasWorkOf(worker: Worker): boolean {
    return this.#shares.has(worker) || this.#done.some((done) => done.worker === worker);
  }

  /**
   * Has everything that a worker did computed again.
   *
   * @returns false where steps before this one read its bytes: then all has to begin again
   */
  undo(worker: Worker): boolean {
    if (this.#shares.has(worker)) return false;
    const wrong = this.#done.filter((done) => done.worker === worker);
    this.#done = this.#done.filter((done) => done.worker !== worker);
    for (const { region } of wrong) this.#undoneRows += countRows(region);
    this.putBack(...wrong.map(({ region }) => region));
    return true;
  }

  /** Begins again with the first pass. */
  restart(): void {
    this.#shares.clear();
    this.#exactPixels = 0;
    this.isPaused = false;
    this.isRestarting = false;
    this.isResident = false;
    this.#begin(0);
  }

  succeed(): void {
    this.#resolve({ exactPixels: this.#exactPixels, shares: [...this.#shares.values()], faults: this.faults });
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  #begin(index: number): void {
    this.#index = index;
    this.#pending = [this.region];
    this.#done = [];
    this.#undoneRows = countRows(this.region);
  }

  #closeStep(): void {
    for (const { worker, region, computed, elapsedMs } of this.#done) {
      this.#add(worker, countRows(region), computed, elapsedMs);
    }
    this.#done = [];
  }

  #add(worker: Worker, rows: number, { device, exactPixels }: Computed, elapsedMs: number): void {
    const before = this.#shares.get(worker);
    this.#shares.set(worker, {
      backend: worker.name,
      device,
      rows: rows + (before?.rows ?? 0),
      elapsedMs: elapsedMs + (before?.elapsedMs ?? 0),
    });
    this.#exactPixels += exactPixels;
  }
}

const LEAST_ROWS = 4;
