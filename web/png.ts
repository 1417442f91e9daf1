/**
 * PNG files in a page, by the project's own twins of its native code: a canvas would multiply colours by alpha and round 16
 * bits its own way. The browser only inflates and deflates. Every file gives the pixels that Node gives, or is refused.
 */
import { joined, readInMemory } from '../src/files/byte-source.js';
import {
  chunkBytes,
  cutShort,
  damaged,
  HEADER_BYTES,
  type InterlacePass,
  imageDataBytes,
  interlacePasses,
  isPng,
  PNG_SIGNATURE,
  tooMuchImageData,
} from '../src/formats/png/chunks.js';
import { adler32, encodeRows, joinChecksums, SUB } from '../src/formats/png/filter.js';
import { type PngParts, readPng } from '../src/formats/png/png-file.js';
import { decodeRows, layOutRows } from '../src/formats/png/unfilter.js';
import { type CheckedImage, createImage, rowsOf } from '../src/image.js';

export { isPng };

/** Bytes of rows that are filtered at a time. */
const BAND_BYTES = 2 ** 20;

/** Bytes past the last row that are dropped, as in src/formats/png/check.ts. */
const MAX_EXCESS_BYTES = 2 ** 16;

/**
 * Decodes a PNG of any kind to 8-bit RGBA.
 *
 * @param checkSize called with the size before memory is allocated; may throw
 * @throws NeighborProductError `INVALID_PNG`, `TOO_MANY_PIXELS`, `OUT_OF_MEMORY`
 */
export async function decodePng(
  file: Uint8Array,
  checkSize: (width: number, height: number) => void,
): Promise<CheckedImage> {
  const compressed: Uint8Array[] = [];
  let parts: PngParts | undefined;
  const listener = {
    begin(begun: PngParts) {
      checkSize(begun.header.width, begun.header.height);
      parts = begun;
    },
    imageData: (piece: Uint8Array) => void compressed.push(piece),
  };
  readInMemory(file, (source) => readPng(source, { maxPixels: Number.POSITIVE_INFINITY }, listener));
  const { header } = parts!;
  const image = createImage(header.width, header.height, 4);
  const rows = new InflatedRows(compressed, imageDataBytes(header));
  for (const pass of interlacePasses(header)) await decodePass(rows, parts!, pass, image);
  await rows.finish();
  return image;
}

async function decodePass(rows: InflatedRows, parts: PngParts, pass: InterlacePass, image: CheckedImage) {
  const layout = { ...layOutRows(parts), width: pass.columns, rowBytes: pass.rowBytes };
  const rowsAtOnce = Math.max(1, Math.floor(BAND_BYTES / (1 + pass.rowBytes)));
  let above = new Uint8Array(pass.rowBytes);
  for (let y = 0; y < pass.rows; y += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, pass.rows - y);
    const band = await rows.take(count * (1 + pass.rowBytes));
    const isWhole = pass.stepX === 1 && pass.stepY === 1;
    const rgba = isWhole ? rowsOf(image, y, y + count).data : new Uint8Array(count * pass.columns * 4);
    const wrong = decodeRows({ ...layout, rows: band, count, above, rgba });
    if (wrong >= 0) throw damaged(`a row has filter ${band[wrong * (1 + pass.rowBytes)]}, not 0 to 4`);
    above = band.subarray(band.length - pass.rowBytes);
    if (!isWhole) scatter(new Uint32Array(rgba.buffer), y, pass, image);
  }
}

/** Puts the pixels of an interlaced pass where they belong. */
function scatter(
  pixels: Uint32Array,
  firstRow: number,
  { x, y, stepX, stepY, columns }: InterlacePass,
  image: CheckedImage,
) {
  const to = new Uint32Array(image.data.buffer);
  for (let at = 0; at < pixels.length; at++) {
    const row = y + (firstRow + Math.floor(at / columns)) * stepY;
    to[row * image.width + x + (at % columns) * stepX] = pixels[at];
  }
}

/** The image data of a PNG, inflated by the browser while it is taken. */
class InflatedRows {
  readonly #compressed: readonly Uint8Array[];
  readonly #byteLength: number;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();
  #taken = 0;
  #inflated = 0;
  /** Adler-32 of all that was inflated. */
  #checksum = 1;

  constructor(compressed: readonly Uint8Array[], byteLength: number) {
    this.#compressed = compressed;
    this.#byteLength = byteLength;
    this.#reader = streamOf(compressed).pipeThrough(new DecompressionStream('deflate')).getReader();
  }

