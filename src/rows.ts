/**
 * Rows flow: an image is transformed while it is read and written, some rows at a time. A strip of rows is an image of its
 * own, with as many rows above and below it as there are passes; what its false edges spoil reaches no further, and is
 * dropped. So whole images of any height take the memory of a few strips, on any backend.
 */
import { NeighborProductError } from './errors.js';
import { type CheckedImage, createImage, type ImageShape, rowsOf, sizeText } from './image.js';
import type { Operation } from './options.js';
import { leavesEdges, needsOtherEdge } from './regions.js';

/** An image that is read once, from top to bottom. */
export interface RowReader extends ImageShape {
  /**
   * Reads the next rows.
   *
   * @param rows filled with whole rows without padding, not more than are left
   */
  readonly read: (rows: Uint8Array) => Promise<void>;
  /** To be called after the last row: reads and checks what follows the pixels. */
  readonly finish: () => Promise<void>;
  /** Ends the reading early or late, and frees what it holds. */
  readonly close: () => Promise<void>;
}

/** Where the rows of an image go, from top to bottom. */
export interface RowWriter {
  /**
   * Takes the next rows, without padding. Their memory may change once the promise resolves; other rows may come before.
   */
  readonly write: (rows: CheckedImage) => Promise<void>;
  /** To be called after the last row: resolves when all is written. */
  readonly finish: () => Promise<void>;
}

/** A strip in rows of the reader: computed from `firstRow` to `endRow`, read from `firstHeld` to `endHeld`. */
export interface StripRows {
  readonly firstHeld: number;
  readonly firstRow: number;
  readonly endRow: number;
  readonly endHeld: number;
}

/**
 * Transforms a strip as an image of its own; pixels that the border mode skips are left as they are. Of the output only
 * the rows that are computed count.
 */
export type TransformStrip = (input: CheckedImage, output: CheckedImage, strip: StripRows) => Promise<void>;

