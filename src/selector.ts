/** Which backends run a transform: the one that was asked for, or those that `auto` finds. */

import {
  type BackendEntry,
  BackendFault,
  type Computed,
  type Opened,
  type Share,
  type Transformer,
  type Unavailable,
  type Work,
} from './backend.js';
import { Auto, type AutoEntry, type AutoResult, missingText, type Opening, SHARED } from './dealing/auto.js';
import { OpenBackends } from './dealing/open-backends.js';
import { NeighborProductError } from './errors.js';
import { type CheckedImage, checkStillThere, copyImage, overlaps } from './image.js';
import type { Operation, RunOptions } from './options.js';
import { countRows, regionOf } from './regions.js';
import { withSpan } from './span.js';

export { SHARED };

/** The name that stands for all backends that are worth their while. */
export const AUTO = 'auto' satisfies Choice<never>;

/** What can be asked for: a backend by name, or all that are worth their while. */
export type Choice<Name extends string> = 'auto' | Name;

/** A backend to choose. */
export type Selectable<Name extends string> = AutoEntry<Name> &
  Pick<BackendEntry, 'openSync'> & {
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
  /** The backend that computed most rows. */
  readonly backend: Name;
  /** Why it was chosen, a clause for people. */
  readonly reason: string;
  /** Who did how much. */
  readonly shares: readonly Share<Name>[];
  /** What failed, a sentence, where another backend had to do its work. */
  readonly fault?: string;
  /** Decides which rows of a device were computed again and compared; absent where no device took part under `auto`. */
  readonly auditSeed?: number;
}

/** What `auto` would do on this machine. */
export interface Survey<Name extends string> {
  /** The backend that begins, or the only one. */
  readonly backend: Name;
  /** Those that join it. */
  readonly joining: readonly Name[];
  /** Why, a clause for people. */
  readonly reason: string;
}

/** What will be computed, and how long a GPU may take to open for it. */
export type ExpectedWork = Work & Opening;

/** Runs transforms on the backends that each asks for, and keeps them open for the next one. */
export class Selector<Name extends string> {
  readonly #entries: readonly Selectable<Name>[];
  readonly #backends = new OpenBackends();
  #auto: Promise<Auto<Name> | undefined> | undefined;
  /** The same, once it is open: most calls need not wait. */
  #opened: Auto<Name> | undefined;

  /** @param entries the backends in the order in which auto tries them; the last one always opens */
  constructor(entries: readonly Selectable<Name>[]) {
    this.#entries = entries;
  }

  /** Whether a device was opened that can go away: one with a driver. */
  get hasOpenedDevice(): boolean {
    return this.#backends.hasOpenedDevice;
  }

