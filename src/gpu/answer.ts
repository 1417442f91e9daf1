/** Waiting for a device that may never answer: a hung driver settles no promise. */

/**
 * The most milliseconds for a step of a strip. One submission takes hardware less than a second (SUBMISSION_PIXELS in
 * slot.ts); a device that computes on the CPU may take a minute of a busy one.
 */
export const HARDWARE_ANSWER_MS = 10_000;
export const SOFTWARE_ANSWER_MS = 300_000;

/** For an adapter or a device. A driver that was idle may load firmware first, on every GPU of a machine. */
export const OPENING_MS = 60_000;

/** The same where nobody asked for a GPU: the CPU would be done meanwhile. */
export const AUTOMATIC_OPENING_MS = 10_000;

/** A timer that is later than this shows that this thread was busy, when no answer could be heard. */
const LATE_MS = 1000;

/** Rejects once a device has not answered for a time; each step that it takes gives it the whole time again. */
export class Deadline {
  /** Rejects with a {@link NoAnswer}; never resolves. */
  readonly passed: Promise<never>;
  readonly #limitMs: number;
  #fail: (error: NoAnswer) => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueMs = 0;
  #isOver = false;
  #isUnreferenced = false;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.passed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.extend();
  }

  /** Begins the time anew, unless the waiting is over. */
  extend(): void {
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    this.#dueMs = performance.now() + this.#limitMs;
    this.#timer = setTimeout(() => {
      if (performance.now() > this.#dueMs + LATE_MS) this.extend();
      else this.#fail(new NoAnswer(this.#limitMs));
    }, this.#limitMs);
    if (this.#isUnreferenced) unreferenced(this.#timer);
  }

  /** From now on the waiting keeps no process alive. */
  unref(): void {
    this.#isUnreferenced = true;
    unreferenced(this.#timer);
  }

  /** Ends the waiting. */
  clear(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}

/** In a page a timer is a number, and keeps nothing alive. */
function unreferenced(timer: unknown): void {
  (timer as { readonly unref?: () => void }).unref?.();
}

/** A device did not answer. Its message is a clause for people. */
export class NoAnswer extends Error {
  constructor(limitMs: number) {
    super(`it did not answer for ${limitMs / 1000} s`);
  }
}

/**
 * The result of `work`, which is forgotten if it takes too long.
 *
 * @param isBeside whether the waiting keeps no process alive
 * @throws NoAnswer
 */
export async function answered<T>(work: Promise<T>, limitMs: number, isBeside = false): Promise<T> {
  const deadline = new Deadline(limitMs);
  if (isBeside) deadline.unref();
  try {
    return await Promise.race([work, deadline.passed]);
  } finally {
    deadline.clear();
  }
}
