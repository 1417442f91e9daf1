/**
 * Pixels to filtered rows of a PNG file. The twin of native-fallback/filter.cc, which also compresses them
 * (native-fallback/deflate.cc); here zlib does.
 */
import { nearest } from './unfilter.js';

/** Values of the filter byte. */
const [UP, AVERAGE] = [2, 3];
export const [NONE, SUB, PAETH] = [0, 1, 4];

/** Some rows, and where to write them. */
export interface RowsToEncode {
  readonly rows: Uint8Array;
  /** The number of rows. */
  readonly count: number;
  /** From one row to the next. */
  readonly rowBytes: number;
  /** In pixels. */
  readonly width: number;
  /** Samples of a pixel in `rows`. */
  readonly channels: number;
  /** The same, or 3 of 4. */
  readonly writtenChannels: number;
  /** The row before the first; absent at the top of an image. */
  readonly above: Uint8Array | undefined;
  /** Of every row: choosing it row by row costs more time than it saves bytes. */
  readonly filter: number;
  /** Whether to write deflate blocks that end at a byte, and not the filtered rows themselves. */
  readonly isCompressed: boolean;
  /** Has room for the filtered rows, or for what they may become compressed. */
  readonly output: Uint8Array;
}

export interface EncodedRows {
  /** Written to the output. */
  readonly byteLength: number;
  /** Adler-32 of the filtered rows alone. */
  readonly checksum: number;
}

/** Writes each row after its filter byte. */
export function encodeRows(job: RowsToEncode): EncodedRows {
  const { count, width, writtenChannels: pixel, filter, output } = job;
  const byteLength = width * pixel;
  let above = job.above === undefined ? new Uint8Array(byteLength) : writtenRow(job, job.above);
  for (let y = 0; y < count; y++) {
    const row = writtenRow(job, job.rows.subarray(y * job.rowBytes));
    const at = y * (1 + byteLength);
    output[at] = filter;
    filterRow(filter, row, above, pixel, output.subarray(at + 1, at + 1 + byteLength));
    above = row;
  }
  const filtered = output.subarray(0, count * (1 + byteLength));
  return { byteLength: filtered.length, checksum: adler32(filtered) };
}

function writtenRow({ width, channels, writtenChannels }: RowsToEncode, row: Uint8Array): Uint8Array {
  if (channels === writtenChannels) return row.subarray(0, width * channels);
  const written = new Uint8Array(width * 3);
  for (let x = 0; x < width; x++) for (let c = 0; c < 3; c++) written[3 * x + c] = row[4 * x + c];
  return written;
}

function filterRow(filter: number, row: Uint8Array, above: Uint8Array, pixel: number, to: Uint8Array): void {
  const left = (at: number) => (at < pixel ? 0 : row[at - pixel]);
  const corner = (at: number) => (at < pixel ? 0 : above[at - pixel]);
  switch (filter) {
    case NONE:
      to.set(row);
      break;
    case SUB:
      for (let at = 0; at < row.length; at++) to[at] = row[at] - left(at);
      break;
    case UP:
      for (let at = 0; at < row.length; at++) to[at] = row[at] - above[at];
      break;
    case AVERAGE:
      for (let at = 0; at < row.length; at++) to[at] = row[at] - ((left(at) + above[at]) >> 1);
      break;
    case PAETH:
      for (let at = 0; at < row.length; at++) to[at] = row[at] - nearest(left(at), above[at], corner(at));
  }
}

/** The modulus of Adler-32. */
const MODULUS = 65521;

/** The sums of so many bytes fit into 53 bits with much to spare; below it into 31, which is faster. */
const BYTES_AT_ONCE = 2048;

/** The checksum of RFC 1950. */
export function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + BYTES_AT_ONCE);
    for (; at < end; at++) {
      a += bytes[at];
      b += a;
    }
    a %= MODULUS;
    b %= MODULUS;
  }
  return b * 0x10000 + a;
}

/** The checksum of bytes that follow others, of which both checksums are known. */
export function joinChecksums(first: number, second: number, secondByteLength: number): number {
  const [a, b] = [first & 0xffff, first >>> 16];
  const byteLength = secondByteLength % MODULUS;
  const sum = (a + (second & 0xffff) + MODULUS - 1) % MODULUS;
  const weighted = (b + (second >>> 16) + byteLength * (a + MODULUS - 1)) % MODULUS;
  return weighted * 0x10000 + sum;
}
