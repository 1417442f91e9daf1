/**
 * Rows to a PNG file, written while they come: bands of rows are filtered and compressed on several threads, each ending at
 * a byte, and put into the file in their order, as pigz does. The pixels are exactly the image's.
 */
import { promisify } from 'node:util';
import { constants, deflateRaw, type InputType, type ZlibOptions } from 'node:zlib';
import { availableCores, poolThreads } from '../../cores.js';
import { type CheckedImage, type ImageShape, rowsOf } from '../../image.js';
import type { RowWriter } from '../../rows.js';
import { Semaphore } from '../../semaphore.js';
import type { MetadataChunk } from '../extra.js';
import { chunkBytes, HEADER_BYTES, PNG_SIGNATURE } from './chunks.js';
import { type Compression, DEFAULT_COMPRESSION, type EncodeOptions } from './codec.js';
import { joinChecksums, type RowsToEncode } from './filter.js';
import { chooseRowCodec, type RowCodec } from './row-codec.js';
import { chooseSetting, forBytes, type Setting, sampleRows, settingsFor } from './settings.js';

/** Takes the bytes of a file in their order. They may change once the promise resolves. */
export type TakeBytes = (pieces: readonly Uint8Array[]) => Promise<void>;

/** An image that is going to be written. */
export interface ImageToWrite extends ImageShape {
  /** Whether alpha is 255 everywhere, so that it can be left out. */
  readonly isOpaque: boolean;
}

/** Settings are tried anew after so many bytes of rows. */
const TRY_AGAIN_BYTES = 2 ** 25;

/** Bytes of rows in a band. */
const BAND_BYTES = 2 ** 19;

/** Less image data gets no chunk of its own, which takes 12 bytes besides. */
const LEAST_CHUNK_BYTES = 2 ** 15;

/** How far back deflate can refer. */
const WINDOW_BYTES = 2 ** 15;

/** Of the zlib stream that the image data is: deflate, a window of 32 KiB. */
const ZLIB_HEADER = Uint8Array.of(0x78, 0x01);
/** The last block, which is empty. */
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);

const deflateRawOffThread = promisify<InputType, ZlibOptions, Buffer>(deflateRaw);

interface Band {
  /** In memory that is used again once it is written. */
  readonly compressed: Uint8Array;
  /** Of the filtered rows. */
  readonly byteLength: number;
  readonly checksum: number;
}

const NO_WINDOW: Promise<Uint8Array> = Promise.resolve(new Uint8Array());

/** PNG's colour types for three and four samples per pixel. */
const COLOUR_TYPES = { 3: 2, 4: 6 } as const;

/** Writes 8 bits a sample, truecolour with alpha where there is some, not interlaced. */
export class PngWriter implements RowWriter {
  /** Bytes of the file so far. */
  byteLength = 0;
  readonly keepsMetadata = true;
  readonly #take: TakeBytes;
  readonly #codec: RowCodec;
  readonly #compression: Compression;
  readonly #channels: 3 | 4;
  #threads: Semaphore | undefined;
  /** What goes before the first chunk of image data. */
  #head: readonly Uint8Array[];
  /** Image data that is in no chunk yet. */
  #imageData: Uint8Array[] = [ZLIB_HEADER];
  /** Resolves when all bands so far are written. */
  #written: Promise<unknown> = Promise.resolve();
  /** Memory for compressed bands: what can be used again, and what is in use. */
  readonly #free: ArrayBufferLike[] = [];
  readonly #lent = new Set<ArrayBufferLike>();
  #checksum = 1;
  /** The last row so far, in memory of its own. */
  #above: Uint8Array | undefined;
  readonly #settings: readonly Setting[];
  /** How the next rows are compressed, as far as that is known, and how many bytes ago that was tried. */
  #guess: Setting;
  #setting: Promise<Setting>;
  #sinceTried = Number.POSITIVE_INFINITY;
  /** Resolves when the encoding of the rows so far has begun. */
  #turn: Promise<void> = Promise.resolve();
  readonly #tryAgainBytes: number;
  /** The last filtered bytes, where zlib compressed them. */
  #window = NO_WINDOW;

