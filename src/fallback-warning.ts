/** What the library says, once, when `auto` has to run a slow backend. */

let isWanted = true;

/**
 * A function that emits a process warning with the code `NEIGHBOR_PRODUCT_SLOW`, once in a thread.
 *
 * @param event what happens instead, a sentence without its end
 */
export function warnOfFallback(event: string): (why: string, advice: string | undefined) => void {
  return (why, advice) => {
    if (!isWanted) return;
    isWanted = false;
    const text = `${event}: ${why}.${advice === undefined ? '' : ` ${advice}`}`;
    process.emitWarning(text, { type: 'NeighborProductWarning', code: 'NEIGHBOR_PRODUCT_SLOW' });
  };
}

/** For a program that reports the backend itself. */
export function silenceFallbackWarning(): void {
  isWanted = false;
}
