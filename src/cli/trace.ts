/** `--trace`: where the time of a command went, as the trace events that Perfetto and Chrome's DevTools open. */
import { MAIN_LANE, type Span, type SpanListener, withSpan } from '../span.js';
import type { Steps } from './transform-files.js';

/** The spans of a command, from the start of the process on. */
export class Trace {
  readonly #spans: Span[];

  /** @param loadedMs when the command's code was loaded, by `performance.now()`, whose origin is the process's start */
  constructor(loadedMs: number) {
    const { bootstrapComplete } = performance.nodeTiming;
    this.#spans = [
      { name: 'start Node', lane: MAIN_LANE, startMs: 0, endMs: bootstrapComplete },
      { name: 'load the command', lane: MAIN_LANE, startMs: bootstrapComplete, endMs: loadedMs },
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

/** The Trace Event Format: complete events in microseconds, a thread for each lane in the order of their first spans. */
export function traceJson(spans: readonly Span[], command: string): string {
  const lanes = [...new Set(spans.map(({ lane }) => lane))];
  const events = [
    { ph: 'M', pid: PROCESS_ID, tid: 0, name: 'process_name', args: { name: 'neighbor-product' } },
    ...lanes.flatMap((name, index) => [
      { ph: 'M', pid: PROCESS_ID, tid: index + 1, name: 'thread_name', args: { name } },
      { ph: 'M', pid: PROCESS_ID, tid: index + 1, name: 'thread_sort_index', args: { sort_index: index } },
    ]),
    ...spans.map(({ name, lane, startMs, endMs, details }) => ({
      ph: 'X',
      pid: PROCESS_ID,
      tid: lanes.indexOf(lane) + 1,
      name,
      ts: startMs * US_PER_MS,
      dur: (endMs - startMs) * US_PER_MS,
      ...(details && { args: details }),
    })),
  ];
  return `${JSON.stringify({ displayTimeUnit: 'ms', otherData: { command }, traceEvents: events })}\n`;
}

/** The same steps, each telling of itself. */
export function traceSteps(steps: Steps, onSpan: SpanListener): Steps {
  return {
    ...steps,
    read: (path) => withSpan(onSpan, `read ${path}`, () => steps.read(path)),
    decode: (file, limits) => withSpan(onSpan, 'decode', () => steps.decode(file, limits)),
    transform: (image, options) => withSpan(onSpan, 'transform', () => steps.transform(image, { ...options, onSpan })),
    encode: (picture, options) => withSpan(onSpan, 'encode', () => steps.encode(picture, options)),
    write: (path, file) => withSpan(onSpan, `write ${path}`, () => steps.write(path, file)),
  };
}
