/** What the library says, once, when `auto` has to run the slow reference. */

let isWanted = true;

/** Emits a process warning with the code `NEIGHBOR_PRODUCT_SLOW`, once in a thread. */
export function warnOfReference(why: string, advice: string | undefined): void {
  if (!isWanted) return;
  isWanted = false;
  const text = `The reference runs, about a hundred times slower: ${why}.${advice === undefined ? '' : ` ${advice}`}`;
  process.emitWarning(text, { type: 'NeighborProductWarning', code: 'NEIGHBOR_PRODUCT_SLOW' });
}

/** For a program that reports the backend itself. */
export function silenceFallbackWarning(): void {
  isWanted = false;
}
