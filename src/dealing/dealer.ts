/**
 * Strips are dealt: whoever is free takes the next one. Since all backends write the same bytes, it does not matter who
 * computes a strip, and a strip may be computed twice: once none is left to take, the first worker computes again what is
 * still out with another, and the first result counts (the backup tasks of MapReduce, Dean and Ghemawat 2004, section 3.6).
 * So a device that is slow, hangs or fails costs about the time of one strip.
 *
 * The first worker never hangs. A worker writes rows where they belong; but what is computed twice, and whole images, go to
 * memory of their own first, so that nothing is overwritten by what comes too late or turns out to be wrong.
 */
import { onAbort } from '../abort.js';
import { BackendFault, type Computed } from '../backend.js';
import { NeighborProductError } from '../errors.js';
import { type CheckedImage, checkStillThere, copyImage, copyPart, createImage } from '../image.js';
import { countPixels, countRows, isEmpty } from '../regions.js';
import { MAIN_TRACK, rowsText, type Span } from '../span.js';
import { type Step, stripOf } from '../steps.js';
import { WrongBytes } from './audit.js';
import { Job, type JobRequest, type JobResult, type Worker } from './job.js';
import { type Out, type Piece, Pieces } from './pieces.js';

/** Computes jobs on a number of workers that may grow and shrink. */
export class Dealer {
  readonly #pieces: Pieces;
  /** Those that failed. */
  readonly #left = new WeakSet<Worker>();
  readonly #onLeave: (worker: Worker, fault: BackendFault) => void;

  /**
   * @param first never hangs, and can compute on the calling thread
   * @param onLeave called with a worker that failed or computed wrong bytes, and takes part no more
   */
  constructor(first: Worker, onLeave: (worker: Worker, fault: BackendFault) => void) {
    this.#pieces = new Pieces(first);
    this.#onLeave = onLeave;
  }

  /** Whether another worker may join soon. */
  get isGrowing(): boolean {
    return this.#pieces.isGrowing;
  }

  set isGrowing(value: boolean) {
    this.#pieces.isGrowing = value;
  }

  /** Has another worker take part from now on. */
  join(worker: Worker): void {
    this.#pieces.others.push(worker);
    this.#pump();
  }

  /** Takes a worker off, such as one whose device is lost. What it has is computed by others. */
  remove(worker: Worker): void {
    this.retire(worker);
    for (const out of this.#pieces.outsOf(worker)) if (!out.isDropped) this.#giveBack(out);
    this.#pump();
  }

  /** Gives a worker nothing more; what it has may still end or fail. */
  retire(worker: Worker): void {
    const { others } = this.#pieces;
    if (others.includes(worker)) others.splice(others.indexOf(worker), 1);
  }

  /** How many times as long as the first one a worker takes, where that is too long to help. */
  timesTooSlow(worker: Worker): number | undefined {
    return this.#pieces.timesTooSlow(worker);
  }

  /**
   * Computes a transform.
   *
   * @throws the reason of the signal; a BackendFault of the first worker; NeighborProductError `INVALID_IMAGE` where memory was
   * transferred, `OUT_OF_MEMORY`
   */
  async compute(request: JobRequest): Promise<JobResult> {
    const { signal } = request.run;
    signal?.throwIfAborted();
    checkStillThere(request.input, request.output);
    const job = new Job(request);
    if (isEmpty(job.region)) return this.#computeNothing(job);
    this.#pieces.jobs.push(job);
    const stopListening = onAbort(signal, () => this.#fail(job, signal?.reason));
    this.#pump();
    try {
      return await job.ended;
    } finally {
      stopListening();
    }
  }

  /** Says what it would run on. */
  async #computeNothing({ region, request: { input, output, operation, run } }: Job): Promise<JobResult> {
    const { name, backend } = this.#pieces.first;
    const { device } = await backend.compute({ input, output, region, alpha: operation.alpha, passes: 1 }, run);
    return { exactPixels: 0, shares: [{ backend: name, device, rows: 0, elapsedMs: 0 }], faults: [] };
  }

  /** Has everybody who is free begin something. The first worker comes last: it takes all that the others leave. */
  #pump(): void {
    for (const worker of [...this.#pieces.others, this.#pieces.first]) {
      for (let piece = this.#pieces.nextFor(worker); piece; piece = this.#pieces.nextFor(worker)) {
        this.#begin(worker, piece);
      }
    }
    for (const job of [...this.#pieces.jobs]) if (job.failure) this.#fail(job, job.failure.error);
  }

  #begin(worker: Worker, piece: Piece): void {
    // With the last pass as a whole, nothing is left that another worker could do before.
    const hasAll = piece.region === piece.job.region && piece.job.passesLeft === 1 && !piece.isApart;
    const isAlone = hasAll || this.#pieces.others.length === 0;
    const { job, step, region, isApart } = piece;
    // Written out, here and below: a spread takes some microseconds, and a small image one millisecond.
    const out: Out = {
      job,
      step,
      region,
      isApart,
      worker,
      controller: isAlone ? undefined : new AbortController(),
      startMs: performance.now(),
      isDropped: false,
      isBackedUp: false,
      ended: Promise.resolve(),
    };
    this.#pieces.outs.add(out);
    out.ended = this.#compute(out).then(() => {
      this.#pieces.outs.delete(out);
      this.#pump();
    });
  }

