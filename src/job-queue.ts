/** One job at a time, in the order of the calls. */
export class JobQueue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs a job when those before it have ended, however they ended.
   *
   * @throws the signal's reason if that is aborted while the job waits, which then never runs; whatever the job throws
   */
  run<T>(job: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.#last;
    const turn = untilAborted(before, signal).then(job);
    this.#last = Promise.allSettled([before, turn]).then(() => {});
    return turn;
  }
}

async function untilAborted(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
  });
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
