/** A timed piece of work, for traces. */
export interface Span {
  /** Such as `upload` or `decode`. */
  readonly name: string;
  /** Where it ran. Spans of one track follow each other or nest. */
  readonly track: string;
  /** Milliseconds, by `performance.now()`. */
  readonly startMs: number;
  /** Milliseconds, by `performance.now()`. */
  readonly endMs: number;
  /** More facts, such as which rows. */
  readonly details?: Readonly<Record<string, string | number>> | undefined;
}

/** Called with each span once its times are known. */
export type SpanListener = (span: Span) => void;

/** The track of the JavaScript thread. */
export const MAIN_TRACK = 'main';

/** Rows from `first` up to, but not including, `end`: `0 to 31`. */
export function rowsText(first: number, end: number): string {
  return `${first} to ${end - 1}`;
}

/** Runs `work` and reports a span for it, even if it throws. */
export async function withSpan<T>(
  onSpan: SpanListener | undefined,
  name: string,
  work: () => Promise<T> | T,
): Promise<T> {
  const startMs = performance.now();
  try {
    return await work();
  } finally {
    onSpan?.({ name, track: MAIN_TRACK, startMs, endMs: performance.now() });
  }
}
