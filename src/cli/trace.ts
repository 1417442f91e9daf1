/** `--trace`: where the time of a command went, as trace events for Perfetto and Chrome's DevTools. */
import { MAIN_TRACK, type Span, type SpanListener } from '../span.js';

/** The spans of a command since the start of the process. */
export class Trace {
  readonly #spans: Span[];

  /** @param loadedMs when the command's code was loaded, by `performance.now()`, whose origin is the process's start */
  constructor(loadedMs: number) {
    const { bootstrapComplete } = performance.nodeTiming;
    this.#spans = [
      { name: 'start Node', track: MAIN_TRACK, startMs: 0, endMs: bootstrapComplete },
      { name: 'load the command', track: MAIN_TRACK, startMs: bootstrapComplete, endMs: loadedMs },
    ];
  }

  readonly onSpan: SpanListener = (span) => {
    this.#spans.push(span);
  };

  /** @param command the whole command line */
  render(command: string): string {
    return traceJson(this.#spans, command);
  }
}

const PROCESS_ID = 1;
const US_PER_MS = 1000;

/** The Trace Event Format: complete events in microseconds, a thread for each track in the order of their first spans. */
export function traceJson(spans: readonly Span[], command: string): string {
  const tracks = [...new Set(spans.map(({ track }) => track))];
  const events = [
    { ph: 'M', pid: PROCESS_ID, tid: 0, name: 'process_name', args: { name: 'neighbor-product' } },
    ...tracks.flatMap((name, index) => [
      { ph: 'M', pid: PROCESS_ID, tid: index + 1, name: 'thread_name', args: { name } },
      { ph: 'M', pid: PROCESS_ID, tid: index + 1, name: 'thread_sort_index', args: { sort_index: index } },
    ]),
    ...spans.map(({ name, track, startMs, endMs, details }) => ({
      ph: 'X',
      pid: PROCESS_ID,
      tid: tracks.indexOf(track) + 1,
      name,
      ts: startMs * US_PER_MS,
      dur: (endMs - startMs) * US_PER_MS,
      ...(details && { args: details }),
    })),
  ];
  return `${JSON.stringify({ displayTimeUnit: 'ms', otherData: { command }, traceEvents: events })}\n`;
}
