import { onAbort } from './abort.js';

/** A weighted semaphore; waiters are served in order. */
export class Semaphore {
  readonly #capacity: number;
  readonly #waiting: { readonly weight: number; readonly grant: () => void }[] = [];
  #taken = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * Waits until `weight` is free. A weight above the capacity counts as the capacity.
   *
   * @returns the function that releases it, to be called once
   * @throws the signal's reason if it is aborted before the weight is granted
   */
  async acquire(weight = 1, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const share = Math.min(weight, this.#capacity);
    await this.#wait(share, signal);
    return () => {
      this.#taken -= share;
      this.#serve();
    };
  }

  /** Runs `work` while holding a weight of 1. @throws as {@link acquire}; whatever `work` throws */
  async run<T>(work: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    const release = await this.acquire(1, signal);
    try {
      return await work();
    } finally {
      release();
    }
  }

  #wait(weight: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const stopListening = onAbort(signal, () => {
        stopListening();
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal?.reason);
        this.#serve();
      });
      const grant = () => {
        stopListening();
        this.#taken += weight;
        resolve();
      };
      const waiter = { weight, grant };
      this.#waiting.push(waiter);
      this.#serve();
    });
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.#taken + this.#waiting[0].weight <= this.#capacity) {
      this.#waiting.shift()!.grant();
    }
  }
}
