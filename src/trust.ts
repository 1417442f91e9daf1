/** What a device computed and has left cannot be computed again, if the device turns out to be wrong. */
import type { Share } from './backend.js';
import { NeighborProductError } from './errors.js';

/** So many names are in a message. */
const MOST_NAMES = 5;

/** Remembers which devices took part in what has left. */
export class Trust {
  readonly #isDistrusted: (device: string) => boolean;
  readonly #names = new Map<string, string[]>();

  /** @param isDistrusted whether a device, as results name it, gave wrong bytes */
  constructor(isDistrusted: (device: string) => boolean) {
    this.#isDistrusted = isDistrusted;
  }

  /** @param name of what has left, where it has one */
  note(shares: readonly Share[], name?: string): void {
    for (const { device } of shares) {
      const names = this.#names.get(device) ?? [];
      this.#names.set(device, names);
      if (name !== undefined) names.push(name);
    }
  }

  /** @throws NeighborProductError `BACKEND_FAILED` where a device that took part gave wrong bytes since */
  check(): void {
    for (const [device, names] of this.#names) if (this.#isDistrusted(device)) throw wrongSince(device, names);
  }
}

function wrongSince(device: string, names: readonly string[]): NeighborProductError {
  const others = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  const which = names.length > 0 ? `: ${names.slice(0, MOST_NAMES).join(', ')}${others}` : '';
  const message =
    `The GPU computed wrong bytes (${device}), which was found after results with rows of it had left${which}. ` +
    'Transform them again; neighbor-product conformance --backend gpu shows what is wrong with it.';
  return new NeighborProductError('BACKEND_FAILED', message);
}

/** Results in their order, until a device that took part in one of them turns out to be wrong. @throws as {@link Trust.check} */
export async function* whileTrusted<Result extends { readonly shares: readonly Share[] }>(
  results: AsyncIterable<Result>,
  isDistrusted: (device: string) => boolean,
): AsyncGenerator<Result, void, void> {
  const trust = new Trust(isDistrusted);
  for await (const result of results) {
    trust.note(result.shares);
    trust.check();
    yield result;
  }
  trust.check();
}