  /** @returns memory of its own */
  async take(byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(byteLength);
    for (let at = 0; at < byteLength; ) {
      if (this.#rest.length === 0 && !(await this.#inflate())) throw this.#tooLittle();
      const part = this.#rest.subarray(0, byteLength - at);
      bytes.set(part, at);
      at += part.length;
      this.#taken += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return bytes;
  }

  /** Checks what follows the last row. */
  async finish(): Promise<void> {
    let excess = 0;
    do {
      excess += this.#rest.length;
      if (excess > MAX_EXCESS_BYTES) throw tooMuchImageData(this.#byteLength);
    } while (await this.#inflate());
  }

  /** @returns whether there was more */
  async #inflate(): Promise<boolean> {
    try {
      const { done, value } = await this.#reader.read();
      if (done) return false;
      this.#rest = value;
      this.#checksum = joinChecksums(this.#checksum, adler32(value), value.length);
      this.#inflated += value.length;
      return true;
    } catch {
      // Browsers also refuse bytes behind a zlib stream, which PNG allows: the stream was whole if its checksum is there.
      if (this.#inflated >= this.#byteLength && this.#hasChecksum()) return false;
      throw damaged('its image data does not inflate');
    }
  }

  #hasChecksum(): boolean {
    const sum = this.#checksum;
    const wanted = [sum >>> 24, (sum >>> 16) & 255, (sum >>> 8) & 255, sum & 255];
    const bytes = joined(this.#compressed);
    for (let at = bytes.lastIndexOf(wanted[0]); at >= 0; at = bytes.lastIndexOf(wanted[0], at - 1)) {
      if (wanted.every((byte, k) => bytes[at + k] === byte)) return true;
      if (at === 0) break;
    }
    return false;
  }

  #tooLittle(): Error {
    return cutShort(`the header implies ${this.#byteLength} bytes of image data, but there are only ${this.#taken}`);
  }
}

function streamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const rest = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const piece = rest.shift();
      if (piece) controller.enqueue(piece as Uint8Array<ArrayBuffer>);
      else controller.close();
    },
  });
}

/** What a file says of an image before its pixels. */
export interface PngShape {
  readonly width: number;
  readonly height: number;
  /** Whether alpha is 255 everywhere, and left out. */
  readonly isOpaque: boolean;
}

/** Writes RGBA as a PNG file, some rows at a time. */
export class PngEncoder {
  readonly #width: number;
  readonly #channels: 3 | 4;
  readonly #deflate = new CompressionStream('deflate');
  readonly #filtered = this.#deflate.writable.getWriter();
  readonly #parts: Promise<Uint8Array[]>;
  #above: Uint8Array | undefined;

  constructor({ width, height, isOpaque }: PngShape) {
    this.#width = width;
    this.#channels = isOpaque ? 3 : 4;
    const header = new Uint8Array(HEADER_BYTES);
    const view = new DataView(header.buffer);
    view.setUint32(0, width);
    view.setUint32(4, height);
    header.set([8, isOpaque ? 2 : 6, 0, 0, 0], 8);
    this.#parts = this.#gather([PNG_SIGNATURE, ...chunkBytes('IHDR', header)]);
  }

  /** @param rows whole rows of RGBA without padding, whose memory does not change */
  async write(rows: Uint8Array): Promise<void> {
    const rowBytes = this.#width * 4;
    const band = Math.max(1, Math.floor(BAND_BYTES / rowBytes)) * rowBytes;
    for (let at = 0; at < rows.length; at += band) {
      const part = rows.subarray(at, at + band);
      const count = part.length / rowBytes;
      const output = new Uint8Array(count * (1 + this.#width * this.#channels));
      const layout = { rowBytes, width: this.#width, channels: 4, writtenChannels: this.#channels };
      encodeRows({ ...layout, rows: part, count, above: this.#above, filter: SUB, isCompressed: false, output });
      this.#above = part.subarray(part.length - rowBytes);
      await this.#filtered.write(output);
    }
  }

  /** @returns the parts of the file */
  async finish(): Promise<Uint8Array<ArrayBuffer>[]> {
    await this.#filtered.close();
    return [...(await this.#parts), ...chunkBytes('IEND', new Uint8Array())] as Uint8Array<ArrayBuffer>[];
  }

  async #gather(parts: Uint8Array[]): Promise<Uint8Array[]> {
    const reader = this.#deflate.readable.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      parts.push(...chunkBytes('IDAT', piece.value));
    }
    return parts;
  }
}
