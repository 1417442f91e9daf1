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

/** Pixels that go to the worker at once: 16 MiB, which the page copies in some milliseconds. */
const WHOLE_PIXELS = 2 ** 22;

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

/** A picture as a PNG file. Its rows go to the worker some at a time. */
export async function encode(engine: Engine, image: CheckedImage): Promise<Blob> {
  const { data, width, height } = image;
  await engine.call('beginEncoding', { width, height, isOpaque: await isOpaque(image) });
  const rowsAtOnce = Math.ceil(WHOLE_PIXELS / width);
  for (let y = 0; y < height; y += rowsAtOnce) {
    const rows = data.slice(y * width * 4, (y + rowsAtOnce) * width * 4);
    await engine.call('encodeRows', rows, { move: [rows.buffer] });
  }
  return engine.call('endEncoding', undefined as never);
}

async function isOpaque({ data }: CheckedImage): Promise<boolean> {
  for (let at = 3; at < data.length; at += 4) {
    if (data[at] !== 255) return false;
    if (at % (4 * WHOLE_PIXELS) === 3) await new Promise((resolve) => setTimeout(resolve));
  }
  return true;
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
