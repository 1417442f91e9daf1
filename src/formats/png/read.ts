/** A PNG file as rows of 8-bit RGBA, read, checked, inflated and widened while it comes in. */
import { type ByteSource, type Input, readFrom } from '../../files/byte-source.js';
import { createImage } from '../../image.js';
import type { RowReader } from '../../rows.js';
import type { Extra } from '../extra.js';
import { explainInflation, findLack, MAX_EXCESS_BYTES, tooLittleImageData, wrongFilter } from './check.js';
import { hasAlpha, imageDataBytes, type PngHeader, tooMuchImageData } from './chunks.js';
import type { DecodeLimits } from './codec.js';
import { Inflater } from './inflate.js';
import { decodeInterlaced } from './interlace.js';
import { type PngParts, readPng } from './png-file.js';
import { chooseRowCodec, type RowCodec } from './row-codec.js';
import { layOutRows, type RowLayout } from './unfilter.js';

/** Bytes of rows that are decoded at a time. */
const PIECE_BYTES = 2 ** 20;

/**
 * Reads a PNG of any kind: the pixels that libpng gives with expand, scale_16 and an added alpha of 255. gAMA, sRGB and
 * iCCP have no effect; of an animation this is the default image. An interlaced one is decoded as a whole when its first
 * row is read.
 */
export class PngReader implements RowReader {
  readonly width: number;
  readonly height: number;
  readonly channels = 4;
  readonly #parts: PngParts;
  readonly #input: Input;
  readonly #codec: RowCodec;
  readonly #layout: RowLayout;
  readonly #inflater: Inflater;
  /** What the file holds besides its pixels; not complete before {@link finish}. */
  #extras: readonly Extra[];
  /** Takes the file apart, to its end; never rejects. @returns its fault */
  readonly #container: Promise<unknown>;
  #compressedBytes = 0;
  /** Inflated bytes that no row has taken. */
  #rest: Uint8Array = new Uint8Array();
  /** The row before the next one. */
  readonly #above: Uint8Array;
  #gathered: [Uint8Array, Uint8Array] = [new Uint8Array(), new Uint8Array()];
  #interlaced: Uint8Array | undefined;
  #y = 0;

