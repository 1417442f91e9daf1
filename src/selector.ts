/** Which backend runs, and which takes over where one fails. */
import type { BackendEntry, Computed, Opened, TakeOver, Transformer, Unavailable, Work } from './backend.js';
import { NeighborProductError } from './errors.js';
import { type CheckedImage, checkStillThere } from './image.js';
import type { Operation, RunOptions } from './options.js';
import { withSpan } from './span.js';

/** The name that stands for the best backend that opens. */
export const AUTO = 'auto' satisfies Choice<never>;

/** What can be asked for: a backend by name, or the best one. */
export type Choice<Name extends string> = 'auto' | Name;

/** A backend to choose. */
export type Selectable<Name extends string> = Pick<BackendEntry, 'title' | 'open' | 'openSync' | 'estimateMs'> & {
  readonly name: Name;
  /** Called where `auto` takes it because others are missing. */
  readonly onFallback?: (why: string, advice: string | undefined) => void;
};

/** A backend, open, and why it was chosen. */
export interface Selection<Name extends string = string> {
  readonly entry: Selectable<Name>;
  readonly transformer: Transformer;
  /** A clause for people. */
  readonly reason: string;
}

/** What a transform reports. */
export interface SelectedRun<Name extends string = string> extends Computed {
  /** Which backend ran; the one that finished, where another failed. */
  readonly backend: Name;
  /** Why it was chosen, a clause for people. */
  readonly reason: string;
  /** What failed, a sentence, where another backend had to finish. */
  readonly fault?: string;
}

/** Runs transforms on the backend that each asks for, and keeps backends open for the next one. */
export class Selector<Name extends string> {
  readonly #entries: readonly Selectable<Name>[];
  readonly #opened = new Map<string, Promise<Opened>>();
  /** A device may come back after a reset of its driver; one that fails again and again is left alone. */
  readonly #faults = new Map<Name, number>();
  /** Whether a device was opened that can go away: one with a driver. */
  hasOpenedDevice = false;

  /** @param entries the backends in the order in which auto tries them; the last one always opens */
  constructor(entries: readonly Selectable<Name>[]) {
    this.#entries = entries;
  }

