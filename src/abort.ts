/** Calls back when a signal is aborted, with one listener per signal: Node warns of a leak from the eleventh on. */
const listeners = new WeakMap<AbortSignal, Listener>();

interface Listener {
  readonly callbacks: Set<() => void>;
  readonly remove: () => void;
}

/**
 * Calls back once the signal is aborted; never for a signal that was aborted before.
 *
 * @param callback must not throw
 * @returns the function that ends this, also during a call of another callback; may be called again
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  const listener = listeners.get(signal) ?? addListener(signal);
  const call = () => callback(); // the same function may wait twice
  listener.callbacks.add(call);
  return () => {
    if (listener.callbacks.delete(call) && listener.callbacks.size === 0) listener.remove();
  };
}

function addListener(signal: AbortSignal): Listener {
  const callbacks = new Set<() => void>();
  const callAll = () => {
    for (const call of callbacks) call(); // one that ends meanwhile is not called
  };
  const listener = {
    callbacks,
    remove: () => {
      signal.removeEventListener('abort', callAll);
      listeners.delete(signal);
    },
  };
  listeners.set(signal, listener);
  signal.addEventListener('abort', callAll);
  return listener;
}
