/**
 * SIGINT, SIGTERM and SIGHUP. Handlers are there only while there is something to clean up or to finish: at any other time a
 * signal ends the process at once, as it does without a handler, also in the middle of the reference, where none would run.
 */
import { constants } from 'node:os';
import type { OutputStream } from '../image-files/flow.js';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Signals {
  readonly #cleanUp: () => void;
  readonly #exit: (exitCode: number) => void;
  readonly #unfinished = new Set<OutputStream>();
  /** What the first signal of a run over several files does. */
  #onFirst: (() => void) | undefined;
  #isListening = false;
  /** The signal that stopped such a run. */
  #stoppedBy: NodeJS.Signals | undefined;

  /**
   * @param cleanUp deletes temporary files
   * @param exit ends the process
   */
  constructor(cleanUp: () => void, exit: (exitCode: number) => void) {
    this.#cleanUp = cleanUp;
    this.#exit = exit;
    if (isFirstProcess()) this.#listen();
  }

  /** An output that is deleted if a signal ends the process before it is finished. */
  guard(output: OutputStream): OutputStream {
    const end = () => {
      this.#unfinished.delete(output);
      this.#ignoreIfIdle();
    };
    const take = (pieces: readonly Uint8Array[]) => {
      this.#unfinished.add(output);
      this.#listen();
      return output.take(pieces);
    };
    return { take, finish: () => output.finish().finally(end), abandon: () => output.abandon().finally(end) };
  }

  /**
   * Lets the first signal stop a run, so that files under way are finished; the second one ends the process.
   *
   * @param onFirst says so
   * @returns whether it has come
   */
  stopOnFirst(onFirst: () => void): () => boolean {
    this.#onFirst = onFirst;
    this.#listen();
    return () => this.isStopped;
  }

  /** Whether a signal stopped a run over several files. */
  get isStopped(): boolean {
    return this.#stoppedBy !== undefined;
  }

  /** After the run. @returns whether the process ends by the signal that stopped it */
  endStopped(): boolean {
    this.#onFirst = undefined;
    if (this.#stoppedBy === undefined) {
      this.#ignoreIfIdle();
      return false;
    }
    this.#end(this.#stoppedBy);
    return true;
  }

  readonly #handle = (signal: NodeJS.Signals) => {
    if (this.#onFirst === undefined || this.#stoppedBy !== undefined) {
      this.#end(signal);
    } else {
      this.#stoppedBy = signal;
      this.#onFirst();
    }
  };

  /** By the signal itself, so that whoever started the process sees it. */
  #end(signal: NodeJS.Signals): void {
    this.#cleanUp();
    // The system ignores signals that the first process of a container does not handle, also those to itself.
    if (isFirstProcess()) {
      this.#exit(128 + constants.signals[signal]);
    } else {
      this.#ignore();
      process.kill(process.pid, signal);
    }
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    for (const signal of ENDING_SIGNALS) process.on(signal, this.#handle);
  }

  #ignore(): void {
    this.#isListening = false;
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#handle);
  }

  #ignoreIfIdle(): void {
    if (this.#unfinished.size === 0 && this.#onFirst === undefined && !isFirstProcess()) this.#ignore();
  }
}

function isFirstProcess(): boolean {
  return process.pid === 1;
}
