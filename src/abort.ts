/** Hearing that a signal is aborted. */

/** What to call, by signal: one listener for any number of calls, since Node warns of more than ten on one signal. */
const waiting = new WeakMap<AbortSignal, Waiting>();

interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

/**
 * Calls back when a signal is aborted. One that is aborted already is not heard.
 *
 * @param callback must not throw
 * @returns the function that ends it
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  const { callbacks, listener } = waiting.get(signal) ?? listenTo(signal);
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
    if (callbacks.size > 0 || waiting.get(signal)?.listener !== listener) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

function listenTo(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>();
  const listener = () => {
    for (const callback of [...callbacks]) callback();
  };
  const added = { callbacks, listener };
  waiting.set(signal, added);
  signal.addEventListener('abort', listener);
  return added;
}