  constructor(
    take: TakeBytes,
    { width, height, channels, isOpaque }: ImageToWrite,
    { compression = DEFAULT_COMPRESSION, metadata = [] }: EncodeOptions = {},
    codec: RowCodec = chooseRowCodec(),
    tryAgainBytes = TRY_AGAIN_BYTES,
  ) {
    this.#take = take;
    this.#codec = codec;
    this.#compression = compression;
    this.#channels = isOpaque ? 3 : channels;
    this.#settings = settingsFor(compression, codec.compressedBound !== undefined);
    this.#guess = this.#settings[0];
    this.#setting = Promise.resolve(this.#guess);
    this.#tryAgainBytes = tryAgainBytes;
    const ihdr = Buffer.alloc(HEADER_BYTES);
    ihdr.writeUInt32BE(width, 0);
    ihdr.writeUInt32BE(height, 4);
    ihdr.set([8, COLOUR_TYPES[this.#channels], 0, 0, 0], 8);
    this.#head = [PNG_SIGNATURE, ...chunkBytes('IHDR', ihdr), ...chunksOf(metadata)];
  }

  get codec() {
    return { name: 'neighbor-product', detail: this.#codec.detail };
  }

  /** Takes rows before the rows of the last call are done, so that threads need not wait for each other. */
  write(rows: CheckedImage): Promise<void> {
    const writtenBefore = this.#written;
    const bands = this.#encode(rows);
    this.#written = Promise.all([bands, writtenBefore]).then(([encoded]) => this.#writeBands(encoded));
    this.#written.catch(() => {}); // heard when the next rows come, or at the end
    return Promise.all([bands, writtenBefore]).then(() => {});
  }

  /** @param metadata chunks to write after the image */
  async finish(metadata: readonly MetadataChunk[] = []): Promise<void> {
    await this.#written;
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(this.#checksum);
    await this.#addImageData(Buffer.concat([LAST_BLOCK, checksum]), 0);
    await this.#takeBytes([...chunksOf(metadata), ...chunkBytes('IEND', new Uint8Array())]);
  }

  async #writeBands(bands: readonly Band[]): Promise<void> {
    for (const { compressed, byteLength, checksum } of bands) {
      this.#checksum = joinChecksums(this.#checksum, checksum, byteLength);
      await this.#addImageData(compressed, LEAST_CHUNK_BYTES);
    }
  }

  /** Writes a chunk once it is worth one. */
  async #addImageData(data: Uint8Array, leastBytes: number): Promise<void> {
    this.#imageData.push(data);
    if (this.#imageData.reduce((sum, { length }) => sum + length, 0) < leastBytes) return;
    const chunk = chunkBytes('IDAT', this.#imageData.length === 1 ? data : Buffer.concat(this.#imageData));
    const [pieces, written] = [[...this.#head, ...chunk], this.#imageData];
    this.#head = [];
    this.#imageData = [];
    await this.#takeBytes(pieces);
    for (const { buffer } of written) if (this.#lent.delete(buffer)) this.#free.push(buffer);
  }

  async #takeBytes(pieces: readonly Uint8Array[]): Promise<void> {
    this.byteLength += pieces.reduce((sum, { length }) => sum + length, 0);
    await this.#take(pieces);
  }

  #encode(rows: CheckedImage): Promise<Band[]> {
    const above = this.#above;
    this.#above = rowsOf(rows, rows.height - 1, rows.height).data.slice(0, rows.width * rows.channels);
    const guess = this.#guess;
    const isTried = this.#tryOn(rows);
    // Most images go on as they began, so nothing waits for what is tried. Of zlib each band needs the one before.
    const guessed = isTried && guess.zlib === undefined ? this.#encodeBands(rows, above, guess) : undefined;
    guessed?.catch(() => {}); // heard where it is used
    const begun = Promise.all([this.#setting, this.#turn]).then(([setting]) => {
      if (setting.zlib === undefined) this.#window = NO_WINDOW;
      return { bands: setting === guess && guessed ? guessed : this.#encodeBands(rows, above, setting) };
    });
    this.#turn = begun.then(
      () => {},
      () => {},
    );
    return begun.then(({ bands }) => bands);
  }

  #encodeBands(rows: CheckedImage, aboveFirst: Uint8Array | undefined, setting: Setting): Promise<Band[]> {
    // The pool takes jobs in their order: two threads stay for those that read, or the image would wait for its own bands.
    this.#threads ??= new Semaphore(Math.max(1, Math.min(availableCores(), poolThreads() - 2)));
    const threads = this.#threads;
    const stored = 1 + rows.width * this.#channels;
    const rowsInBand = Math.max(1, Math.floor(BAND_BYTES / stored));
    const bands: Promise<Band>[] = [];
    for (let y = 0; y < rows.height; y += rowsInBand) {
      const band = rowsOf(rows, y, Math.min(y + rowsInBand, rows.height));
      const above = y === 0 ? aboveFirst : rowsOf(rows, y - 1, y).data;
      const { filter, zlib } = setting;
      bands.push(threads.run(this.#encoding(band, above, filter, zlib)));
    }
    return Promise.all(bands);
  }

  /** How a band will be encoded, in its place after the one before. */
  #encoding(rows: CheckedImage, above: Uint8Array | undefined, filter: number, zlib: ZlibOptions | undefined) {
    const byteLength = rows.height * (1 + rows.width * this.#channels);
    if (zlib === undefined) {
      return async (): Promise<Band> => {
        const output = this.#memory(this.#codec.compressedBound!(byteLength));
        const encoded = await this.#codec.encode(this.#job(rows, above, filter, true, output));
        return { compressed: output.subarray(0, encoded.byteLength), byteLength, checksum: encoded.checksum };
      };
    }
    const before = this.#window;
    let filteredUpTo = (_window: Uint8Array) => {};
    this.#window = new Promise((resolve) => {
      filteredUpTo = resolve;
    });
    return async (): Promise<Band> => {
      const filtered = Buffer.allocUnsafeSlow(byteLength);
      const { checksum } = await this.#codec
        .encode(this.#job(rows, above, filter, false, filtered))
        .finally(() => filteredUpTo(filtered.subarray(-WINDOW_BYTES)));
      const window = await before;
      const dictionary = window.length === 0 ? {} : { dictionary: window };
      const sized = forBytes(zlib, window.length + byteLength);
      const options = { ...sized, ...dictionary, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: byteLength + 4096 };
      return { compressed: await deflateRawOffThread(filtered, options), byteLength, checksum };
    };
  }

  /** Memory of a band that is written, or new. */
  #memory(byteLength: number): Uint8Array {
    const at = this.#free.findIndex((buffer) => buffer.byteLength >= byteLength);
    const buffer = at < 0 ? Buffer.allocUnsafeSlow(byteLength).buffer : this.#free.splice(at, 1)[0];
    this.#lent.add(buffer);
    return new Uint8Array(buffer, 0, byteLength);
  }

  #job(
    { data, width, height, channels, rowBytes }: CheckedImage,
    above: Uint8Array | undefined,
    filter: number,
    isCompressed: boolean,
    output: Uint8Array,
  ): RowsToEncode {
    const writtenChannels = this.#channels;
    return {
      rows: data,
      count: height,
      rowBytes,
      width,
      channels,
      writtenChannels,
      above,
      filter,
      isCompressed,
      output,
    };
  }

  /** Tries the settings on rows, if it is time to. @returns whether it is */
  #tryOn(rows: CheckedImage): boolean {
    const byteLength = rows.height * rows.width * this.#channels;
    this.#sinceTried += byteLength;
    if (this.#settings.length === 1 || this.#sinceTried < this.#tryAgainBytes) return false;
    this.#sinceTried = byteLength;
    const sample = sampleRows(rows);
    const sizeOf = (setting: Setting) => this.#sizeOf(sample, setting);
    this.#setting = chooseSetting(this.#settings, this.#compression, sizeOf).then((setting) => {
      this.#guess = setting;
      return setting;
    });
    this.#setting.catch(() => {}); // heard by those who wait for it
    return true;
  }

  async #sizeOf(sample: CheckedImage, { filter, zlib }: Setting): Promise<number> {
    const byteLength = sample.height * (1 + sample.width * this.#channels);
    const output = Buffer.allocUnsafeSlow(zlib ? byteLength : this.#codec.compressedBound!(byteLength));
    const encoded = await this.#codec.encode(this.#job(sample, undefined, filter, zlib === undefined, output));
    return zlib ? (await deflateRawOffThread(output, forBytes(zlib, byteLength))).length : encoded.byteLength;
  }
}

function chunksOf(metadata: readonly MetadataChunk[]): Uint8Array[] {
  return metadata.flatMap(({ type, data }) => chunkBytes(type, data));
}