  /** Opens what work that comes will ask for. A failure is that of the work. */
  async prepare(choice: Choice<Name>, work: ExpectedWork): Promise<void> {
    if (choice === AUTO) (await this.#openAuto())?.expect(work, work);
    else await this.#selectByName(choice, work.gpuTimeoutMs).catch(() => {});
  }

  /** Opens everything that `auto` would use for long work. */
  async survey(): Promise<Survey<Name>> {
    const auto = await this.#openAuto();
    const order = auto ? this.#entries.slice(0, this.#entries.indexOf(auto.first as Selectable<Name>)) : this.#entries;
    const missing: string[] = [];
    const open: { readonly name: Name; readonly reason: string }[] = [];
    for (const entry of order) {
      const opened = await this.#backends.openAutomatically(entry);
      if ('transformer' in opened) open.push({ name: entry.name, reason: opened.reason ?? missing.join('; ') });
      else missing.push(missingText(entry, opened.reason));
      if (auto === undefined && open.length > 0) break;
    }
    const reason = [...open.map((one) => one.reason), ...missing].join('; ');
    if (auto) return { backend: auto.first.name, joining: open.map(({ name }) => name), reason };
    return { backend: open[0].name, joining: [], reason: open[0].reason };
  }

  /**
   * Runs a transform on the backend that `choice` stands for. Under `auto`, where a backend fails, another one does its work.
   *
   * @throws NeighborProductError `BACKEND_UNAVAILABLE`, `BACKEND_FAILED` and others of a backend chosen by name, with what to
   * do; the reason of the signal
   */
  async run(
    input: CheckedImage,
    output: CheckedImage,
    operation: Operation,
    run: RunOptions,
    choice: Choice<Name>,
  ): Promise<SelectedRun<Name>> {
    if (choice !== AUTO) return this.#runByName(input, output, operation, run, choice);
    const auto = this.#opened ?? (await withSpan(run.onSpan, 'choose the backend', () => this.#openAuto()));
    checkStillThere(input, output);
    if (auto?.missing) (auto.first as Selectable<Name>).onFallback?.(auto.missing.reason, auto.missing.advice);
    // Where a backend fails, another one needs the input as it was.
    const source = overlaps(input, output) ? copyImage(input) : input;
    if (auto === undefined) return this.#runInOrder(this.#entries, [], source, output, operation, run);
    try {
      return resultOf(await auto.run(source, output, operation, run), auto.first.title);
    } catch (fault) {
      if (!(fault instanceof BackendFault)) throw fault;
      const rest = this.#entries.slice(this.#entries.indexOf(auto.first as Selectable<Name>) + 1);
      return this.#runInOrder(rest, [fault], source, output, operation, run);
    }
  }

  /** Whether a device gave wrong bytes in this process. @param device as results name it */
  isDistrusted(device: string): boolean {
    return this.#backends.isDistrusted(device);
  }

  /** Frees the devices. The next transform that wants one opens it again. */
  async dispose(): Promise<void> {
    (await this.#auto)?.dispose();
    await this.#backends.dispose();
  }

  async #openAuto(): Promise<Auto<Name> | undefined> {
    this.#auto ??= Auto.open(this.#entries, this.#backends);
    this.#opened = await this.#auto;
    return this.#opened;
  }

  async #selectByName(choice: Name, timeoutMs: number | undefined): Promise<Selection<Name>> {
    const entry = this.#entries.find(({ name }) => name === choice)!;
    const opened = await this.#backends.openByName(entry, { timeoutMs });
    if ('transformer' in opened) return { entry, transformer: opened.transformer, reason: CHOSEN };
    throw unavailable(entry, opened);
  }

  async #runByName(
    input: CheckedImage,
    output: CheckedImage,
    operation: Operation,
    run: RunOptions,
    choice: Name,
  ): Promise<SelectedRun<Name>> {
    const selection = await withSpan(run.onSpan, 'choose the backend', () =>
      this.#selectByName(choice, run.gpuTimeoutMs),
    );
    checkStillThere(input, output);
    try {
      return await runAlone(selection, input, output, operation, run);
    } catch (fault) {
      if (!(fault instanceof BackendFault)) throw fault;
      this.#noteFault(selection, fault);
      const message = `${fault.clause}. Use the backend ${AUTO} or another one.`;
      throw new NeighborProductError(fault.code, message, { cause: fault });
    }
  }

  /** Each backend alone, until one succeeds. */
  async #runInOrder(
    entries: readonly Selectable<Name>[],
    faults: BackendFault[],
    input: CheckedImage,
    output: CheckedImage,
    operation: Operation,
    run: RunOptions,
  ): Promise<SelectedRun<Name>> {
    const missing = faults.map(({ clause }) => clause);
    let advice: string | undefined;
    for (const entry of entries) {
      const opened = await this.#backends.openAutomatically(entry, { timeoutMs: run.gpuTimeoutMs });
      if (!('transformer' in opened)) {
        missing.push(missingText(entry, opened.reason));
        ({ advice } = opened);
        continue;
      }
      if (missing.length > 0) entry.onFallback?.(missing.join('; '), advice);
      const { transformer, reason = missing.join('; ') } = opened;
      try {
        const done = await runAlone({ entry, transformer, reason }, input, output, operation, run);
        if (faults.length === 0) return done;
        const events = faults.map(({ clause }) => clause);
        return { ...done, fault: faultText(events, entry.title), reason: missing.join('; ') };
      } catch (fault) {
        if (!(fault instanceof BackendFault)) throw fault;
        this.#noteFault({ entry, transformer, reason }, fault);
        faults.push(fault);
        missing.push(fault.clause);
      }
    }
    throw noneUsable(missing);
  }

  #noteFault({ entry, transformer }: Selection<Name>, fault: BackendFault): void {
    if (fault.blamesDevice) this.#backends.giveUp(entry.name, transformer, fault);
  }
}

