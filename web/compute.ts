/** A picture through a backend: as a whole where it is small, else in strips, so that the page goes on living. */
import type { PageResult } from '../src/browser.js';
import type { CheckedImage } from '../src/image.js';
import { createImage } from '../src/image.js';
import { checkOperation, type Operation } from '../src/options.js';
import { type RowReader, type RowWriter, transformRows } from '../src/rows.js';
import type { Connection } from './calls.js';
import type { TransformSettings, WorkerFunctions } from './worker.js';

export type Engine = Connection<WorkerFunctions>;

/** The product of a picture, and how it came about. */
export interface Product {
  readonly image: CheckedImage;
  readonly backend: string;
  readonly device: string;
  readonly reason: string;
  /** What failed while another backend did the work, a sentence. */
  readonly fault?: string | undefined;
  readonly exactPixels: number;
  /** In the backends, without moving memory to the worker and back. */
  readonly elapsedMs: number;
}

export interface ComputeSettings {
  readonly signal?: AbortSignal | undefined;
  /** Called with the part that is done, 0 to 1, of a picture that is cut into strips. */
  readonly onProgress?: (done: number) => void;
}

/** Pixels that go to the worker at once: 33 MB, which the page copies in some milliseconds. */
const WHOLE_PIXELS = 2 ** 23;

/** Bytes of strips at a time. */
const STRIP_BYTES = 2 ** 26;

/** @throws CallError with a sentence for the user; the reason of the signal */
export async function compute(
  engine: Engine,
  input: CheckedImage,
  settings: TransformSettings,
  { signal, onProgress }: ComputeSettings = {},
): Promise<Product> {
  const { backend, alpha, border, passes } = settings;
  const operation = checkOperation({ alpha, border, passes });
  const run = (image: CheckedImage, strip: Operation) => {
    const copy = { ...image, data: image.data.slice() };
    return engine.call('transform', { image: copy, ...strip, backend }, { move: [copy.data.buffer], signal });
  };
  if (input.width * input.height <= WHOLE_PIXELS) return run(input, operation);
  const output = createImage(input.width, input.height, 4);
  const results: PageResult[] = [];
  await transformRows(
    readerOf(input),
    writerTo(output),
    operation,
    async (strip, product) => {
      const result = await run(strip, operation);
      results.push(result);
      product.data.set(result.image.data);
    },
    { maxBytes: STRIP_BYTES, onRows: (rows) => onProgress?.(rows / input.height), signal },
    async () => readerOf(input),
  );
  return { ...summaryOf(results), image: output };
}

function readerOf({ data, ...shape }: CheckedImage): RowReader {
  let at = 0;
  const read = async (rows: Uint8Array) => {
    rows.set(data.subarray(at, at + rows.length));
    at += rows.length;
  };
  const nothing = async () => {};
  return { ...shape, read, finish: nothing, close: nothing };
}

function writerTo({ data }: CheckedImage): RowWriter {
  let at = 0;
  const write = async (rows: CheckedImage) => {
    data.set(rows.data, at);
    at += rows.data.length;
  };
  return { write, finish: async () => {} };
}

/** Of all strips: the backend that computed most rows, and everything that failed once. */
function summaryOf(results: readonly PageResult[]): Omit<Product, 'image'> {
  const rowsOf = new Map<string, number>();
  for (const { shares } of results) {
    for (const { backend, device, rows } of shares) {
      const key = JSON.stringify([backend, device]);
      rowsOf.set(key, (rowsOf.get(key) ?? 0) + rows);
    }
  }
  const [[most]] = [...rowsOf].sort(([, a], [, b]) => b - a);
  const [backend, device] = JSON.parse(most);
  return {
    backend,
    device,
    reason: results.find((result) => result.backend === backend)?.reason ?? results[0].reason,
    fault: results.find(({ fault }) => fault !== undefined)?.fault,
    exactPixels: results.reduce((sum, result) => sum + result.exactPixels, 0),
    elapsedMs: results.reduce((sum, result) => sum + result.elapsedMs, 0),
  };
}
