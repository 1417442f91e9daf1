/** The registry of backends, and the choice among them. Adding a backend is its folder and a line here. */
import type { BackendEntry, Computed, Opened, TakeOver, Transformer, Unavailable } from './backend.js';
import { cpuEntry } from './cpu/cpu-backend.js';
import { NeighborProductError } from './errors.js';
import { gpuEntry } from './gpu/gpu-entry.js';
import { type CheckedImage, checkStillThere } from './image.js';
import type { Operation, RunOptions } from './options.js';
import { referenceEntry } from './reference.js';
import { withSpan } from './span.js';

const ENTRIES = [gpuEntry, cpuEntry, referenceEntry] as const;

/**
 * The name of a backend.
 *
 * @useDeclaredType
 */
export type BackendName = (typeof ENTRIES)[number]['name'];

/** A backend of the registry. */
export type RegisteredBackend = BackendEntry & { readonly name: BackendName };

/** Every backend, in the order in which `auto` tries them. The last one always opens. */
export const BACKENDS: readonly RegisteredBackend[] = ENTRIES;

export const BACKEND_NAMES: readonly BackendName[] = ENTRIES.map(({ name }) => name);

/** The name that stands for the best backend that opens. */
export const AUTO = 'auto';

/**
 * `auto` takes the best backend that opens and says why; a backend chosen by name runs or fails.
 *
 * @useDeclaredType
 */
export type BackendChoice = typeof AUTO | BackendName;

export const BACKEND_CHOICES: readonly BackendChoice[] = [AUTO, ...BACKEND_NAMES];

export function backendEntry(name: BackendName): RegisteredBackend {
  return BACKENDS.find((entry) => entry.name === name)!;
}

/** Whether a backend is the definition itself. */
export function isOracle(name: BackendName): boolean {
  return backendEntry(name).isOracle;
}

/** A backend, open, and why it was chosen. */
export interface Selection {
  readonly entry: RegisteredBackend;
  readonly transformer: Transformer;
  /** A clause for people. */
  readonly reason: string;
}

/** What a transform reports. */
export interface SelectedRun extends Computed {
  /** Which backend ran; the one that finished, where another failed. */
  readonly backend: BackendName;
  /** Why it was chosen, a clause for people. */
  readonly reason: string;
  /** What failed, a sentence, where another backend had to finish. */
  readonly fault?: string;
}

/** Runs transforms on the backend that each asks for, and keeps backends open for the next one. */
export class Selector {
  readonly #entries: readonly RegisteredBackend[];
  readonly #opened = new Map<string, Promise<Opened>>();
  /** A device may come back after a reset of its driver; one that fails again and again is left alone. */
  readonly #faults = new Map<BackendName, number>();

  constructor(entries = BACKENDS) {
    this.#entries = entries;
  }

  /**
   * The backend for a choice.
   *
   * @throws NeighborProductError `BACKEND_UNAVAILABLE`, with the reason and what to do
   */
  async select(choice: BackendChoice): Promise<Selection> {
    if (choice === AUTO) return this.#selectFrom(this.#entries);
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
    choice: BackendChoice,
  ): Promise<SelectedRun> {
    let { entry, transformer, reason } = await withSpan(run.onSpan, 'choose the backend', () => this.select(choice));
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

  async #selectFrom(entries: readonly RegisteredBackend[]): Promise<Selection> {
    const missing: string[] = [];
    for (const entry of entries) {
      const opened = await this.#openAutomatically(entry);
      if ('transformer' in opened) {
        const { transformer, reason = missing.join('; ') } = opened;
        return { entry, transformer, reason };
      }
      missing.push(missingText(entry, opened));
    }
    throw noneUsable(missing);
  }

  async #openAutomatically(entry: RegisteredBackend): Promise<Opened> {
    if ((this.#faults.get(entry.name) ?? 0) >= MOST_FAULTS) return { reason: 'it failed too often in this process' };
    return this.#open(entry, true);
  }

  #open(entry: RegisteredBackend, isAutomatic: boolean): Promise<Opened> {
    const key = `${entry.name} ${isAutomatic}`;
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const opening = entry.open({ isAutomatic });
    this.#opened.set(key, opening);
    opening.then((opened) => {
      if ('transformer' in opened) opened.transformer.lost?.then(() => this.#forget(opened.transformer));
    });
    return opening;
  }

  #giveUp(entry: RegisteredBackend, transformer: Transformer): void {
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

const CHOSEN = 'asked for';
const MOST_FAULTS = 3;

/**
 * The backend for a choice among those that can run on the calling thread.
 *
 * @throws NeighborProductError `BACKEND_UNAVAILABLE`
 */
export function selectSync(choice: BackendChoice, entries = BACKENDS): Selection {
  const missing: string[] = [];
  for (const entry of choice === AUTO ? entries : entries.filter(({ name }) => name === choice)) {
    const opened = entry.openSync?.({ isAutomatic: choice === AUTO }) ?? CANNOT_RUN_SYNCHRONOUSLY;
    if ('transformer' in opened) {
      return { entry, transformer: opened.transformer, reason: choice === AUTO ? missing.join('; ') : CHOSEN };
    }
    if (choice !== AUTO) throw unavailable(entry, opened);
    missing.push(missingText(entry, opened));
  }
  throw noneUsable(missing);
}

const CANNOT_RUN_SYNCHRONOUSLY: Opened = {
  reason: 'it cannot run synchronously',
  advice: 'Call transform instead of transformSync.',
};

function missingText({ title }: RegisteredBackend, { reason }: Unavailable): string {
  return `no ${title}: ${reason}`;
}

function noneUsable(missing: readonly string[]): NeighborProductError {
  return new NeighborProductError('BACKEND_UNAVAILABLE', `No usable backend: ${missing.join('; ')}.`);
}

function unavailable({ title }: RegisteredBackend, { reason, advice }: Unavailable): NeighborProductError {
  const sentences = [`No usable ${title}: ${reason}.`, advice, `Or use the backend ${AUTO}.`].filter(Boolean);
  return new NeighborProductError('BACKEND_UNAVAILABLE', sentences.join(' '));
}