/** Whether a reason is that other backends are missing. */
export function saysMissing(reason: string): boolean {
  return reason.startsWith('no ');
}

const CHOSEN = 'asked for';

async function runAlone<Name extends string>(
  { entry, transformer, reason }: Selection<Name>,
  input: CheckedImage,
  output: CheckedImage,
  operation: Operation,
  run: RunOptions,
): Promise<SelectedRun<Name>> {
  const startMs = performance.now();
  const computed = await transformer.transform(input, output, operation, run);
  return aloneResult(entry.name, reason, computed, input, operation, startMs);
}

function aloneResult<Name extends string>(
  backend: Name,
  reason: string,
  { device, exactPixels }: Computed,
  input: CheckedImage,
  { border, passes }: Operation,
  startMs: number,
): SelectedRun<Name> {
  const rows = passes * countRows(regionOf(input, border));
  const shares = [{ backend, device, rows, elapsedMs: performance.now() - startMs }];
  return { backend, reason, device, exactPixels, shares };
}

function resultOf<Name extends string>(
  { shares: unsorted, faults, exactPixels, reason, auditSeed }: AutoResult<Name>,
  title: string,
): SelectedRun<Name> {
  const shares = unsorted.length === 1 ? unsorted : unsorted.toSorted((a, b) => b.rows - a.rows);
  const [{ backend, device }] = shares;
  const result = { backend, reason, device, exactPixels, shares };
  if (auditSeed === undefined) return result;
  return { ...result, auditSeed, ...(faults.length > 0 && { fault: faultText(faults, title) }) };
}

/** @param title of the backend that did the work of those that failed */
function faultText(events: readonly string[], title: string): string {
  return `${events.join('; ')}; the ${title} did its work. The output is correct.`;
}

/**
 * Runs a transform on the calling thread, on the backend for a choice among those that can.
 *
 * @throws NeighborProductError `BACKEND_UNAVAILABLE`; as the backend
 */
export function runSync<Name extends string>(
  input: CheckedImage,
  output: CheckedImage,
  operation: Operation,
  run: RunOptions,
  choice: Choice<Name>,
  entries: readonly Selectable<Name>[],
): SelectedRun<Name> {
  const startMs = performance.now();
  const { entry, transformer, reason } = selectSync(choice, entries);
  const computed = transformer.transformSync!(input, output, operation, run);
  return aloneResult(entry.name, reason, computed, input, operation, startMs);
}

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
    missing.push(missingText(entry, opened.reason));
    ({ advice } = opened);
  }
  throw noneUsable(missing);
}

const CANNOT_RUN_SYNCHRONOUSLY: Opened = {
  reason: 'it cannot run synchronously',
  advice: 'Call transform instead of transformSync.',
};

function noneUsable(missing: readonly string[]): NeighborProductError {
  return new NeighborProductError('BACKEND_UNAVAILABLE', `No usable backend: ${missing.join('; ')}.`);
}

function unavailable({ title }: { readonly title: string }, { reason, advice }: Unavailable): NeighborProductError {
  const sentences = [`No usable ${title}: ${reason}.`, advice, `Or use the backend ${AUTO}.`].filter(Boolean);
  return new NeighborProductError('BACKEND_UNAVAILABLE', sentences.join(' '));
}