  /**
   * Reads a file up to its image data.
   *
   * @param source the bytes that were taken from the input so far
   * @throws NeighborProductError `INVALID_PNG`, `TOO_MANY_PIXELS` before memory is allocated, `INPUT_UNREADABLE`
   */
  static async open(
    source: ByteSource,
    input: Input,
    limits: DecodeLimits,
    codec = chooseRowCodec(),
  ): Promise<PngReader> {
    return new Promise((resolve, reject) => {
      let reader: PngReader | undefined;
      const begin = (parts: PngParts, extras: readonly Extra[]) => {
        reader = new PngReader(parts, extras, input, codec, container);
        resolve(reader);
      };
      const imageData = (piece: Uint8Array) => {
        if (reader === undefined) return;
        reader.#compressedBytes += piece.length;
        reader.#inflater.write(piece);
      };
      const listener = { begin, imageData };
      const wantsMore = async () => (reader === undefined ? undefined : reader.#inflater.wantsMore());
      const container = Promise.resolve()
        .then(() => readFrom(input, readPng(source, limits, listener), wantsMore))
        .then(
          (extras) => {
            reader!.#extras = extras;
            reader!.#inflater.end();
            return undefined;
          },
          (error) => {
            if (reader !== undefined) reader.#inflater.close();
            reject(error);
            return error;
          },
        );
    });
  }

  private constructor(
    parts: PngParts,
    extras: readonly Extra[],
    input: Input,
    codec: RowCodec,
    container: Promise<unknown>,
  ) {
    this.width = parts.header.width;
    this.height = parts.header.height;
    this.#parts = parts;
    this.#extras = extras;
    this.#input = input;
    this.#codec = codec;
    this.#layout = layOutRows(parts);
    this.#inflater = new Inflater(imageDataBytes(parts.header));
    this.#container = container;
    this.#above = new Uint8Array(parts.header.interlaced ? 0 : this.#layout.rowBytes);
  }

  /** As the file declares the image. */
  get header(): PngHeader {
    return this.#parts.header;
  }

  /** pngjs keeps this thread busy. */
  get heldBytes(): number {
    return this.header.interlaced ? Number.POSITIVE_INFINITY : 0;
  }

  get extras(): readonly Extra[] {
    return this.#extras;
  }

  get codec() {
    return this.header.interlaced
      ? { name: 'pngjs', detail: 'as a whole, since it is interlaced' }
      : { name: 'neighbor-product', detail: this.#codec.detail };
  }

  /** Whether alpha is 255 in every pixel, as far as the kind of file tells. */
  get isOpaque(): boolean {
    const { header, palette, colourKey } = this.#parts;
    if (palette !== undefined) return palette.alphas.every((alpha) => alpha === 255);
    return colourKey === undefined && !hasAlpha(header);
  }

  /** @throws NeighborProductError `INVALID_PNG`, `INPUT_UNREADABLE`, `OUT_OF_MEMORY` */
  async read(rgba: Uint8Array): Promise<void> {
    const rowBytes = this.width * 4;
    if (this.header.interlaced) {
      this.#interlaced ??= await this.#decodeInterlaced();
      rgba.set(this.#interlaced.subarray(this.#y * rowBytes, this.#y * rowBytes + rgba.length));
      this.#y += rgba.length / rowBytes;
      return;
    }
    const stored = 1 + this.#layout.rowBytes;
    const rowsAtOnce = Math.max(1, Math.floor(PIECE_BYTES / stored));
    const count = rgba.length / rowBytes;
    let decoding: Promise<void> = Promise.resolve();
    try {
      for (let y = 0; y < count; y += rowsAtOnce) {
        const rows = await this.#gather(Math.min(rowsAtOnce, count - y) * stored);
        await decoding;
        decoding = this.#decode(rows, rgba.subarray(y * rowBytes, y * rowBytes + (rows.length / stored) * rowBytes));
        decoding.catch(() => {}); // heard when it is waited for
      }
      await decoding;
    } catch (error) {
      await decoding.catch(() => {});
      throw await this.#verdict(error);
    }
    this.#y += count;
  }

  /** Checks the rest of the file. @throws as {@link read} */
  async finish(): Promise<void> {
    let excess = 0;
    try {
      for (let chunk: Uint8Array | undefined = this.#rest; chunk !== undefined; chunk = await this.#inflater.next()) {
        excess += chunk.length;
        if (excess > MAX_EXCESS_BYTES) throw tooMuchImageData(imageDataBytes(this.header));
      }
    } catch (error) {
      throw await this.#verdict(error);
    }
    const fault = await this.#container;
    if (fault !== undefined) throw fault;
    await this.#input.close();
  }

  async close(): Promise<void> {
    this.#inflater.close();
    await this.#input.close();
    await this.#container;
  }

  /** What is wrong with the file: its chunks come first, since damaged ones damage what is in them. */
  async #verdict(error: unknown): Promise<unknown> {
    this.#inflater.close();
    const fault = await this.#container;
    return fault ?? findLack(this.#compressedBytes, this.header) ?? explainInflation(error, this.header);
  }

  /** The next inflated bytes, in memory that the call after the next one uses again. */
  async #gather(byteLength: number): Promise<Uint8Array> {
    const [free, other] = this.#gathered;
    const memory = free.length < byteLength ? Buffer.allocUnsafeSlow(byteLength) : free;
    this.#gathered = [other, memory];
    const bytes = memory.subarray(0, byteLength);
    for (let at = 0; at < byteLength; ) {
      if (this.#rest.length === 0) {
        const chunk = await this.#inflater.next();
        if (chunk === undefined) throw tooLittleImageData(this.header, this.#y * (1 + this.#layout.rowBytes) + at);
        this.#rest = chunk;
      }
      const part = this.#rest.subarray(0, byteLength - at);
      bytes.set(part, at);
      at += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return bytes;
  }

  async #decode(rows: Uint8Array, rgba: Uint8Array): Promise<void> {
    const { rowBytes } = this.#layout;
    const count = rows.length / (1 + rowBytes);
    const wrong = await this.#codec.decode({ ...this.#layout, rows, count, above: this.#above, rgba });
    if (wrong >= 0) throw wrongFilter(rows[wrong * (1 + rowBytes)]);
    this.#above.set(rows.subarray(rows.length - rowBytes));
  }

  async #decodeInterlaced(): Promise<Uint8Array> {
    try {
      const imageData = await this.#gather(imageDataBytes(this.header));
      return decodeInterlaced({ ...this.#parts, imageData });
    } catch (error) {
      throw await this.#verdict(error);
    }
  }
}

/** Reads a whole image. @throws as {@link PngReader.read} and {@link PngReader.finish} */
export async function readWholeImage(reader: RowReader) {
  try {
    const image = createImage(reader.width, reader.height, reader.channels);
    await reader.read(image.data);
    await reader.finish();
    return image;
  } finally {
    await reader.close();
  }
}
