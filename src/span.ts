/** A piece of work that was done, for those who want to see where the time goes. */
export interface Span {
  /** `upload`, `rows 32 to 63` */
  readonly name: string;
  /** Where it was done: pieces of one lane follow each other or lie within each other. */
  readonly lane: string;
  /** Milliseconds, by `performance.now()`. */
  readonly startMs: number;
  /** Milliseconds, by `performance.now()`. */
  readonly endMs: number;
  /** What else there is to know, such as which rows. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/** Called for every piece of work when its times are known. */
export type SpanListener = (span: Span) => void;

/** The lane of the thread that JavaScript runs on. */
export const MAIN_LANE = 'main';

/** The rows of a picture that a piece of work was about, `0 to 31`: from `first` up to, but not including, `end`. */
export function rowsText(first: number, end: number): string {
  return `${first} to ${end - 1}`;
}

/** Does some work of the main lane and tells of it, also if it fails. */
export async function withSpan<T>(
  onSpan: SpanListener | undefined,
  name: string,
  work: () => Promise<T> | T,
): Promise<T> {
  const startMs = performance.now();
  try {
    return await work();
  } finally {
    onSpan?.({ name, lane: MAIN_LANE, startMs, endMs: performance.now() });
  }
}