export interface FlowOptions {
  /** The most bytes of strips at a time. */
  readonly maxBytes: number;
  /** Called with the number of rows that were handed to the writer. */
  readonly onRows?: ((rows: number) => void) | undefined;
  /** Ends the flow. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Transforms an image while it flows from a reader to a writer. Reading, computing and writing go on at the same time. Both
 * are finished; nothing is under way any more when the promise settles. The caller closes the reader.
 *
 * @param openAgain opens a reader once more, where the first rows need the last ones and the image is large; absent where
 * what is read can be read only once
 * @throws NeighborProductError `OUT_OF_MEMORY` where not even a strip fits; whatever the reader, the writer or the transform
 * throw
 */
export async function transformRows(
  reader: RowReader,
  writer: RowWriter,
  operation: Operation,
  transform: TransformStrip,
  options: FlowOptions,
  openAgain?: () => Promise<RowReader>,
): Promise<void> {
  const plan = planStrips(reader, operation, options.maxBytes);
  if (!plan.isCyclic) return flow(reader, writer, plan, operation, transform, options);
  const { head, tail, again } = await readEnds(reader, plan.halo, options, openAgain);
  try {
    if (again.width !== reader.width || again.height !== reader.height) throw changed(reader, again);
    await flow(cyclic(again, head, tail), writer, plan, operation, transform, options);
  } finally {
    await again.close();
  }
}

export interface StripPlan {
  /** Rows on either side of a strip that it needs besides those that it computes. */
  readonly halo: number;
  /** Whether the rows of the other end are read before the first and after the last row. */
  readonly isCyclic: boolean;
  readonly count: number;
  /** Not a list: a header of a few bytes can ask for a million. */
  readonly strip: (index: number) => StripRows;
  /** Rows of the strip that holds most, at most. */
  readonly mostRows: number;
}

/** Enough of them that reading, computing and writing of an image overlap, each long enough to be worth a call. */
const STRIPS = 8;
const LEAST_STRIP_BYTES = 2 ** 20;
const MOST_STRIP_BYTES = 2 ** 22;

/** Strips in memory: two that are read, of which one is computed; two that are computed, of which one is written. */
const STRIPS_HELD = 4;

/** Where there are many passes, a strip has so many times the rows that are computed in vain on either side. */
const HALOS_IN_STRIP = 4;

/**
 * The most bytes of an image that are held while it flows: strips, and the image where it is kept for its ends.
 *
 * @throws NeighborProductError `OUT_OF_MEMORY`
 */
export function bytesHeld(image: ImageShape, operation: Operation, maxBytes: number): number {
  const { mostRows, isCyclic } = planStrips(image, operation, maxBytes);
  const rowBytes = image.width * image.channels;
  const keptRows = isCyclic && canBeKept(image, maxBytes) ? image.height : 0;
  return (STRIPS_HELD * mostRows + keptRows) * rowBytes;
}

/** Whether an image may be kept as a whole beside its strips. */
function canBeKept({ width, height, channels }: ImageShape, maxBytes: number): boolean {
  return 2 * width * height * channels <= maxBytes;
}

/** How rows are cut into strips. @throws NeighborProductError `OUT_OF_MEMORY` */
export function planStrips(
  { width, height, channels }: ImageShape,
  { passes, border }: Pick<Operation, 'passes' | 'border'>,
  maxBytes: number,
): StripPlan {
  const rowBytes = width * channels;
  const mostRows = Math.floor(maxBytes / STRIPS_HELD / rowBytes);
  const wanted = Math.min(MOST_STRIP_BYTES, Math.max(LEAST_STRIP_BYTES, (rowBytes * height) / STRIPS));
  const rows = Math.min(Math.max(Math.ceil(wanted / rowBytes), HALOS_IN_STRIP * passes), mostRows - 2 * passes);
  if (height <= Math.max(rows, Math.min(mostRows, 2 * passes))) {
    return { halo: 0, isCyclic: false, count: 1, strip: () => stripRows(0, 0, height, height), mostRows: height };
  }
  if (rows < 1) throw tooLittleMemory(rowBytes, Math.min(2 * passes + 1, height), passes, maxBytes);
  const isCyclic = needsOtherEdge(border);
  const [first, end] = isCyclic ? [passes, height + passes] : [0, height];
  const count = Math.ceil(height / rows);
  const start = (index: number) => first + Math.floor((height * index) / count);
  const strip = (index: number) => {
    const [firstRow, endRow] = [start(index), start(index + 1)];
    if (isCyclic) return stripRows(firstRow - passes, firstRow, endRow, endRow + passes);
    return stripRows(Math.max(first, firstRow - passes), firstRow, endRow, Math.min(end, endRow + passes));
  };
  const most = Math.ceil(height / count) + 2 * passes;
  return { halo: passes, isCyclic, count, strip, mostRows: isCyclic ? most : Math.min(most, height) };
}

function stripRows(firstHeld: number, firstRow: number, endRow: number, endHeld: number): StripRows {
  return { firstHeld, firstRow, endRow, endHeld };
}

async function flow(
  reader: RowReader,
  writer: RowWriter,
  { count, strip, mostRows }: StripPlan,
  { border }: Operation,
  transform: TransformStrip,
  { onRows, signal }: FlowOptions,
): Promise<void> {
  const { width, channels } = reader;
  const images = () => Array.from({ length: Math.min(2, count) }, () => createImage(width, mostRows, channels));
  const [inputs, outputs] = [images(), images()];
  const last = count - 1;
  const top = strip(0).firstRow;

  const read = async (index: number) => {
    const { firstHeld, endHeld } = strip(index);
    const input = packedRows(inputs[index % 2], 0, endHeld - firstHeld);
    const before = strip(Math.max(0, index - 1));
    const kept = index === 0 ? 0 : before.endHeld - firstHeld;
    if (kept > 0) {
      const from = firstHeld - before.firstHeld;
      input.data.set(packedRows(inputs[(index - 1) % 2], from, from + kept).data);
    }
    await reader.read(packedRows(input, kept, input.height).data);
    return input;
  };

  const write = async (index: number, output: CheckedImage) => {
    const { firstHeld, firstRow, endRow } = strip(index);
    await writer.write(packedRows(output, firstRow - firstHeld, endRow - firstHeld));
    onRows?.(endRow - top);
  };

  const begin = (index: number) => {
    const strip = read(index);
    strip.catch(() => {}); // heard when it is waited for
    return strip;
  };
  let reading = begin(0);
  const writing: Promise<void>[] = [];
  try {
    for (let index = 0; index <= last; index++) {
      const input = await reading;
      signal?.throwIfAborted();
      if (index < last) reading = begin(index + 1);
      await writing[index - 2]; // its memory is written to again
      const output = packedRows(outputs[index % 2], 0, input.height);
      if (leavesEdges(border) && index === last) packedRows(output, input.height - 1, input.height).data.fill(0);
      await transform(input, output, strip(index));
      writing[index] = write(index, output);
      writing[index].catch(() => {}); // heard when it is waited for
      delete writing[index - 2];
    }
    await Promise.all([...writing.slice(-2), reader.finish()]);
    await writer.finish();
  } finally {
    await Promise.allSettled([reading, ...writing.slice(-2)]);
  }
}

/** Rows of an image without padding, and no samples behind them. */
function packedRows(image: CheckedImage, first: number, end: number): CheckedImage {
  const rows = rowsOf(image, first, end);
  return { ...rows, data: rows.data.subarray(0, rows.height * rows.rowBytes) };
}

/** The first and the last rows of an image, and the image once more: from memory, where it takes at most half of it. */
async function readEnds(
  reader: RowReader,
  count: number,
  { maxBytes }: FlowOptions,
  openAgain: (() => Promise<RowReader>) | undefined,
): Promise<{ head: Uint8Array; tail: Uint8Array; again: RowReader }> {
  const { width, height, channels } = reader;
  const rowBytes = width * channels;
  if (canBeKept(reader, maxBytes)) {
    const { data } = createImage(width, height, channels);
    await reader.read(data);
    await reader.finish();
    const [head, tail] = [data.subarray(0, count * rowBytes), data.subarray((height - count) * rowBytes)];
    return { head, tail, again: inMemory(reader, data) };
  }
  if (openAgain === undefined) throw needsTwoReadings(reader, maxBytes);
  const head = createImage(width, count, channels).data;
  await reader.read(head);
  const rowsAtOnce = Math.max(1, Math.floor(LEAST_STRIP_BYTES / rowBytes));
  const passed = createImage(width, rowsAtOnce, channels).data;
  for (let y = count; y < height - count; y += rowsAtOnce) {
    await reader.read(passed.subarray(0, Math.min(rowsAtOnce, height - count - y) * rowBytes));
  }
  const tail = createImage(width, count, channels).data;
  await reader.read(tail);
  await reader.finish();
  await reader.close();
  return { head, tail, again: await openAgain() };
}

function inMemory({ width, height, channels }: ImageShape, data: Uint8Array): RowReader {
  let at = 0;
  const read = async (rows: Uint8Array) => {
    rows.set(data.subarray(at, at + rows.length));
    at += rows.length;
  };
  return { width, height, channels, read, finish: async () => {}, close: async () => {} };
}

/** An image with the rows of its other end before its first and after its last row. */
function cyclic(reader: RowReader, head: Uint8Array, tail: Uint8Array): RowReader {
  const { width, height, channels } = reader;
  const rowBytes = width * channels;
  const ends = head.length / rowBytes;
  let y = -ends;
  /** What is left of the end that row y is in; undefined for a row of the reader. */
  const endAt = () => {
    if (y < 0) return tail.subarray((y + ends) * rowBytes);
    return y < height ? undefined : head.subarray((y - height) * rowBytes);
  };
  const read = async (rows: Uint8Array) => {
    for (let at = 0; at < rows.length; ) {
      const end = endAt();
      const part = rows.subarray(at, at + (end?.length ?? (height - y) * rowBytes));
      if (end === undefined) await reader.read(part);
      else part.set(end.subarray(0, part.length));
      at += part.length;
      y += part.length / rowBytes;
    }
  };
  const [finish, close] = [() => reader.finish(), () => reader.close()];
  return { width, height: height + 2 * ends, channels, read, finish, close };
}

const MIB = 2 ** 20;

function tooLittleMemory(rowBytes: number, rows: number, passes: number, maxBytes: number): NeighborProductError {
  const needed = Math.ceil((STRIPS_HELD * rows * rowBytes) / MIB);
  const what = `${passes} pass${passes === 1 ? '' : 'es'} over rows of ${rowBytes} bytes`;
  const message =
    `${what} need ${needed} MiB at once, more than the ${Math.floor(maxBytes / MIB)} MiB allowed. ` +
    `Raise --max-memory to ${needed}M.`;
  return new NeighborProductError('OUT_OF_MEMORY', message);
}

function needsTwoReadings({ width, height, channels }: RowReader, maxBytes: number): NeighborProductError {
  const needed = Math.ceil((2 * width * height * channels) / MIB);
  const message =
    'The first row needs the last one, and the image is too large for the memory allowed and cannot be read twice. ' +
    `Name a PNG file, use another border mode, or raise --max-memory from ${Math.floor(maxBytes / MIB)}M to ${needed}M.`;
  return new NeighborProductError('INVALID_OPTION', message);
}

function changed(before: ImageShape, now: ImageShape): NeighborProductError {
  const message = `The file has changed while it was read: from ${sizeText(before)} to ${sizeText(now)}. Run it again.`;
  return new NeighborProductError('INPUT_UNREADABLE', message);
}