  async #compute(out: Out): Promise<void> {
    const { worker, controller, job } = out;
    const { input, output, operation, run } = job.request;
    try {
      checkStillThere(input, output);
      const { step, apart } = withMemory(out);
      const strip = stripOf(step, out.region, operation, apart);
      const computed = await worker.backend.compute(strip, controller ? { ...run, signal: controller.signal } : run);
      const elapsedMs = this.#noteSpeed(out);
      if (out.isDropped) return;
      worker.device = computed.device;
      checkStillThere(input, output);
      if (step.passes > 1) return await this.#acceptResident(out, step, apart!, computed, elapsedMs);
      if (worker.auditor) this.#check(out);
      this.#accept(out, apart, computed, elapsedMs);
    } catch (error) {
      if (out.isDropped) this.#noteSpeed(out);
      this.#noteFailure(out, error);
    }
  }

  /** Compares rows of what another worker computed. @throws WrongBytes */
  #check({ worker, job, step, region }: Out): void {
    const { operation, run, auditSeed } = job.request;
    const startMs = performance.now();
    worker.auditor!.check(this.#pieces.first.backend, step, region, operation, auditSeed);
    const details = { rows: rowsText(region.first.y, region.end.y) };
    const span: Span = { name: 'compare rows', track: MAIN_TRACK, startMs, endMs: performance.now(), details };
    run.onSpan?.(span);
  }

  #accept(out: Out, apart: CheckedImage | undefined, computed: Computed, elapsedMs: number): void {
    const { worker, job, step, region } = out;
    this.#pieces.outs.delete(out);
    for (const other of this.#twinsOf(out)) drop(other);
    if (apart) copyPart(apart, step.output, region.first.y, [region.first.x, region.end.x]);
    if (job.note({ region, worker, computed, elapsedMs })) this.#finish(job);
  }

  async #acceptResident(
    out: Out,
    step: Step,
    result: CheckedImage,
    computed: Computed,
    elapsedMs: number,
  ): Promise<void> {
    const { worker, job, region } = out;
    const { input, output, operation, auditSeed } = job.request;
    await worker.auditor?.checkPasses(this.#pieces.first.backend, step, result, operation, auditSeed);
    if (out.isDropped) return;
    await this.#pause(job, out);
    if (job.isOver) return;
    // It may have turned out meanwhile that the device is wrong, or another one whose rows it began with.
    if (out.isDropped) return this.#restart(job);
    checkStillThere(input, output);
    copyPart(result, output, region.first.y, [region.first.x, region.end.x]);
    job.noteResident(worker, computed, elapsedMs);
    this.#finish(job);
  }

  #outsOf(job: Job): Out[] {
    return [...this.#pieces.outs].filter((out) => out.job === job);
  }

  /** The same piece with other workers. */
  #twinsOf(out: Out): Out[] {
    const isTwin = (other: Out) => other !== out && other.step === out.step && other.region === out.region;
    return this.#outsOf(out.job).filter(isTwin);
  }

  /** Drops all that is computed for a job. @returns once nothing is written for it any more */
  async #pause(job: Job, except?: Out): Promise<void> {
    job.isPaused = true;
    const outs = this.#outsOf(job).filter((out) => out !== except);
    for (const out of outs) drop(out);
    // Others write nothing once they are dropped.
    await Promise.all(outs.flatMap((out) => (out.worker === this.#pieces.first ? [out.ended] : [])));
  }

  #noteFailure(out: Out, error: unknown): void {
    const { worker, job } = out;
    const { input, output } = job.request;
    try {
      if (!job.isOver) checkStillThere(input, output); // a backend fails, too, where the memory has gone
    } catch (gone) {
      this.#fail(job, gone);
      return;
    }
    if (error instanceof BackendFault && worker !== this.#pieces.first) this.#leave(out, error);
    else if (out.isApart && error instanceof NeighborProductError) this.#forgo(out);
    else if (!out.isDropped) this.#fail(job, error);
  }

  /** Memory for a result apart is missing: one of those that compute the same suffices, the first worker if it is among them. */
  #forgo(out: Out): void {
    out.job.without.add(out.worker);
    const twins = this.#twinsOf(out);
    if (!out.isDropped) this.#giveBack(out);
    if (out.worker === this.#pieces.first) for (const twin of twins) if (!twin.isDropped) this.#giveBack(twin);
  }

  /** A worker failed. What it has is dealt again; if its bytes are wrong, all that it did. */
  #leave(out: Out, fault: BackendFault): void {
    const { worker, job } = out;
    // An image that stays for several passes may be too large where strips fit.
    const isTooLarge = !fault.blamesDevice || (out.step.passes > 1 && fault.code === 'OUT_OF_MEMORY');
    if (isTooLarge) job.without.add(worker);
    if (isTooLarge || this.#left.has(worker)) {
      if (!out.isDropped) this.#giveBack(out);
      return;
    }
    this.#left.add(worker);
    const isWrong = fault instanceof WrongBytes;
    const having = new Set(
      this.#pieces
        .outsOf(worker)
        .filter(({ isDropped }) => !isDropped)
        .map((one) => one.job),
    );
    for (const one of this.#pieces.jobs) {
      if (one !== job && !having.has(one) && !(isWrong && one.hasWorkOf(worker))) continue;
      one.faults.push(fault.clause);
      if (isWrong && !one.undo(worker)) void this.#restart(one);
    }
    this.remove(worker);
    this.#onLeave(worker, fault);
  }

  async #restart(job: Job): Promise<void> {
    if (job.isRestarting) return;
    job.isRestarting = true;
    await this.#pause(job);
    if (job.isOver) return;
    job.restart();
    this.#pump();
  }

  /** What a worker computes is not waited for, and dealt again, unless it is computed twice already. */
  #giveBack(out: Out): void {
    const { job, step, region } = out;
    drop(out);
    const isTwice = this.#twinsOf(out).some(({ isDropped }) => !isDropped);
    if (step.passes > 1) job.isResident = false;
    else if (!isTwice && !job.isOver && !job.isPaused && step === job.step) job.putBack(region);
  }

  #finish(job: Job): void {
    this.#remove(job);
    job.isOver = true;
    const outs = this.#outsOf(job);
    for (const out of outs) drop(out);
    const ends = outs.flatMap((out) => (out.worker === this.#pieces.first ? [out.ended] : []));
    if (ends.length === 0) job.succeed();
    else void Promise.all(ends).then(() => job.succeed()); // it still reads the input
  }

  /** @returns the milliseconds that a piece took */
  #noteSpeed({ worker, job, step: { passes }, region, isDropped, startMs }: Out): number {
    const elapsedMs = performance.now() - startMs;
    const pixels = countPixels(region);
    if (worker === this.#pieces.first) {
      if (!isDropped) this.#pieces.noteFirst(job, pixels, elapsedMs);
    } else if (passes > 1) worker.speed.noteResident(pixels, passes, elapsedMs, !isDropped);
    else if (isDropped) worker.speed.noteDropped(pixels, elapsedMs);
    else worker.speed.note(pixels, elapsedMs);
    return elapsedMs;
  }

  #fail(job: Job, error: unknown): void {
    if (job.isOver) return;
    job.isOver = true;
    this.#remove(job);
    void this.#pause(job).then(() => job.fail(error));
    this.#pump();
  }

  #remove(job: Job): void {
    const { jobs } = this.#pieces;
    jobs.splice(jobs.indexOf(job), 1);
  }
}

/**
 * What a piece needs besides the job's memory.
 *
 * @returns `apart` has the rows of the region from its first on
 * @throws NeighborProductError `OUT_OF_MEMORY`
 */
function withMemory({ job, step, region, isApart }: Out): { step: Step; apart?: CheckedImage } {
  if (!isApart) return { step };
  const { width, channels } = step.output;
  // Of several passes the later steps are in memory that the first worker soon writes to again.
  const isSafe = step.passes === 1 || job.isFirstStep;
  return {
    step: isSafe ? step : { ...step, input: copyImage(step.input) },
    apart: createImage(width, countRows(region), channels),
  };
}

function drop(out: Out): void {
  if (out.isDropped) return;
  out.isDropped = true;
  out.controller?.abort();
}
