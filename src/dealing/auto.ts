/**
 * The backend `auto` in a process with a backend that begins at once: that one computes from the first moment; others are
 * opened beside the work where it is worth it, are never waited for, and take strips once they are open.
 */

import type { BackendEntry, BackendFault, Opened, Share, Transformer, Work } from '../backend.js';
import type { CheckedImage } from '../image.js';
import type { Operation, RunOptions } from '../options.js';
import { Auditor } from './audit.js';
import { Dealer } from './dealer.js';
import type { JobResult, Worker } from './job.js';
import type { OpenBackends } from './open-backends.js';
import { Speed } from './speed.js';

/** What `auto` needs of a backend in the registry. */
export type AutoEntry<Name extends string> = Pick<BackendEntry, 'title' | 'open' | 'estimateMs'> & {
  readonly name: Name;
};

/** What a dealt transform reports. */
export interface AutoResult<Name extends string> extends Omit<JobResult, 'shares'> {
  /** At least one. */
  readonly shares: readonly Share<Name>[];
  /** A clause for people. */
  readonly reason: string;
  /** Which rows of other backends were compared follows from it; absent where none took part. */
  readonly auditSeed?: number;
}

/** Why there are several, or another one than the first. */
export const SHARED = 'strips went to whoever was free';

/** Backends are opened beside the work once this process has, by estimate, so much work for the first one. */
const WORTH_OPENING_MS = 100;

/** How others are opened. */
export type Opening = Pick<RunOptions, 'gpuTimeoutMs' | 'onSpan'>;

/** Why the backend that would begin does not open. */
interface MissingFirst {
  /** A clause for people. */
  readonly reason: string;
  /** What to do, in sentences. */
  readonly advice: string | undefined;
}

/** A backend that joined. */
interface Helper<Name extends string> {
  readonly entry: AutoEntry<Name>;
  readonly transformer: Transformer;
  readonly worker: Worker;
}

/** Deals transforms to the first backend and to those that join it. */
export class Auto<Name extends string> {
  readonly #backends: OpenBackends;
  readonly #first: AutoEntry<Name>;
  /** Those before it in the registry that are opened beside the work. */
  readonly #others: readonly AutoEntry<Name>[];
  /** Why a faster one does not begin. */
  readonly missing: MissingFirst | undefined;
  readonly #dealer: Dealer;
  /** Those that take part. */
  readonly #helpers = new Set<Helper<Name>>();
  /** Those, and others whose strips may still fail. */
  readonly #helperOf = new WeakMap<Worker, Helper<Name>>();
  /** Counts how often all others were given back. */
  #generation = 0;
  /** What opening gave; undefined while it goes on. */
  readonly #asked = new Map<AutoEntry<Name>, Opened | undefined>();
  /** Why others are not there, clauses. */
  #missing = '';
  #workMs = 0;

  /** With the first backend of the registry that knows how long its work takes, and opens; undefined where there is none. */
  static async open<Name extends string>(
    entries: readonly AutoEntry<Name>[],
    backends: OpenBackends,
  ): Promise<Auto<Name> | undefined> {
    let missing: MissingFirst | undefined;
    for (const entry of entries) {
      if (entry.estimateMs === undefined) continue;
      const opened = await backends.openAutomatically(entry);
      if ('transformer' in opened) {
        const isFit =
          opened.transformer.backend?.computeSync && entry.estimateMs({ pixels: 1, passes: 1 }) !== undefined;
        return isFit ? new Auto(entries, entry, opened.transformer, backends, missing) : undefined;
      }
      missing ??= { reason: missingText(entry, opened.reason), advice: opened.advice };
    }
    return undefined;
  }

  private constructor(
    entries: readonly AutoEntry<Name>[],
    first: AutoEntry<Name>,
    { backend }: Transformer,
    backends: OpenBackends,
    missing: MissingFirst | undefined,
  ) {
    this.#backends = backends;
    this.#first = first;
    this.#others = entries.slice(0, entries.indexOf(first)).filter(({ estimateMs }) => estimateMs === undefined);
    this.missing = missing;
    const worker = { name: first.name, backend: backend!, speed: new Speed() };
    this.#dealer = new Dealer(worker, (one, fault) => this.#dismiss(one, fault));
  }

  /** The backend that begins. */
  get first(): AutoEntry<Name> {
    return this.#first;
  }

