/** Waiting for a device that may never answer: a hung driver settles no promise. */

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

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
    this.passed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.extend();
  }

  /** Begins the time anew. */
  extend(): void {
    clearTimeout(this.#timer);
    this.#dueMs = performance.now() + this.#limitMs;
    this.#timer = setTimeout(() => {
      if (performance.now() > this.#dueMs + LATE_MS) this.extend();
      else this.#fail(new NoAnswer(this.#limitMs));
    }, this.#limitMs);
  }

  /** Ends the waiting. */
  clear(): void {
    clearTimeout(this.#timer);
  }
}

/** A device did not answer. Its message is a clause for people. */
export class NoAnswer extends Error {
  constructor(limitMs: number) {
    super(`it did not answer for ${limitMs / 1000} s`);
  }
}

/** The result of `work`, which is forgotten if it takes too long. @throws NoAnswer */
export async function answered<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const deadline = new Deadline(limitMs);
  try {
    return await Promise.race([work, deadline.passed]);
  } finally {
    deadline.clear();
  }
}
