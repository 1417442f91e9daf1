/** Who did how much of a transform, added up over parts of it. */
import type { Share } from './backend.js';

/** Shares of parts, by backend and device. */
export class ShareSum<Name extends string> {
  readonly #shares = new Map<string, Share<Name>>();

  add(shares: readonly Share<Name>[]): void {
    for (const { backend, device, rows, elapsedMs } of shares) {
      const key = `${backend} ${device}`;
      const before = this.#shares.get(key);
      const sum = { rows: rows + (before?.rows ?? 0), elapsedMs: elapsedMs + (before?.elapsedMs ?? 0) };
      this.#shares.set(key, { backend, device, ...sum });
    }
  }

  /** The largest first. */
  get shares(): readonly Share<Name>[] {
    return [...this.#shares.values()].toSorted((a, b) => b.rows - a.rows);
  }
}

/** Of all rows, for each backend: `gpu 71 %, cpu 29 %`. */
export function sharesText(shares: readonly Share[]): string {
  const rows = new Map<string, number>();
  for (const share of shares) rows.set(share.backend, (rows.get(share.backend) ?? 0) + share.rows);
  const all = shares.reduce((sum, share) => sum + share.rows, 0);
  return [...rows].map(([backend, count]) => `${backend} ${percentText(count / all)}`).join(', ');
}

function percentText(share: number): string {
  const percent = 100 * share;
  if (percent > 0 && percent < 1) return 'under 1 %';
  return percent > 99 && percent < 100 ? 'over 99 %' : `${Math.round(percent)} %`;
}