  /** Begins to open others where work that will come is worth it. */
  expect(work: Work, run: Opening): void {
    if (this.#isWorthOpening(this.#workMs + this.#first.estimateMs!(work)!)) this.#openOthers(run);
  }

  /**
   * Computes a transform.
   *
   * @param output shares no memory with the input, of which all may have to be computed again
   * @throws the reason of the signal; a BackendFault where the first backend fails
   */
  async run(
    input: CheckedImage,
    output: CheckedImage,
    operation: Operation,
    run: RunOptions,
  ): Promise<AutoResult<Name>> {
    const work = { pixels: input.width * input.height, passes: operation.passes, threads: run.threads };
    const estimateMs = this.#first.estimateMs!(work)!;
    this.#workMs += estimateMs;
    const auditSeed = run.auditSeed ?? Math.floor(Math.random() * 2 ** 32);
    const opens = this.#isWorthOpening(this.#workMs);
    if (opens) this.#dealer.isGrowing = true;
    const dealt = this.#dealer.compute({ input, output, operation, run, auditSeed, estimateMs });
    if (opens) this.#openOthers(run); // once the first backend has something to do
    const { shares, faults, exactPixels } = await dealt;
    const result = { shares: shares as readonly Share<Name>[], faults, exactPixels };
    const missing = this.missing === undefined ? [] : [this.missing.reason];
    const because = (...reasons: readonly string[]) => [...missing, ...reasons].join('; ');
    if (faults.length > 0) return { ...result, auditSeed, reason: because(...faults) };
    const isAlone = shares.length === 1 && shares[0].backend === this.#first.name;
    if (!isAlone) return { ...result, auditSeed, reason: because(SHARED) };
    return { ...result, reason: because(this.#reasonAlone()) };
  }

  /** Gives the others back. The next work that is worth it opens them again. */
  dispose(): void {
    this.#generation++;
    this.#dealer.isGrowing = false;
    for (const { worker, transformer } of this.#helpers) {
      this.#dealer.remove(worker);
      transformer.dispose();
    }
    this.#helpers.clear();
    this.#asked.clear();
    this.#missing = '';
  }

  #isWorthOpening(workMs: number): boolean {
    return workMs >= WORTH_OPENING_MS && this.#others.some((entry) => !this.#asked.has(entry));
  }

  #openOthers(run: Opening): void {
    for (const entry of this.#others) {
      if (this.#asked.has(entry)) continue;
      this.#asked.set(entry, undefined);
      this.#dealer.isGrowing = true;
      void this.#open(entry, run);
    }
  }

  async #open(entry: AutoEntry<Name>, { gpuTimeoutMs: timeoutMs, onSpan }: Opening): Promise<void> {
    const generation = this.#generation;
    const startMs = performance.now();
    const opened = await this.#backends.openAutomatically(entry, { timeoutMs, isBeside: true });
    if (generation === this.#generation) {
      this.#asked.set(entry, opened);
      this.#missing = this.#missingText();
      this.#dealer.isGrowing = [...this.#asked.values()].includes(undefined);
    }
    onSpan?.({ name: `open the ${entry.title}`, track: entry.title, startMs, endMs: performance.now() });
    this.#join(entry, opened, generation);
    for (const other of (await opened.openOthers?.()) ?? []) this.#join(entry, other, generation);
  }

  #missingText(): string {
    const texts = this.#others.flatMap((entry) => {
      const opened = this.#asked.get(entry);
      return opened && !('transformer' in opened) ? [missingText(entry, opened.reason)] : [];
    });
    return texts.join('; ');
  }

  #join(entry: AutoEntry<Name>, opened: Opened, generation: number): void {
    if (!('transformer' in opened) || opened.transformer.backend === undefined) return;
    const { transformer } = opened;
    if (generation !== this.#generation) {
      transformer.dispose();
      return;
    }
    if ([...this.#helpers].some((helper) => helper.transformer === transformer)) return;
    const worker: Worker = {
      name: entry.name,
      backend: opened.transformer.backend,
      speed: new Speed(),
      auditor: new Auditor(),
    };
    const helper = { entry, transformer, worker };
    this.#helpers.add(helper);
    this.#helperOf.set(worker, helper);
    this.#dealer.join(worker);
    void transformer.lost?.then(() => this.#forget(helper)); // strips that it has fail, and say so
  }

  #forget(helper: Helper<Name>): void {
    this.#dealer.retire(helper.worker);
    this.#helpers.delete(helper);
    // Opened again once nothing of it is left: each device takes part once.
    if (![...this.#helpers].some(({ entry }) => entry === helper.entry)) this.#asked.delete(helper.entry);
  }

  #dismiss(worker: Worker, fault: BackendFault): void {
    const helper = this.#helperOf.get(worker)!;
    this.#forget(helper);
    this.#backends.giveUp(helper.entry.name, helper.transformer, fault, worker.device);
  }

  /** Why the first backend did all the work. */
  #reasonAlone(): string {
    if (this.#missing !== '') return this.#missing;
    if (this.#others.length === 0) return 'there is no other';
    const [{ title, name }] = this.#others;
    if (this.#dealer.isGrowing) return `the ${title} was not open in time`;
    const [helper] = this.#helpers;
    if (helper === undefined) return `the work is too short to open a ${title} for; the backend ${name} asks for one`;
    const times = this.#dealer.timesTooSlow(helper.worker);
    if (times === undefined) return `it was done before the ${title} had a strip`;
    return `the ${title} takes ${Math.round(times)} times as long`;
  }
}

/** Why a backend is not there. */
export function missingText({ title }: { readonly title: string }, reason: string): string {
  return `no ${title}: ${reason}`;
}
