/**
 * Strips are dealt: whoever is free takes the next one. Since all backends write the same bytes, it does not matter who
 * computes a strip, and a strip may be computed twice: once none is left to take, the first worker computes again what is
 * still out with another, and the first result counts (the backup tasks of MapReduce, Dean and Ghemawat 2004, section 3.6).
 * So a device that is slow, hangs or fails costs about the time of one strip.
 *
 * The first worker takes rows from the top of the oldest job, the others from the bottom of the newest one. It never hangs,
 * and writes its rows where they belong; so do the others, but for whole images and what is computed twice: these go to
 * memory of their own, and the one that counts is copied.
 */
import { onAbort } from '../abort.js';
import { BackendFault, type Computed } from '../backend.js';
import { type CheckedImage, checkStillThere, copyImage, copyPart, createImage } from '../image.js';
import { countPixels, countRows, isEmpty, type Region } from '../regions.js';
import { type Step, stripOf } from '../steps.js';
import { canCheckPasses, WrongBytes } from './audit.js';
import { Job, type JobRequest, type JobResult, type Worker } from './job.js';
import { isToBeTried, isWorthwhile, STRIP_MS } from './speed.js';

/** What is done in less, on the first worker, is not shared: a strip is not back from elsewhere before. */
export const WORTH_SHARING_MS = 5;

/** Nobody takes less than the first worker does in this time, so that calls do not count. */
const LEAST_MS = 0.5;

/** A strip is late after so many times what it should take; then it is computed again while other work waits. */
const LATE = 2;

/** A device that takes so many times as long for a pass with transfers may be faster for passes without. */
const WORTH_STAYING = 5;
/** Fewer passes do not make up for moving the image twice. */
const LEAST_PASSES_STAYING = 4;

/** Something to compute. */
interface Piece {
  readonly job: Job;
  readonly step: Step;
  readonly region: Region;
  /** Memory of its own for the result, in which row 0 is row `region.first.y`. */
  readonly apart?: CheckedImage;
}

/** A piece that is computed. */
interface Out extends Piece {
  readonly worker: Worker;
  /** Absent where nobody but the caller may want it to end before. */
  readonly controller: AbortController | undefined;
  readonly startMs: number;
  /** Whether nobody waits for it any more: it is not accepted. */
  isDropped: boolean;
  /** Whether another worker computes it again. */
  isBackedUp: boolean;
  /** Resolves once the worker touches it no more. */
  ended: Promise<void>;
}

/** Computes jobs on a number of workers that may grow and shrink. */
export class Dealer {
  /** Whether another worker may join soon, so that the first one should not take all at once. */
  isGrowing = false;
  readonly #first: Worker;
  readonly #others: Worker[] = [];
  readonly #jobs: Job[] = [];
  readonly #outs = new Set<Out>();
  readonly #onLeave: (worker: Worker, fault: BackendFault) => void;

  /**
   * @param first never hangs, and can compute on the calling thread
   * @param onLeave called with a worker that failed or computed wrong bytes, and takes part no more
   */
  constructor(first: Worker, onLeave: (worker: Worker, fault: BackendFault) => void) {
    this.#first = first;
    this.#onLeave = onLeave;
  }

  /** Has another worker take part from now on. */
  join(worker: Worker): void {
    this.#others.push(worker);
    this.#pump();
  }

  /** Takes a worker off, such as one whose device is lost. What it has is computed by others. */
  remove(worker: Worker): void {
    const at = this.#others.indexOf(worker);
    if (at < 0) return;
    this.#others.splice(at, 1);
    for (const out of this.#outs) {
      if (out.worker === worker && !out.isDropped) this.#giveBack(out);
    }
    this.#pump();
  }

  /** Whether a worker has a strip. */
  isBusy(worker: Worker): boolean {
    return this.#outsOf(worker).length > 0;
  }