  /**
   * The backend for a choice. Under `auto` a backend that is quick enough for this work is taken, wherever it stands.
   *
   * @throws NeighborProductError `BACKEND_UNAVAILABLE`, with the reason and what to do
   */
  async select(choice: Choice<Name>, work?: Work): Promise<Selection<Name>> {
    if (choice === AUTO) return (work && (await this.#selectQuick(work))) ?? this.#selectFrom(this.#entries);
    const entry = this.#entries.find(({ name }) => name === choice)!;
    const automatic = await this.#open(entry, true);
    const opened = 'transformer' in automatic ? automatic : await this.#open(entry, false);
    if ('transformer' in opened) return { entry, transformer: opened.transformer, reason: CHOSEN };
    throw unavailable(entry, opened);
  }

  /**
   * Runs a transform on the backend that `choice` stands for. Under `auto`, where that backend fails, the next one
   * computes what is left.
   *
   * @throws as {@link select} and `Transformer.transform`
   */
  async run(
    input: CheckedImage,
    output: CheckedImage,
    operation: Operation,
    run: RunOptions,
    choice: Choice<Name>,
  ): Promise<SelectedRun<Name>> {
    const work = { pixels: input.width * input.height, passes: operation.passes, threads: run.threads };
    let { entry, transformer, reason } = await withSpan(run.onSpan, 'choose the backend', () =>
      this.select(choice, work),
    );
    checkStillThere(input, output);
    const faults: string[] = [];
    const takeOver: TakeOver = async (fault, rowsDone) => {
      const event = `${fault.event} (${fault.reason}) after ${rowsDone} of ${input.height} rows`;
      if (fault.blamesDevice) this.#giveUp(entry, transformer);
      if (choice !== AUTO) {
        throw new NeighborProductError(fault.code, `${event}. Use the backend ${AUTO} or another one.`, {
          cause: fault,
        });
      }
      ({ entry, transformer } = await this.#selectFrom(this.#entries.slice(this.#entries.indexOf(entry) + 1)));
      reason = `${fault.event} (${fault.reason})`;
      faults.push(`${event}; finished on the ${entry.title}. The output is correct.`);
      return transformer;
    };
    const computed = await transformer.transform(input, output, operation, run, takeOver);
    return {
      ...computed,
      backend: entry.name,
      reason,
      ...(faults.length > 0 && { fault: faults.join(' ') }),
    };
  }

  /** Frees the devices. The next transform that wants one opens it again. */
  async dispose(): Promise<void> {
    const opened = [...this.#opened.values()];
    this.#opened.clear();
    for (const one of await Promise.all(opened)) if ('transformer' in one) one.transformer.dispose();
  }

  async #selectFrom(entries: readonly Selectable<Name>[]): Promise<Selection<Name>> {
    const missing: string[] = [];
    let advice: string | undefined;
    for (const entry of entries) {
      const opened = await this.#openAutomatically(entry);
      if ('transformer' in opened) {
        if (missing.length > 0) entry.onFallback?.(missing.join('; '), advice);
        const { transformer, reason = missing.join('; ') } = opened;
        return { entry, transformer, reason };
      }
      missing.push(missingText(entry, opened));
      ({ advice } = opened);
    }
    throw noneUsable(missing);
  }

  async #selectQuick(work: Work): Promise<Selection<Name> | undefined> {
    const entry = this.#entries.find(({ estimateMs }) => (estimateMs?.(work) ?? QUICK_MS) < QUICK_MS);
    const opened = entry && (await this.#openAutomatically(entry));
    return opened && 'transformer' in opened
      ? { entry: entry!, transformer: opened.transformer, reason: QUICK }
      : undefined;
  }

  async #openAutomatically(entry: Selectable<Name>): Promise<Opened> {
    if ((this.#faults.get(entry.name) ?? 0) >= MOST_FAULTS) return { reason: 'it failed too often in this process' };
    return this.#open(entry, true);
  }

  #open(entry: Selectable<Name>, isAutomatic: boolean): Promise<Opened> {
    const key = `${entry.name} ${isAutomatic}`;
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const opening = entry.open({ isAutomatic });
    this.#opened.set(key, opening);
    opening.then((opened) => {
      if (!('transformer' in opened) || opened.transformer.lost === undefined) return;
      this.hasOpenedDevice = true;
      opened.transformer.lost.then(() => this.#forget(opened.transformer));
    });
    return opening;
  }

  #giveUp(entry: Selectable<Name>, transformer: Transformer): void {
    this.#faults.set(entry.name, (this.#faults.get(entry.name) ?? 0) + 1);
    this.#forget(transformer);
    transformer.dispose();
  }

  #forget(transformer: Transformer): void {
    for (const [key, opening] of this.#opened) {
      opening.then((opened) => {
        const isMeant = 'transformer' in opened && opened.transformer === transformer;
        if (isMeant && this.#opened.get(key) === opening) this.#opened.delete(key);
      });
    }
  }
}

/**
 * A GPU is not worth opening for what takes less than this: loading Dawn, opening a device and compiling take about as long,
 * and moving an image there and back as long as one core of a CPU computes it (docs/performance.md).
 */
const QUICK_MS = 500;

/** Why such a backend is taken. */
export const QUICK = `it takes less than ${QUICK_MS / 1000} s`;

const CHOSEN = 'asked for';
const MOST_FAULTS = 3;

/**
 * The backend for a choice among those that can run on the calling thread.
 *
 * @throws NeighborProductError `BACKEND_UNAVAILABLE`
 */
export function selectSync<Name extends string>(
  choice: Choice<Name>,
  entries: readonly Selectable<Name>[],
): Selection<Name> {
  const missing: string[] = [];
  let advice: string | undefined;
  for (const entry of choice === AUTO ? entries : entries.filter(({ name }) => name === choice)) {
    const opened = entry.openSync?.({ isAutomatic: choice === AUTO }) ?? CANNOT_RUN_SYNCHRONOUSLY;
    if ('transformer' in opened) {
      if (missing.length > 0) entry.onFallback?.(missing.join('; '), advice);
      return { entry, transformer: opened.transformer, reason: choice === AUTO ? missing.join('; ') : CHOSEN };
    }
    if (choice !== AUTO) throw unavailable(entry, opened);
    missing.push(missingText(entry, opened));
    ({ advice } = opened);
  }
  throw noneUsable(missing);
}

const CANNOT_RUN_SYNCHRONOUSLY: Opened = {
  reason: 'it cannot run synchronously',
  advice: 'Call transform instead of transformSync.',
};

function missingText({ title }: Selectable<string>, { reason }: Unavailable): string {
  return `no ${title}: ${reason}`;
}

function noneUsable(missing: readonly string[]): NeighborProductError {
  return new NeighborProductError('BACKEND_UNAVAILABLE', `No usable backend: ${missing.join('; ')}.`);
}

function unavailable({ title }: Selectable<string>, { reason, advice }: Unavailable): NeighborProductError {
  const sentences = [`No usable ${title}: ${reason}.`, advice, `Or use the backend ${AUTO}.`].filter(Boolean);
  return new NeighborProductError('BACKEND_UNAVAILABLE', sentences.join(' '));
}