  /** Whether a worker helps the first one, as far as is known. */
  helps({ speed }: Worker): boolean {
    return isWorthwhile(speed, this.#first.speed);
  }

  /**
   * Computes a transform.
   *
   * @throws the reason of the signal; a BackendFault of the first worker; NeighborProductError `INVALID_IMAGE` where memory was
   * transferred
   */
  async compute(request: JobRequest): Promise<JobResult> {
    const { signal } = request.run;
    signal?.throwIfAborted();
    checkStillThere(request.input, request.output);
    const job = new Job(request);
    if (isEmpty(job.step.region)) return this.#computeNothing(job);
    this.#jobs.push(job);
    job.isWorthSharing = this.#backlogMs() >= WORTH_SHARING_MS;
    const stopListening = onAbort(signal, () => this.#fail(job, signal?.reason));
    this.#pump();
    try {
      return await job.ended;
    } finally {
      stopListening();
    }
  }

  /** Says what it would run on. */
  async #computeNothing(job: Job): Promise<JobResult> {
    const { step } = job;
    const { operation, run } = job.request;
    const computed = await this.#first.backend.compute(stripOf(step, step.region, operation), run);
    const share = { backend: this.#first.name, device: computed.device, rows: 0, elapsedMs: 0 };
    return { exactPixels: computed.exactPixels, shares: [share], faults: [] };
  }

  #pump(): void {
    // The first worker takes all that is left, where no other has taken something.
    for (const worker of [...this.#others, this.#first]) {
      for (let busy = this.#outsOf(worker).length; busy < worker.backend.stripsAtOnce; busy++) {
        const piece = worker === this.#first ? this.#nextForFirst() : this.#nextFor(worker, busy);
        if (piece === undefined) break;
        this.#begin(worker, piece);
      }
    }
  }

  #outsOf(worker: Worker): Out[] {
    return [...this.#outs].filter((out) => out.worker === worker);
  }

  #nextForFirst(): Piece | undefined {
    for (const job of this.#jobs) {
      if (job.isPaused) continue;
      if (job.pendingPixels > 0) return { job, step: job.step, region: job.takeFirst(this.#pixelsForFirst(job)) };
      const late = [...this.#outs].find((out) => out.job === job && isLate(out) && this.#canBackUp(out));
      if (late !== undefined) return backUp(late);
    }
    const out = [...this.#outs].find((one) => this.#canBackUp(one));
    return out && backUp(out);
  }

  #pixelsForFirst(job: Job): number {
    if (!this.#isShared(job)) return Number.POSITIVE_INFINITY;
    const half = this.#others.length > 0 ? job.pendingPixels / 2 : Number.POSITIVE_INFINITY;
    const firstMs = this.#firstMsPerPixel(job);
    return Math.max(LEAST_MS / firstMs, Math.min(half, STRIP_MS / firstMs));
  }

  /** Whether others may take a part of a job, or more of it. */
  #isShared(job: Job): boolean {
    if (!job.isWorthSharing) return false;
    const isTaking = ({ worker, job: of }: Out) => of === job && worker !== this.#first && this.helps(worker);
    return this.isGrowing || [...this.#outs].some(isTaking);
  }

  /** For all passes of all jobs, on the first worker. */
  #backlogMs(): number {
    return this.#jobs.reduce((sum, job) => sum + job.pixelsLeft * this.#firstMsPerPixel(job), 0);
  }

  /** Where nothing else runs on its cores. */
  #firstMsPerPixel(job: Job): number {
    return Math.min(this.#first.speed.leastMsPerPixel, job.msPerPixel);
  }

  /** What another worker is to do; undefined where the first one would be done before. */
  #nextFor(worker: Worker, busy: number): Piece | undefined {
    const { speed } = worker;
    const isTried = busy === 0 && isToBeTried(speed);
    // One strip shows how fast it is.
    if (!isTried && (speed.msPerPixel === undefined || !this.helps(worker))) return undefined;
    for (const job of this.#jobs.toReversed()) {
      if (!job.isWorthSharing || job.isPaused || job.isResident || job.without.has(worker)) continue;
      const piece = this.#stayingFor(worker, job, busy) ?? this.#stripFor(worker, job, isTried);
      if (piece !== undefined) return piece;
    }
    return undefined;
  }

  #stripFor(worker: Worker, job: Job, isTried: boolean): Piece | undefined {
    const { speed, backend } = worker;
    if (job.pendingPixels === 0) return undefined;
    const firstMs = this.#firstMsPerPixel(job);
    const aheadMs = this.#aheadOf(job) + job.pendingPixels * firstMs;
    const fitting = aheadMs / ((speed.msPerPixel ?? firstMs) + firstMs);
    const pixels = Math.min(speed.wantedPixels, fitting);
    if (!isTried && (fitting * firstMs < LEAST_MS || speed.estimateMs(pixels) > aheadMs)) return undefined;
    let maxRows: number;
    try {
      maxRows = backend.maxRows(job.step.input.width);
    } catch {
      job.without.add(worker); // images are too wide for it
      return undefined;
    }
    return { job, step: job.step, region: job.takeLast(pixels, maxRows) };
  }

  /** What the first worker does before it comes to a job. */
  #aheadOf(job: Job): number {
    const before = this.#jobs.slice(0, this.#jobs.indexOf(job));
    return before.reduce((sum, one) => sum + one.pixelsLeft * this.#firstMsPerPixel(one), 0);
  }

  /** All passes that are left, on a device where the image stays meanwhile. The first worker goes on all the same. */
  #stayingFor(worker: Worker, job: Job, busy: number): Piece | undefined {
    const { speed, backend } = worker;
    const { step, passesLeft } = job;
    const { width, height, channels } = step.input;
    if (busy > 0 || passesLeft < LEAST_PASSES_STAYING || width * height > backend.residentPixels) return undefined;
    if (speed.msPerPixel === undefined || speed.isGrowing || !canCheckPasses(height, passesLeft)) return undefined;
    const pixels = countPixels(step.region);
    const firstMs = this.#firstMsPerPixel(job);
    const { residentMsPerPixel } = speed;
    if (residentMsPerPixel === undefined) {
      if (speed.msPerPixel > WORTH_STAYING * firstMs) return undefined;
    } else {
      const elapsedMs = pixels * (speed.msPerPixel + passesLeft * residentMsPerPixel);
      if (elapsedMs > this.#aheadOf(job) + job.pixelsLeft * firstMs) return undefined;
    }
    job.isResident = true;
    // Later steps are in memory that the first worker soon writes to again.
    const input = job.isFirstStep ? step.input : copyImage(step.input);
    const apart = createImage(width, countRows(step.region), channels);
    return { job, step: { ...step, input, passes: passesLeft }, region: step.region, apart };
  }

  #canBackUp({ worker, job, isDropped, isBackedUp, step }: Out): boolean {
    const isTaken = isBackedUp || isDropped || job.isPaused;
    return worker !== this.#first && !isTaken && step === job.step;
  }

  #begin(worker: Worker, piece: Piece): void {
    const isWhole = worker === this.#first && piece.region === piece.step.region;
    const out: Out = {
      ...piece,
      worker,
      controller: isWhole ? undefined : new AbortController(),
      startMs: performance.now(),
      isDropped: false,
      isBackedUp: false,
      ended: Promise.resolve(),
    };
    this.#outs.add(out);
    out.ended = this.#compute(out).then(() => {
      this.#outs.delete(out);
      this.#pump();
    });
  }

  async #compute(out: Out): Promise<void> {
    const { worker, job, step, region, controller } = out;
    const { input, output, operation, run } = job.request;
    try {
      checkStillThere(input, output);
      const strip = { ...stripOf(step, region, operation), ...(out.apart && { output: out.apart }) };
      const computed = await worker.backend.compute(strip, controller ? { ...run, signal: controller.signal } : run);
      if (out.isDropped) return;
      const elapsedMs = noteSpeed(out);
      worker.device = computed.device;
      checkStillThere(input, output);
      if (step.passes > 1) return await this.#acceptResident(out, computed, elapsedMs);
      worker.auditor?.check(this.#first.backend, step, region, operation, run.auditSeed ?? 0);
      this.#accept(out, computed, elapsedMs);
    } catch (error) {
      this.#noteFailure(out, error);
    }
  }

  #accept(out: Out, computed: Computed, elapsedMs: number): void {
    const { worker, job, step, region, apart } = out;
    this.#outs.delete(out);
    for (const other of this.#outs) {
      if (other.job === job && other.region === region) drop(other);
    }
    if (apart) copyPart(apart, step.output, region.first.y, [region.first.x, region.end.x]);
    if (job.note({ region, worker, computed, elapsedMs })) this.#finish(job);
  }

  async #acceptResident(out: Out, computed: Computed, elapsedMs: number): Promise<void> {
    const { worker, job, step, region, apart } = out;
    const { input, output, operation, run } = job.request;
    await worker.auditor?.checkPasses(this.#first.backend, step, apart!, operation, run.auditSeed ?? 0);
    if (out.isDropped) return;
    await this.#pause(job, out);
    if (job.isOver) return;
    checkStillThere(input, output);
    copyPart(apart!, output, region.first.y, [region.first.x, region.end.x]);
    job.noteResident(worker, computed, elapsedMs);
    this.#finish(job);
  }

  /** Drops all that is computed for a job. @returns once nothing is written for it any more */
  async #pause(job: Job, except?: Out): Promise<void> {
    job.isPaused = true;
    const outs = [...this.#outs].filter((out) => out.job === job && out !== except);
    for (const one of outs) drop(one);
    await Promise.all(outs.flatMap((out) => (out.worker === this.#first ? [out.ended] : [])));
  }

  #noteFailure(out: Out, error: unknown): void {
    const { worker, job } = out;
    const { input, output } = job.request;
    try {
      checkStillThere(input, output); // a backend fails, too, where the memory has gone
    } catch (gone) {
      this.#fail(job, gone);
      return;
    }
    if (error instanceof BackendFault && worker !== this.#first) this.#leave(out, error);
    else if (!out.isDropped) this.#fail(job, error);
  }

  /** A worker failed. What it has is dealt again; if its bytes are wrong, all that it did. */
  #leave(out: Out, fault: BackendFault): void {
    const { worker, job } = out;
    if (!out.isDropped) this.#giveBack(out);
    if (!fault.blamesDevice) {
      job.without.add(worker);
      return;
    }
    if (!this.#others.includes(worker)) return;
    const isWrong = fault instanceof WrongBytes;
    for (const one of this.#jobs) {
      if (one !== job && !(isWrong && one.hasWorkOf(worker))) continue;
      one.faults.push(`${fault.event} (${fault.reason})`);
      if (isWrong && !one.undo(worker)) void this.#restart(one);
    }
    this.remove(worker);
    this.#onLeave(worker, fault);
  }

  async #restart(job: Job): Promise<void> {
    await this.#pause(job);
    if (job.isOver) return;
    job.restart();
    job.isPaused = false;
    this.#pump();
  }

  /** What another worker computes is not waited for, and dealt again, unless it is computed twice already. */
  #giveBack(out: Out): void {
    const { job, step, region, isBackedUp } = out;
    drop(out);
    if (step.passes > 1) job.isResident = false;
    else if (!isBackedUp && !job.isOver && !job.isPaused && step === job.step) job.putBack(region);
  }

  #finish(job: Job): void {
    this.#jobs.splice(this.#jobs.indexOf(job), 1);
    job.succeed();
    for (const out of this.#outs) if (out.job === job) drop(out);
  }

  #fail(job: Job, error: unknown): void {
    if (job.isOver) return;
    job.isOver = true;
    this.#jobs.splice(this.#jobs.indexOf(job), 1);
    void this.#pause(job).then(() => job.fail(error));
    this.#pump();
  }
}

function drop(out: Out): void {
  if (out.isDropped) return;
  out.isDropped = true;
  noteSpeed(out);
  out.controller?.abort();
}

/** Again, in memory of its own. */
function backUp(out: Out): Piece {
  const { job, step, region } = out;
  out.isBackedUp = true;
  const { width, channels } = step.output;
  return { job, step, region, apart: createImage(width, countRows(region), channels) };
}

/** @returns the milliseconds of the piece until now */
function noteSpeed({ worker: { speed }, step: { passes }, region, isDropped, startMs }: Out): number {
  const elapsedMs = performance.now() - startMs;
  const pixels = countPixels(region);
  if (passes > 1) speed.noteResident(pixels, passes, elapsedMs);
  else if (isDropped) speed.noteAtLeast(pixels, elapsedMs);
  else speed.note(pixels, elapsedMs);
  return elapsedMs;
}

function isLate({ worker, region, startMs }: Out): boolean {
  return performance.now() - startMs > LATE * worker.speed.estimateMs(countPixels(region));
}
